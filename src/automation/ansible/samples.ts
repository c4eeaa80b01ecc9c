/** Reports as `report.py` writes them, for tests. */
import type { Json } from '#base/json';

export type SampleTask = {
  readonly name: string;
  readonly state?: string;
  readonly hidden?: boolean;
  readonly diff?: Json;
  readonly message?: string;
  readonly at?: string;
};

export const START = { event: 'start', version: 1, ansible: '2.14.18', check: true } as const;

export function lines(events: readonly Json[]): Uint8Array {
  return Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
}

export function eventsOf(tasks: readonly SampleTask[], host = 'web-1'): readonly Json[] {
  const of = (state: string): number =>
    tasks.filter((task) => (task.state ?? 'ok') === state).length;
  return [
    START,
    ...tasks.flatMap(({ name, at, state = 'ok', hidden = false, diff = [], message }, index) => [
      { event: 'task', id: `t${index}`, name, at: at ?? `site.yml:${index + 3}`, module: 'copy' },
      {
        event: 'result',
        id: `t${index}`,
        host,
        state,
        hidden,
        ...(hidden ? {} : { diff, cut: false }),
        ...(message === undefined ? {} : { message }),
      },
    ]),
    {
      event: 'end',
      stats: {
        [host]: {
          ok: of('ok') + of('changed'),
          changed: of('changed'),
          failures: of('failed'),
          unreachable: of('unreachable'),
          skipped: of('skipped'),
          rescued: 0,
          ignored: of('ignored'),
        },
      },
    },
  ];
}

export function aReport(tasks: readonly SampleTask[], host = 'web-1'): Uint8Array {
  return lines(eventsOf(tasks, host));
}
