/** What an operator asks of declarations, and changes of them that a person merges. */
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { nearest } from '#base/nearest';
import type { Clock, Files, Programs } from '#base/ports';
import { acceptInFile, declarationFault, type Selector } from '#declarations';
import type { Declaration, Finding, Target } from '#model';
import type { DeclarationPowers } from '#operations';
import { clean } from '#redaction';
import type { DeclarationsKeeper, ShownSource } from './declarations-keeper.ts';
import { GitRepository } from './git-repository.ts';
import { proposeChange } from './proposals.ts';

export type DeclarationPowersNeeds = {
  readonly files: Files;
  readonly programs: Programs;
  readonly clock: Clock;
  readonly keeper: DeclarationsKeeper;
};

const MOST_SHOWN = 1_000;

export function declarationPowers(needs: DeclarationPowersNeeds): DeclarationPowers {
  const { keeper } = needs;
  return {
    list: async (target) => {
      const { sources, rules, problems } = await keeper.refresh();
      const meant = target === undefined ? sources : keeper.sourcesOf(target);
      const isSigned = keeper.drift.isSigned('');
      return {
        declarations: meant.map((source) => shown(source, isSigned)),
        rules: rules.length,
        problems: problems.map((each) => ({ ...each })),
        next:
          sources.length === 0
            ? 'nothing is declared but blessed baselines: write declarations.yaml'
            : '',
      };
    },
    show: async (id, target, facts, at) => {
      await keeper.refresh();
      const all = keeper.declarations(target, facts, at);
      const found = all.find((each) => each.id === id);
      if (found === undefined) throw unknown(id, target, all);
      if (found.problem !== undefined)
        throw declarationFault('invalid-declarations', found.problem);
      return asJson(found, keeper.drift.isSigned(found.digest));
    },
    propose: (finding, target, by) => propose(needs, finding, target, by),
  };
}

function shown(source: ShownSource, isSigned: boolean): Json {
  const { id, kind, from, commit, problem, at } = source;
  return {
    id,
    kind,
    from,
    commit,
    at,
    targets: inWords(source.for),
    signature: isSigned ? 'signed' : 'unsigned',
    problem,
  };
}

function inWords(selector: Selector): string {
  if (selector === 'all') return 'all';
  return Object.entries(selector)
    .filter(([, names]) => names.length > 0)
    .map(([name, names]) => `${name} ${names.join(', ')}`)
    .join('; ');
}

function asJson(declaration: Declaration, isSigned: boolean): Json {
  const { id, kind, name, target, digest, expectations, closed, needs } = declaration;
  return {
    id,
    kind,
    name,
    target,
    digest,
    signature: isSigned ? 'signed' : 'unsigned',
    closed: closed.map((each) => ({ ...each })),
    needs: needs.map((each) => ({ ...each })),
    count: expectations.length,
    expectations: expectations.slice(0, MOST_SHOWN).map((each) => ({
      entity: each.entity,
      attribute: each.attribute,
      test: { ...each.test },
      severity: each.severity,
      at: each.because.at,
      title: each.because.title,
    })) as Json,
  };
}

function unknown(id: string, target: Target, all: readonly Declaration[]): Fault {
  const known = all.map((each) => each.id);
  const near = nearest(id, known, 5);
  const candidates = near.length > 0 ? near : known.slice(0, 10);
  return new Fault(
    'missing',
    'unknown-declaration',
    `no such declaration of ${target.id}: candidates: ${candidates.join(', ') || 'none, see holdfast declarations list'}`,
    { facts: { candidates } },
  );
}

async function propose(
  { files, programs, clock, keeper }: DeclarationPowersNeeds,
  finding: Finding,
  target: Target,
  { principal, reason }: { readonly principal: string; readonly reason: string },
): Promise<Json> {
  await keeper.refresh();
  const entry = keeper.gitEntry(finding.baseline);
  const [, file, line] = /^(.+):(\d+)$/.exec(finding.because?.at ?? '') ?? [];
  if (finding.status === 'resolved') throw refused(`${finding.id} is resolved already`);
  if (entry === undefined || file === undefined || line === undefined)
    throw refused(`${finding.id} is not declared by one line of a file in a repository`);
  const becomes = becomesOf(finding);
  const reasonShown = clean(reason, { maxChars: 500 }).text;
  const proposal = await proposeChange(
    {
      repository: new GitRepository(files, programs, entry.repository),
      branch: entry.branch,
      file,
      edit: (text) =>
        acceptInFile({ file, text }, target, {
          entity: finding.entity,
          attribute: finding.attribute,
          line: Number(line),
          becomes,
        }),
      message: `Declare what is observed: ${clean(finding.entity, { maxChars: 200 }).text} ${finding.attribute}\n\n${reasonShown}\n\nFinding: ${finding.id}\nTarget: ${target.id}\nAsked by: ${principal}\n`,
      author: { name: principal, email: null },
    },
    clock,
  );
  return {
    ...proposal,
    finding: finding.id,
    repository: entry.repository,
    file,
    says: `whoever keeps ${entry.repository} merges ${proposal.branch} into ${entry.branch}; then an operator signs (holdfast config sign)`,
  };
}

function becomesOf(finding: Finding): Parameters<typeof acceptInFile>[2]['becomes'] {
  switch (finding.kind) {
    case 'missing':
      return 'absent';
    case 'unexpected':
      return 'present';
    case 'changed':
      if (finding.observed !== null && isRedacted(finding.observed))
        throw refused('the observed value is not kept whole, so it cannot be declared');
      return { value: finding.observed };
    case 'unknown':
      throw refused(`nothing was seen that could be declared: look at ${finding.target} again`);
  }
}

/** What was taken out of a value for safety would be declared as it is shown. */
function isRedacted(value: Json): boolean {
  return JSON.stringify(value).includes('[redacted:');
}

function refused(why: string): Fault {
  return declarationFault('proposal-refused', `it cannot be proposed: ${why}`);
}
