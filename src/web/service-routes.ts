/** Whether it lives, whether it can work, and what a Prometheus server reads. */
import { Hono } from 'hono';
import { capabilitiesOf } from '#access';
import { Fault } from '#base/fault';
import { askerOf } from './asker.ts';
import { readiness } from './health.ts';
import type { Env, Ground } from './web.ts';

export function serviceRoutes(ground: Ground): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/healthz', () => Response.json({ status: 'live' }));
  app.get('/readyz', async () => {
    const { status, body } = readiness(await ground.ready());
    return Response.json(body, { status });
  });
  app.get('/metrics', async ({ env: { head, site } }) => {
    // Whoever stands behind a proxy may look like this machine; then nobody is taken for it.
    const isFree = head.isLocal && site.proxies === null && !head.headers.has('authorization');
    if (!isFree) {
      const { caller } = await askerOf(head, site, ground.askers);
      if (!capabilitiesOf(caller.reach).includes('metrics.read'))
        throw new Fault(
          'refused',
          'not-permitted',
          'not permitted: metrics need the capability metrics.read. Ask an operator for a lease of the profile metrics',
          { facts: { capability: 'metrics.read' } },
        );
    }
    return new Response(await ground.metrics.text(await ground.readings()), {
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
    });
  });
  return app;
}
