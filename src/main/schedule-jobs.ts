/** The work of schedules: looking, comparing again, and reporting, each through the operation that a person would use. */
import { asFault } from '#base/fault';
import type { Json } from '#base/json';
import type { Log } from '#base/log';
import type { Clock } from '#base/ports';
import { formatInstant } from '#base/time';
import { SEVERITIES, type Severity, type Target } from '#model';
import type { Job, Schedule } from '#notices';

export type Asked = (operation: string, input: Json) => Promise<Json>;

const AT_ONCE = 4;
const SHOWN_TARGETS = 20;
const PAGE = 1_000;

type Scan = {
  readonly findings: readonly { readonly severity: Severity; readonly status: string }[];
  readonly nextCursor: string | null;
  readonly scores?: readonly { readonly target: string; readonly score: number }[];
};

export async function runJob(
  { ask, clock, log }: { readonly ask: Asked; readonly clock: Clock; readonly log: Log },
  job: Job,
  schedule: Schedule,
  targets: readonly Target[],
): Promise<Json> {
  switch (job) {
    case 'observe':
    case 'scan': {
      const input = (id: string): Json =>
        job === 'scan' || schedule.kinds.length === 0
          ? { target: id }
          : { target: id, kinds: [...schedule.kinds] };
      const operation = job === 'scan' ? 'drift_refresh' : 'observe';
      await eachOf(targets, async ({ id }) => {
        await ask(operation, input(id)).catch((thrown: unknown) =>
          // One target that is away does not keep the others from being looked at.
          log.warn('a schedule could not do its work on a target', {
            schedule: schedule.name,
            target: id,
            why: asFault(thrown).code,
          }),
        );
      });
      return null;
    }
    case 'report':
      return reportOf(ask, clock, schedule, targets);
  }
}

async function eachOf<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (;;) {
      const item = items[next++];
      if (item === undefined) return;
      await act(item);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function reportOf(
  ask: Asked,
  clock: Clock,
  schedule: Schedule,
  targets: readonly Target[],
): Promise<Json> {
  const rows: { target: string; score: number | null; open: Record<Severity, number> }[] = [];
  for (const { id } of targets) {
    const open = { info: 0, warning: 0, critical: 0 };
    let score: number | null = null;
    let cursor: string | null = null;
    do {
      const scan: Scan = (await ask('drift_scan', {
        target: id,
        limit: PAGE,
        ...(cursor === null ? {} : { cursor }),
      })) as unknown as Scan;
      for (const { severity, status } of scan.findings) if (status === 'open') open[severity] += 1;
      score = scan.scores?.find(({ target }) => target === id)?.score ?? score;
      cursor = scan.nextCursor;
    } while (cursor !== null);
    rows.push({ target: id, score, open });
  }
  const worst = rows.toSorted(
    (a, b) => b.open.critical - a.open.critical || b.open.warning - a.open.warning,
  );
  const sum = (severity: Severity): number =>
    rows.reduce((all, row) => all + row.open[severity], 0);
  const totals = Object.fromEntries(SEVERITIES.map((severity) => [severity, sum(severity)]));
  const bad = worst.filter(({ open }) => open.critical + open.warning > 0);
  return {
    schedule: schedule.name,
    at: formatInstant(clock.now()),
    totals,
    targets: rows,
    lines: [
      `${rows.length} targets: ${sum('critical')} critical, ${sum('warning')} warning, ${sum('info')} info`,
      ...bad
        .slice(0, SHOWN_TARGETS)
        .map(
          ({ target, score, open }) =>
            `${target}: ${open.critical} critical, ${open.warning} warning${score === null ? '' : `, score ${score}`}`,
        ),
      ...(bad.length > SHOWN_TARGETS ? [`… and ${bad.length - SHOWN_TARGETS} more`] : []),
    ],
  };
}
