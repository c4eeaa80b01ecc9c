/** All commands. Who needs one of them only takes it from `one-command.ts`: these are most of what this room loads. */
import type { Command } from 'commander';
import { action } from './commands/action.ts';
import { ask } from './commands/ask.ts';
import { bundle, config, evidence, operator, policy } from './commands/authority.ts';
import {
  actions,
  approvals,
  approve,
  cancel,
  changes,
  close,
  propose,
  reject,
  rollout,
  stop,
  undo,
  unflap,
} from './commands/change.ts';
import { analyze, catalogue, run } from './commands/commands.ts';
import { completions } from './commands/completions.ts';
import { consoleCommand } from './commands/console.ts';
import { declarations } from './commands/declarations.ts';
import { compare, diagnose, logs } from './commands/diagnose.ts';
import { baseline, drift, waive, waiver } from './commands/drift.ts';
import { enroll, hosts, rotateKeys, unenroll, upgradeHosts } from './commands/enrol-specs.ts';
import { whatChanged } from './commands/explain.ts';
import { describe, diff, history, ingest, query } from './commands/facts.ts';
import { init, look, observe, summary, target, up } from './commands/fleet.ts';
import { access, lease } from './commands/lease.ts';
import { redact } from './commands/redact.ts';
import {
  backup,
  doctor,
  events,
  mcp,
  restore,
  service,
  verify,
  version,
} from './commands/service.ts';
import type { Chapter } from './commands/spec.ts';
import { standing } from './commands/standing.ts';
import { witness } from './commands/witness.ts';
import { type Output, parserOf, type Run } from './parser.ts';

export const CHAPTERS: readonly Chapter[] = [
  { title: 'Start:', commands: [init, up, look, observe, doctor] },
  {
    title: 'See:',
    commands: [query, history, diff, summary, describe, ingest, diagnose, logs, compare],
  },
  { title: 'Commands:', commands: [run, analyze, catalogue] },
  { title: 'Notice:', commands: [drift, declarations, whatChanged, baseline, waive, waiver] },
  {
    title: 'Change:',
    commands: [
      actions,
      propose,
      changes,
      approvals,
      approve,
      reject,
      cancel,
      undo,
      rollout,
      close,
      unflap,
      stop,
    ],
  },
  { title: 'Fleet:', commands: [enroll, hosts, unenroll, rotateKeys, upgradeHosts] },
  {
    title: 'Govern:',
    commands: [operator, consoleCommand, standing, config, policy, action, lease, access],
  },
  { title: 'Prove:', commands: [events, bundle, evidence, verify, backup, restore] },
  { title: 'Run:', commands: [target, mcp, ask, service, witness, redact, completions, version] },
];

export function commandTree(run: Run, output: Output): Command {
  return parserOf(CHAPTERS, run, output);
}
