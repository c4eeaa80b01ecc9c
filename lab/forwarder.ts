/**
 * Stands before a host's sshd, in the host's network, and hands everything on late, both ways.
 *
 *   node forwarder.ts FILE PID
 *
 * FILE holds the delay in milliseconds and is read again while it runs; once it is gone nothing new is
 * taken and nothing is delayed, and this ends with its last connection, or with the process PID.
 */
import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';

export const FORWARDER_PORT = 2200;
const MOST_CONNECTIONS = 256;
/** What may wait on one way of one connection before its sender is made to wait. */
const MOST_BYTES = 1_048_576;
const LOOK_MS = 200;

/** Hands on what comes from `from`, in order, each piece `delay()` after it came. */
function later(from: Socket, to: Socket, delay: () => number): void {
  let waiting = 0;
  let last = 0;
  const at = (hand: () => void): void => {
    last = Math.max(last, performance.now() + delay());
    setTimeout(hand, last - performance.now());
  };
  from.on('data', (bytes: Buffer) => {
    waiting += bytes.length;
    if (waiting > MOST_BYTES) from.pause();
    at(() => {
      waiting -= bytes.length;
      if (to.writable) to.write(bytes);
      if (waiting <= MOST_BYTES) from.resume();
    });
  });
  from.on('end', () => at(() => to.end()));
  from.on('error', () => to.destroy());
  from.on('close', (hasFailed: boolean) => hasFailed && to.destroy());
}

function main(file: string, pid: number): void {
  let ms = Number(readFileSync(file, 'utf8'));
  let open = 0;
  const delay = (): number => ms;
  const server = createServer({ allowHalfOpen: true }, (caller) => {
    open++;
    caller.once('close', () => {
      open--;
      sshd.destroy();
    });
    const sshd = connect({ port: 22, host: '127.0.0.1', allowHalfOpen: true });
    sshd.setNoDelay();
    caller.setNoDelay();
    later(caller, sshd, delay);
    later(sshd, caller, delay);
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.listen(FORWARDER_PORT, '0.0.0.0');
  setInterval(() => {
    if (!existsSync(`/proc/${pid}`)) process.exit();
    try {
      ms = Number(readFileSync(file, 'utf8')) || 0;
    } catch {
      ms = 0;
      server.close();
      if (open === 0) process.exit();
    }
  }, LOOK_MS);
}

const [file, pid] = process.argv.slice(2);
if (import.meta.main && file !== undefined && pid !== undefined) main(file, Number(pid));
