/** How one service is: its state, whether that looks right, and what it said last. */
import { ask, BLIND, isBlind, journalLines, Notes } from './hearing.ts';
import { readProperties } from './properties.ts';
import type { Ask, HeardByKey, Report } from './report.ts';
import { judgeUnit } from './services.ts';
import { bytes, count, named } from './words.ts';

const LINES = 20;
const SHOWN = [
  'Id',
  'Type',
  'LoadState',
  'ActiveState',
  'SubState',
  'Result',
  'UnitFileState',
  'MainPID',
  'ExecMainStatus',
  'NRestarts',
  'ConditionResult',
  'TriggeredBy',
  'ActiveEnterTimestamp',
  'StateChangeTimestamp',
  'MemoryCurrent',
  'TasksCurrent',
  'NeedDaemonReload',
  'FragmentPath',
];

export function askService(unit: string): Ask[] {
  return [
    ask('unit', 'state of the unit', [
      'systemctl',
      'show',
      '--no-pager',
      `--property=${SHOWN.join(',')}`,
      unit,
    ]),
    ask('log', 'its newest lines in the journal', [
      'journalctl',
      '--no-pager',
      '--output=short-iso',
      `--lines=${LINES}`,
      `--unit=${unit}`,
    ]),
  ];
}

export function readService(unit: string, heard: HeardByKey): Report {
  const notes = new Notes('service', askService(unit), heard);
  const said = notes.said('unit');
  const [state] = said === undefined ? [] : readProperties(said.stdout);
  const of = (name: string): string => state?.get(name) ?? '';
  if (said !== undefined && !state?.has('ActiveState'))
    notes.unknown('state of the unit: the answer is not understood');
  if (state?.has('ActiveState') === true) {
    if (of('LoadState') === 'not-found')
      notes.find(
        'critical',
        'unit-unknown',
        `the host has no such unit: ${named(unit)}`,
        `${unit}: LoadState=not-found`,
      );
    else {
      const told = judgeUnit(state);
      if (told !== undefined) notes.find(told.severity, told.code, told.says, told.evidence);
    }
    if (of('LoadState') === 'masked')
      notes.find(
        'info',
        'unit-masked',
        `the unit is masked, so nothing can start it: ${named(unit)}`,
      );
    if (of('NeedDaemonReload') === 'yes')
      notes.find(
        'info',
        'definition-changed',
        'its definition changed on disk and was not read anew yet (systemctl daemon-reload)',
      );
    const memory = count(of('MemoryCurrent'));
    notes.state(
      `${named(unit)} is ${named(of('ActiveState'), 40)} (${named(of('SubState'), 40)})${memory === undefined ? '' : `, holds ${bytes(memory)} of memory`}`,
    );
    notes.section(
      'properties',
      [...state].map(([name, value]) => `${name}=${value}`),
      40,
    );
  }
  const log = notes.said('log', [0, 1]);
  if (log !== undefined) {
    if (isBlind(log)) notes.unknown(`its newest lines in the journal: ${BLIND}`);
    const lines = journalLines(log.stdout);
    notes.section(
      `journal, newest last, ${LINES} lines at most (logs.read reads more)`,
      lines,
      LINES * 4,
    );
  }
  return { ...notes.part, checks: ['service'] };
}
