/** Messages to one collector over UDP, TCP or TLS; each waits until the system has taken it. */
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { connect, isIPv6, type Socket } from 'node:net';
import { Fault } from '#base/fault';
import type { Sender } from '#base/ports';

export type SenderPlace = {
  readonly protocol: 'udp' | 'tcp' | 'tls';
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** PEM; trusted for TLS instead of the system's. */
  readonly ca?: string;
};

export function nodeSender(place: SenderPlace): Sender {
  return place.protocol === 'udp' ? new DatagramSender(place) : new StreamSender(place);
}

class StreamSender implements Sender {
  readonly #place: SenderPlace;
  #socket: Socket | undefined;
  /** One message after the other, or two frames would run into each other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(place: SenderPlace) {
    this.#place = place;
  }

  send(bytes: Uint8Array): Promise<void> {
    const turn = this.#turn.then(() => this.#send(bytes));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #send(bytes: Uint8Array): Promise<void> {
    try {
      if (this.#socket?.writable !== true) this.#socket = await this.#open();
      const socket = this.#socket;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const timer = setTimeout(() => socket.destroy(new Error('too slow')), this.#place.timeoutMs);
      socket.once('close', reject);
      socket.write(bytes, (error) => (error == null ? resolve() : reject(error)));
      await promise.finally(() => {
        clearTimeout(timer);
        socket.off('close', reject);
      });
    } catch (cause) {
      // A frame may have left in part: the next one begins on a new connection.
      this.#socket?.destroy();
      this.#socket = undefined;
      throw failed(this.#place, cause);
    }
  }

  async #open(): Promise<Socket> {
    const { protocol, host, port, timeoutMs, ca } = this.#place;
    // TLS is megabytes that hardly anybody needs.
    const tls = protocol === 'tls' ? await import('node:tls') : undefined;
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const socket =
      tls === undefined
        ? connect({ host, port })
        : tls.connect({
            host,
            port,
            servername: host,
            minVersion: 'TLSv1.2',
            ...(ca === undefined ? {} : { ca }),
          });
    const timer = setTimeout(() => socket.destroy(new Error('too slow')), timeoutMs);
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => resolve(socket));
    socket.once('close', () => reject(new Error('closed')));
    socket.on('error', reject);
    // A collector says nothing; what it says all the same is dropped, and does not keep us alive.
    socket.resume();
    socket.unref();
    return promise.finally(() => clearTimeout(timer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    this.#socket?.end();
    this.#socket = undefined;
  }
}

class DatagramSender implements Sender {
  readonly #place: SenderPlace;
  readonly #socket: Datagrams;

  constructor(place: SenderPlace) {
    this.#place = place;
    this.#socket = createSocket(isIPv6(place.host) ? 'udp6' : 'udp4');
    this.#socket.on('error', () => {});
    this.#socket.unref();
  }

  send(bytes: Uint8Array): Promise<void> {
    const { host, port } = this.#place;
    return new Promise((resolve, reject) => {
      this.#socket.send(bytes, port, host, (cause) =>
        cause === null ? resolve() : reject(failed(this.#place, cause)),
      );
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }
}

function failed({ host }: SenderPlace, cause: unknown): Fault {
  return new Fault(
    'unavailable',
    'send-failed',
    `a message could not be sent: ${host}. Look at the collector and at the network`,
    { cause, facts: { host } },
  );
}
