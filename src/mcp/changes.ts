/**
 * Tells subscribers that a resource changed: every open server of the 2025 line or of stdio that
 * subscribed to it, and every `subscriptions/listen` stream through `bus`.
 */
import {
  InMemoryServerEventBus,
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ServerEventBus,
} from '@modelcontextprotocol/server';

const SUBSCRIPTIONS_PER_CONNECTION = 256;

export class ResourceChanges {
  readonly bus: ServerEventBus = new InMemoryServerEventBus();

  publish(uri: string): void {
    this.bus.publish({ kind: 'resource_updated', uri });
  }

  /**
   * Lets clients of the 2025 line subscribe on `server` while it is connected. They may name what is
   * not there yet; whether they may know of it is asked when there is something to tell.
   */
  attach(
    server: McpServer,
    era: 'legacy' | 'modern',
    mayWatch: (uri: string) => Promise<boolean>,
  ): void {
    if (era === 'modern') return;
    const watched = new Set<string>();
    let stop: (() => void) | undefined;
    const { server: connection } = server;
    const tell = async (uri: string): Promise<void> => {
      if (await mayWatch(uri)) await connection.sendResourceUpdated({ uri });
    };
    connection.setRequestHandler('resources/subscribe', ({ params }) => {
      if (watched.size >= SUBSCRIPTIONS_PER_CONNECTION)
        throw new ProtocolError(
          ProtocolErrorCode.InvalidParams,
          `too many subscriptions: at most ${SUBSCRIPTIONS_PER_CONNECTION}. Unsubscribe from one first`,
        );
      watched.add(params.uri);
      stop ??= this.bus.subscribe((event) => {
        // A client that went away hears nothing more; that is no trouble of ours.
        if (event.kind === 'resource_updated' && watched.has(event.uri))
          tell(event.uri).catch(() => {});
      });
      return {};
    });
    connection.setRequestHandler('resources/unsubscribe', ({ params }) => {
      watched.delete(params.uri);
      return {};
    });
    const closed = connection.onclose;
    connection.onclose = () => {
      stop?.();
      closed?.();
    };
  }
}
