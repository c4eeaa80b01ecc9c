/** Which rows are measured together, because they share what has to be built first. */
import { changeRows } from './change.ts';
import { commandRows } from './commands.ts';
import { consoleRows } from './console.ts';
import { driftRows } from './drift.ts';
import { factRows } from './facts.ts';
import { gateRows } from './gate.ts';
import { logRows } from './log.ts';
import { policyRows } from './policy.ts';
import { redactionRows } from './redaction.ts';
import type { Row } from './row.ts';
import type { Setting } from './sizes.ts';
import { sshRows } from './ssh.ts';
import { surfaceRows } from './surfaces.ts';

export type Group = {
  readonly ids: readonly string[];
  readonly what: string;
  readonly run: (setting: Setting) => Promise<Row[]>;
};

export const GROUPS: readonly Group[] = [
  { ids: ['B1', 'B2', 'B3', 'B4', 'B5', 'B6'], what: 'the fact store', run: factRows },
  { ids: ['C1', 'C2', 'C3', 'C4', 'C5', 'C6'], what: 'the event log', run: logRows },
  { ids: ['D4'], what: 'policy', run: policyRows },
  { ids: ['G1'], what: 'the gate of a change', run: gateRows },
  { ids: ['G2'], what: 'a change proposed over MCP', run: changeRows },
  { ids: ['E1', 'E2'], what: 'drift', run: driftRows },
  { ids: ['K1', 'K2', 'K3'], what: 'judging commands', run: commandRows },
  { ids: ['R1'], what: 'redaction', run: redactionRows },
  { ids: ['A2', 'A3', 'A4', 'A5', 'A6', 'M2'], what: 'hosts over ssh', run: sshRows },
  { ids: ['H1', 'H2', 'H3', 'H4'], what: 'the console of a whole fleet', run: consoleRows },
  { ids: ['F3', 'F4', 'M1'], what: 'MCP, starting, memory', run: surfaceRows },
];
