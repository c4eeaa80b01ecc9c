/**
 * A look at a target through Ansible: a check with diff of every playbook that keeps it, each from the archive of
 * content that is in force, limited to this one host. What could not be checked is told as such, never as clean.
 */
import { asFault, Fault } from '#base/fault';
import type { Json } from '#base/json';
import { LIMITS } from '#base/limits';
import type { Clock, Files, ProgramResult, Programs } from '#base/ports';
import { formatInstant } from '#base/time';
import { ANSIBLE_SOURCE, keyOf } from '#model';
import { clean } from '#redaction';
import { automationFault } from '../faults.ts';
import { hostNameProblem } from '../read-settings.ts';
import type { AnsibleRoot } from '../settings.ts';
import type { ToolFact, ToolLook, ToolShortfall } from '../tool-look.ts';
import { keepArchive } from './archives.ts';
import { type AnsibleContent, requireCheckable } from './content.ts';
import {
  foundDigest,
  type PlaybookPlace,
  type PlaybookState,
  playbookEntity,
  stateOf,
  taskFacts,
} from './facts.ts';
import { oneHost } from './inventory.ts';
import { ANSIBLE_KINDS } from './kinds.ts';
import { type Report, readReport } from './report.ts';

export type AnsibleRootNow = {
  readonly root: AnsibleRoot;
  /** As it was read, or why it could not be. */
  readonly content: AnsibleContent | Fault;
  /** Signed, or nobody can sign yet. */
  readonly isInForce: boolean;
};

export type AnsibleLookRequest = {
  readonly programs: Programs;
  readonly files: Files;
  readonly clock: Clock;
  readonly target: string;
  readonly roots: readonly AnsibleRootNow[];
  /** Ours alone: archives lie below it. */
  readonly stateDirectory: string;
  /** Where `ansible-run` and `report.py` are. */
  readonly programDirectory: string;
  readonly checkTimeoutMs?: number;
};

const LIST_MS = 60_000;
const CHECK_MS = 600_000;
/** What a job of the host contract finds its programs by: a check and an apply use the same. */
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } as const;
/** Exit statuses of a run that was made: nothing to tell of, a task failed, out of reach. */
const RAN: readonly number[] = [0, 2, 4];

/** Throws `no-automation-root` where nothing is configured; of everything else it tells. */
export async function ansibleLook(request: AnsibleLookRequest): Promise<ToolLook> {
  if (request.roots.length === 0)
    throw automationFault(
      'no-automation-root',
      `no root of Ansible is set, so nothing is checked or run: ${request.target}. Name one in automation.yaml`,
    );
  const facts: ToolFact[] = [];
  const short: string[] = [];
  for (const now of request.roots) {
    const seen = await lookByRoot(request, now);
    facts.push(...seen.facts);
    short.push(...seen.short);
  }
  const shortfalls: ToolShortfall[] =
    short.length === 0
      ? []
      : [{ kind: 'task', status: 'partial', reason: short.join('; ').slice(0, 300) }];
  return {
    source: ANSIBLE_SOURCE,
    facts,
    // A playbook that could not be checked says so itself.
    complete: short.length === 0 ? [...ANSIBLE_KINDS] : ['playbook'],
    shortfalls,
  };
}

type Seen = { readonly facts: readonly ToolFact[]; readonly short: readonly string[] };

async function lookByRoot(request: AnsibleLookRequest, now: AnsibleRootNow): Promise<Seen> {
  const { root } = now;
  const mapped = root.targets.get(request.target);
  const host = mapped ?? keyOf(request.target);
  // By its key it is kept only where the inventory knows that; a name that was given must be there.
  if (mapped === undefined && hostNameProblem(host) !== undefined) return { facts: [], short: [] };
  const places = root.playbooks.map((name) => ({
    name,
    place: placeOf(request.target, root, name),
  }));
  let archive: Archive;
  try {
    archive = await archiveOf(request, now);
    const known = oneHost(await listed(request, root, archive), host);
    if (known.is === 'absent' && mapped === undefined) return { facts: [], short: [] };
    if (known.is !== 'host')
      throw automationFault(
        'not-one-host',
        `this stands for no single host of the inventory: ${host} in ${root.name}/${root.inventory}: ${known.is === 'absent' ? 'it is not there' : known.why}. Correct it, or targets of ${root.at}`,
      );
  } catch (thrown) {
    const why = reasonOf(thrown);
    return {
      facts: places.flatMap(({ place }) => refused(request, place, now, why)),
      short: [`${root.name}: ${why}`],
    };
  }
  const all: Seen[] = [];
  for (const { name, place } of places)
    all.push(await check(request, now, archive, host, name, place));
  return { facts: all.flatMap(({ facts }) => facts), short: all.flatMap(({ short }) => short) };
}

type Archive = { readonly path: string; readonly sha256: string };

async function archiveOf(request: AnsibleLookRequest, now: AnsibleRootNow): Promise<Archive> {
  const { content, root, isInForce } = now;
  if (content instanceof Fault) throw content;
  requireCheckable(root, content);
  if (!isInForce)
    throw automationFault(
      'content-not-in-force',
      `the content of this root is not what an operator signed: ${root.name}. Look at what changed, then holdfast config sign`,
    );
  const path = await keepArchive(request.files, request.stateDirectory, content);
  return { path, sha256: content.sha256 };
}

async function listed(
  request: AnsibleLookRequest,
  root: AnsibleRoot,
  archive: Archive,
): Promise<Uint8Array> {
  const ran = await run(request, 'hosts', root, archive, [], LIST_MS);
  if (ran.ended === 'exited' && ran.exit === 0) return ran.stdout;
  throw unusable('the inventory cannot be listed', ran);
}

async function check(
  request: AnsibleLookRequest,
  now: AnsibleRootNow,
  archive: Archive,
  host: string,
  name: string,
  place: PlaybookPlace,
): Promise<Seen> {
  let report: Report;
  try {
    const timeoutMs = request.checkTimeoutMs ?? CHECK_MS;
    const ran = await run(request, 'check', now.root, archive, [host, name], timeoutMs);
    if (ran.ended !== 'exited' || !RAN.includes(ran.exit ?? -1))
      throw unusable('the check came to nothing', ran);
    const read = readReport(ran.stdout, host);
    if ('problem' in read) throw unusable(`the report is not whole: ${read.problem}`, ran);
    ({ report } = read);
    const state = stateOf(report);
    const wanted: readonly PlaybookState[] =
      ran.exit === 4
        ? ['unreachable']
        : ran.exit === 2
          ? ['failed']
          : ['ok', 'changed', 'none', 'failed'];
    if (!wanted.includes(state)) throw unusable(`it ended otherwise than it told: ${state}`, ran);
  } catch (thrown) {
    const why = reasonOf(thrown);
    return { facts: refused(request, place, now, why), short: [`${place.playbook}: ${why}`] };
  }
  const state = stateOf(report);
  const { counts } = report;
  const facts = [
    ...playbookFacts(request, place, now, {
      state,
      reason: null,
      archive: archive.path,
      sha256: archive.sha256,
      limit: host,
      changes: counts?.changed ?? 0,
      failed: counts?.failures ?? 0,
      unreachable: counts?.unreachable ?? 0,
      found: foundDigest(report),
      ansible: clean(report.ansible, { maxChars: 40 }).text,
    }),
    ...taskFacts(place, report.tasks),
  ];
  // What comes behind a failure was not looked at.
  const isWhole = state !== 'failed' && state !== 'unreachable';
  return {
    facts,
    short: isWhole ? [] : [`${place.playbook}: ${state}, so not every task was checked`],
  };
}

function refused(
  request: AnsibleLookRequest,
  place: PlaybookPlace,
  now: AnsibleRootNow,
  reason: string,
): readonly ToolFact[] {
  return playbookFacts(request, place, now, {
    state: 'refused',
    reason,
    archive: null,
    sha256: null,
    limit: null,
    changes: null,
    failed: null,
    unreachable: null,
    found: null,
    ansible: null,
  });
}

function playbookFacts(
  { clock }: AnsibleLookRequest,
  place: PlaybookPlace,
  { root }: AnsibleRootNow,
  told: { readonly state: PlaybookState } & Readonly<Record<string, Json>>,
): readonly ToolFact[] {
  const entity = playbookEntity(place);
  const all = {
    ...told,
    root: root.name,
    file: place.playbook.slice(root.name.length + 1),
    inventory: root.inventory,
    checkedAt: formatInstant(clock.now()),
  };
  return Object.entries(all).map(([attribute, value]) => ({ entity, attribute, value }));
}

function run(
  { programs, programDirectory }: AnsibleLookRequest,
  mode: 'hosts' | 'check',
  root: AnsibleRoot,
  archive: Archive,
  more: readonly string[],
  timeoutMs: number,
): Promise<ProgramResult> {
  return programs.run({
    argv: [
      `${programDirectory}/ansible-run`,
      mode,
      '--',
      archive.path,
      `${programDirectory}/report.py`,
      archive.sha256,
      root.inventory,
      ...more,
    ],
    timeoutMs,
    maxBytes: LIMITS.collectorBytes,
    env: ENVIRONMENT,
  });
}

/** The last line of what Ansible said is what went wrong; it may speak of anything, so it is made fit. */
function unusable(what: string, { ended, exit, stderr }: ProgramResult): Fault {
  const how = {
    exited: `exit status ${exit}`,
    signal: 'it was ended',
    timeout: 'it took too long',
    'too-much': 'it said too much',
    missing: 'ansible-run is not there',
  }[ended];
  const said = clean(stderr.slice(-4_096), { maxChars: 4_096 }).text.trim().split('\n');
  const last =
    said.findLast((line) => /^(?:ERROR|fatal|ansible-run)/.test(line)) ?? said.at(-1) ?? '';
  return new Fault('unavailable', 'check-failed', `${what}: ${how}: ${last.slice(0, 160)}`);
}

function reasonOf(thrown: unknown): string {
  const { code, message } = asFault(thrown);
  const text = clean(message, { maxChars: 1_000 }).text.replaceAll(/\s+/g, ' ');
  return code === 'internal' ? 'failed' : text;
}

function placeOf(target: string, root: AnsibleRoot, name: string): PlaybookPlace {
  return { target, playbook: `${root.name}/${name}` };
}
