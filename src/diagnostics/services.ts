/** Services: what failed, what should run and does not, what is started again and again. */
import { ask, BLIND, isBlind, journalLines, Notes } from './hearing.ts';
import { type Properties, readProperties } from './properties.ts';
import type { Ask, HeardByKey, Part } from './report.ts';
import { count, linesOf, named, plural } from './words.ts';

const RESTARTS = 3;
const PROPERTIES =
  'Id,Type,LoadState,ActiveState,SubState,Result,UnitFileState,NRestarts,ExecMainStatus,ConditionResult,TriggeredBy,StateChangeTimestamp';

export const askServices: readonly Ask[] = [
  ask('units', 'state of all services', [
    'systemctl',
    'show',
    '--no-pager',
    // Without it what is inactive does not match a pattern.
    '--all',
    `--property=${PROPERTIES}`,
    '*.service',
  ]),
  ask('failed', 'units that failed', [
    'systemctl',
    'list-units',
    '--no-pager',
    '--failed',
    '--plain',
    '--no-legend',
    '--full',
  ]),
  ask('errors', 'errors in the journal of the last hour', [
    'journalctl',
    '--no-pager',
    '--output=short-iso',
    '--priority=err',
    '--since=-60min',
    '--lines=200',
  ]),
];

export function readServices(heard: HeardByKey): Part {
  const notes = new Notes('services', askServices, heard);
  const named_ = new Set<string>();
  const units = notes.said('units');
  if (units !== undefined) {
    const all = readProperties(units.stdout).filter((unit) => unit.has('Id'));
    if (all.length === 0)
      notes.unknown('state of all services: the answer names no service at all');
    for (const unit of all) {
      const told = judgeUnit(unit);
      if (told === undefined) continue;
      named_.add(unit.get('Id') ?? '');
      notes.find(told.severity, told.code, told.says, told.evidence);
    }
    const loaded = all.filter((unit) => unit.get('LoadState') === 'loaded');
    notes.state(
      `services: ${loaded.filter((unit) => unit.get('ActiveState') === 'active').length} of ${loaded.length} loaded are active`,
    );
  }
  const failed = notes.said('failed');
  for (const line of linesOf(failed?.stdout ?? '', 500)) {
    const [unit = '', , active = ''] = line
      .trim()
      .replace(/^[●*] /, '')
      .split(/\s+/);
    if (active !== 'failed' || named_.has(unit)) continue;
    named_.add(unit);
    notes.find('critical', 'unit-failed', `a unit has failed: ${named(unit)}`, line);
  }
  const errors = notes.said('errors', [0, 1]);
  if (errors !== undefined) {
    if (isBlind(errors)) notes.unknown(`errors in the journal of the last hour: ${BLIND}`);
    const lines = journalLines(errors.stdout);
    if (lines.length > 0)
      notes.find(
        'info',
        'journal-errors',
        `the journal has ${lines.length >= 200 ? 'at least ' : ''}${plural(lines.length, 'line')} of priority error in the last hour, the newest is`,
        lines.at(-1) ?? null,
      );
    notes.section('newest errors in the journal', lines.slice(-10), 10);
  }
  return notes.part;
}

type Told = {
  readonly severity: 'critical' | 'warning';
  readonly code: string;
  readonly says: string;
  readonly evidence: string;
};

/** Enabled and not running is only wrong for what is meant to stay, was not held back, and nothing else starts. */
export function judgeUnit(unit: Properties): Told | undefined {
  const of = (name: string): string => unit.get(name) ?? '';
  const id = of('Id');
  const state = `${of('ActiveState')} (${of('SubState')})`;
  const evidence = `${id}: ${state}, result ${of('Result')}, exit status ${of('ExecMainStatus')}, ${of('NRestarts')} restarts, ${of('UnitFileState')}, since ${of('StateChangeTimestamp')}`;
  const restarts = count(of('NRestarts')) ?? 0;
  if (of('LoadState') === 'bad-setting' || of('LoadState') === 'error')
    return {
      severity: 'warning',
      code: 'unit-not-loaded',
      says: `the definition of a service cannot be used: ${named(id)}`,
      evidence,
    };
  if (of('SubState') === 'auto-restart')
    return {
      severity: 'critical',
      code: 'service-restarting',
      says: `a service ends and is started again and again: ${named(id)}, ${restarts} restarts`,
      evidence,
    };
  if (of('ActiveState') === 'failed')
    return {
      severity: 'critical',
      code: 'unit-failed',
      says: `a service has failed: ${named(id)}, result ${named(of('Result'), 40)}`,
      evidence,
    };
  if (restarts >= RESTARTS)
    return {
      severity: 'warning',
      code: 'service-restarted',
      says: `a service was started again ${restarts} times after it ended: ${named(id)}`,
      evidence,
    };
  const isMeantToRun =
    of('LoadState') === 'loaded' &&
    (of('UnitFileState') === 'enabled' || of('UnitFileState') === 'enabled-runtime') &&
    of('Type') !== 'oneshot' &&
    of('ConditionResult') === 'yes' &&
    of('TriggeredBy') === '';
  // What is started without a word of its own when it is ready may also be done already.
  const mayBeDone = ['simple', 'exec', 'idle'].includes(of('Type')) && of('ExecMainStatus') === '0';
  if (of('ActiveState') === 'inactive' && isMeantToRun)
    return {
      severity: mayBeDone ? 'warning' : 'critical',
      code: 'service-stopped',
      says: `a service starts with the host and does not run: ${named(id)}${mayBeDone ? ', if it did not simply end' : ''}`,
      evidence,
    };
  return undefined;
}
