/**
 * Tells subscribers that a resource changed: every open server of the 2025 line or of stdio that
 * subscribed to it, and every `subscriptions/listen` stream through `bus`.
 */
import {
  InMemoryServerEventBus,
  type McpServer,
  ResourceNotFoundError,
  type ServerEventBus,
} from '@modelcontextprotocol/server';

const SUBSCRIPTIONS_PER_CONNECTION = 256;

export class ResourceChanges {
  readonly bus: ServerEventBus = new InMemoryServerEventBus();

  publish(uri: string): void {
    this.bus.publish({ kind: 'resource_updated', uri });
  }

  /** Lets clients of the 2025 line subscribe on `server` to what they may watch, while it is connected. */
  attach(
    server: McpServer,
    era: 'legacy' | 'modern',
    mayWatch: (uri: string) => Promise<boolean>,
  ): void {
    if (era === 'modern') return;
    const watched = new Set<string>();
    let stop: (() => void) | undefined;
    const { server: connection } = server;
    connection.setRequestHandler('resources/subscribe', async ({ params }) => {
      if (!(await mayWatch(params.uri))) throw new ResourceNotFoundError(params.uri);
      if (watched.size < SUBSCRIPTIONS_PER_CONNECTION) watched.add(params.uri);
      stop ??= this.bus.subscribe((event) => {
        if (event.kind !== 'resource_updated' || !watched.has(event.uri)) return;
        connection.sendResourceUpdated({ uri: event.uri }).catch(() => {});
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
