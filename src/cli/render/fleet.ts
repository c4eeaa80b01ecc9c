import type { Render, Screen } from '../desk.ts';
import type { Summary, TargetSummary } from '../program.ts';
import type { Paper, Piece } from '../text/paper.ts';
import { count } from '../text/words.ts';
import { renderAnything } from './anything.ts';
import { writeTold } from './drift.ts';
import { why } from './facts.ts';
import { writeUnsigned } from './unsigned-edit.ts';

type Target = {
  readonly id: string;
  readonly hostType: string;
  readonly environment: string;
  readonly transport: string;
  readonly address: string | null;
  readonly owner: string | null;
  readonly tags: readonly string[];
  readonly sources: readonly { readonly name: string }[];
};

export const renderTargets: Render<{ readonly targets: readonly Target[] }> = (
  paper,
  { targets },
) => {
  if (targets.length === 0) {
    paper.whole('No targets. Next: holdfast init, or holdfast target add host:NAME');
    return;
  }
  paper.table(
    [
      { head: 'TARGET', least: 10 },
      { head: 'TYPE' },
      { head: 'ENVIRONMENT' },
      { head: 'REACHED BY', least: 6 },
      { head: 'OWNER', least: 6 },
      { head: 'TAGS', least: 6 },
      { head: 'SOURCES', least: 8 },
    ],
    targets.map((target): Piece[] => [
      target.id,
      target.hostType,
      target.environment,
      target.address === null ? target.transport : `${target.transport} ${target.address}`,
      target.owner ?? '',
      target.tags.join(' '),
      target.sources.map((source) => source.name).join(' '),
    ]),
  );
};

export const renderTarget: Render<unknown> = renderAnything;

type LookAnswer = {
  readonly target: string;
  readonly unreachable: string | null;
  readonly facts: number;
  readonly written: number;
  readonly unchanged: number;
  readonly retired: number;
  readonly collectors: readonly {
    readonly collector: string;
    readonly facts: number;
    readonly written: number;
    readonly retired: number;
    readonly durationMs: number;
    readonly shortfalls: readonly {
      readonly kind: string;
      readonly status: string;
      readonly reason: string;
    }[];
  }[];
  readonly findings: {
    readonly open: number;
    readonly opened: readonly string[];
    readonly resolved: readonly string[];
  };
};

export const renderLook: Render<LookAnswer> = (paper, look) => {
  if (look.unreachable !== null) {
    paper.whole({ text: 'out of reach: ', tone: 'bad' }, `${look.target}: ${look.unreachable}`);
    paper.whole(
      'What was seen before stays on record, and counts as unreachable until it is seen again.',
    );
    return;
  }
  const slow = look.collectors.reduce((sum, { durationMs }) => sum + durationMs, 0);
  paper.line(
    { text: look.target, tone: 'strong' },
    `  ${count(look.facts, 'fact')}: ${look.written} new or changed, ${look.unchanged} as before, ${look.retired} gone`,
  );
  paper.table(
    [
      { head: 'COLLECTOR', least: 8 },
      { head: 'FACTS', align: 'right' },
      { head: 'CHANGED', align: 'right' },
      { head: 'GONE', align: 'right' },
      { head: 'TOOK', align: 'right' },
    ],
    look.collectors.map((one): Piece[] => [
      one.collector,
      String(one.facts),
      String(one.written),
      String(one.retired),
      { text: took(one.durationMs), tone: 'faint' },
    ]),
    '  ',
  );
  paper.line({ text: `  collectors took ${took(slow)} together`, tone: 'faint' });
  writeShortfalls(
    paper,
    look.collectors.flatMap((one) => one.shortfalls),
  );
  paper.blank();
  writeTold(paper, look.findings);
};

function took(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function writeShortfalls(
  paper: Paper,
  shortfalls: readonly {
    readonly kind: string;
    readonly status: string;
    readonly reason: string | null;
  }[],
): void {
  if (shortfalls.length === 0) return;
  paper.blank();
  paper.line({ text: 'Not seen in full:', tone: 'warn' });
  paper.table(
    [{ head: 'KIND', least: 6 }, { head: 'STATUS' }, { head: 'WHY', least: 16 }],
    shortfalls.map((row): Piece[] => [row.kind, row.status, why(row)]),
    '  ',
  );
}

const MOST_KINDS = 8;
const MOST_ODD = 12;

export const renderTargetSummary: Render<TargetSummary> = (paper, summary) => {
  const biggest = Object.entries(summary.entities).toSorted((a, b) => b[1] - a[1]);
  const named = biggest.slice(0, MOST_KINDS).map(([kind, number]) => `${number} ${kind}`);
  const more = biggest.length > MOST_KINDS ? `, ${biggest.length - MOST_KINDS} kinds more` : '';
  paper.whole({ text: summary.target, tone: 'strong' }, `  ${count(summary.facts, 'fact')}`);
  if (named.length > 0) paper.whole(`  ${named.join(', ')}${more}`);
  paper.blank();
  if (summary.odd.length === 0) paper.whole('Nothing odd.');
  for (const { severity, says } of summary.odd.slice(0, MOST_ODD)) {
    const tone = severity === 'critical' ? 'bad' : severity === 'warning' ? 'warn' : 'plain';
    paper.whole({ text: severity.padEnd(8), tone }, `  ${says}`);
  }
  if (summary.odd.length > MOST_ODD)
    paper.whole(
      `and ${summary.odd.length - MOST_ODD} more: holdfast summary ${summary.target} --pretty`,
    );
  writeShortfalls(paper, summary.notSeen);
};

export function renderStart(paper: Paper, summary: Summary, screen: Screen, once: boolean): void {
  for (const target of summary.targets) {
    renderTargetSummary(paper, target, screen);
    paper.blank();
  }
  if (summary.console !== null && !once)
    paper.whole('Console: ', { text: summary.console, tone: 'strong' });
  writeUnsigned(paper, summary.unsigned);
  paper.whole(...changesLine(summary));
  paper.blank();
  paper.whole('To connect an AI client, add this to its settings:');
  paper.block(JSON.stringify(summary.mcpServers, null, 2));
  if (summary.http !== null && 'holdfast-http' in serversOf(summary))
    paper.whole(
      'Both lead to the same service, one is enough: the first is started by the client.',
    );
  paper.blank();
  paper.whole({ text: `Data directory: ${summary.home}`, tone: 'faint' });
  if (summary.http !== null && !once)
    paper.whole({ text: `MCP over HTTP: ${summary.http}`, tone: 'faint' });
  const { command, servedBy } = summary;
  if (servedBy !== null)
    paper.whole(`Served already by process ${servedBy}: nothing was started. Next:`);
  else if (once) paper.whole('Next:');
  else paper.whole('Serving. Ctrl-C stops it. Next, in another terminal:');
  paper.whole(`  ${command} query`);
  paper.whole(`  ${command} baseline bless`);
  if (once && servedBy === null) paper.whole(`  ${command} up`);
}

/** Whether anything can be changed, and what waits. */
function changesLine({ changes, command }: Summary): readonly Piece[] {
  if (changes === null)
    return [{ text: 'Nothing can be changed', tone: 'bad' }, `: see ${command} doctor`];
  const { operators, waiting } = changes;
  if (operators === 0) {
    return [
      { text: 'Nothing can be changed yet', tone: 'warn' },
      `, only looked at: nobody may sign. To begin: ${command} console setup (a passkey), or ${command} operator add NAME (a key file)`,
    ];
  }
  return waiting === 0
    ? [`Changes need the signature of an operator (${operators} may sign). None waits.`]
    : [
        { text: `${count(waiting, 'change')} ${waiting === 1 ? 'waits' : 'wait'}`, tone: 'warn' },
        ` for a signature: ${command} approvals`,
      ];
}

function serversOf({ mcpServers }: Summary): object {
  return (mcpServers as { readonly mcpServers?: object }).mcpServers ?? {};
}
