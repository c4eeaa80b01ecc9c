/**
 * `holdfast action`: an operator's own actions and runbooks, tried on a lab machine and published.
 * Publishing writes down that a test was passed; in force it is when an operator signs the catalogue.
 */
import { isAbsolute } from 'node:path';
import { Fault } from '#base/fault';
import type { Json, JsonObject } from '#base/json';
import { parseJson } from '#base/json';
import type { Files } from '#base/ports';
import { formatInstant } from '#base/time';
import {
  CATALOGUE_FILE_BYTES,
  type Catalogue,
  nameOf,
  parseActions,
  parseRunbook,
  type Runnable,
} from '#catalogue';
import type { Rehearsals, TestAsked } from '#cli';
import { nodeClock, nodeFiles, nodePrograms, nodeRandom } from '#machine';
import type { Target } from '#model';
import { contractTest, formatPublished, publish, type Report, type Trial } from '#rehearsal';
import {
  catalogueOf,
  publishedFile,
  readOwn,
  readPublished,
  readShipped,
} from './catalogue-keeper.ts';
import { type Paths, pathsOf } from './data-directory.ts';
import { InventoryKeeper } from './inventory-keeper.ts';
import { localRehearsal } from './local-rehearsal.ts';

const PREPARE_MS = 300_000;

export const nodeRehearsals: Rehearsals = {
  test: async (home, asked) => asJson(await tested(nodeFiles(), pathsOf(home), asked)),
  publish: (home, asked, report) => published(nodeFiles(), pathsOf(home), asked, report),
  drafts: (home) => drafts(nodeFiles(), pathsOf(home)),
};

async function tested(files: Files, paths: Paths, asked: TestAsked): Promise<Report> {
  const { runnable, catalogue } = await chosen(files, paths, asked);
  return rehearse(files, paths, asked, runnable, catalogue);
}

async function rehearse(
  files: Files,
  paths: Paths,
  asked: TestAsked,
  runnable: Runnable,
  catalogue: Catalogue,
): Promise<Report> {
  if (runnable.tier === 'T0') {
    const says = 'it only looks: that its file can be read is all that is asked of it';
    const tries = [{ name: 'is read', held: true, says }];
    const { digest } = runnable;
    return { action: nameOf(runnable), digest, where: 'nowhere', result: 'passed', tries };
  }
  const target = await labOf(files, paths);
  await using lab = await localRehearsal({
    files,
    clock: nodeClock(),
    random: nodeRandom(),
    paths,
    target,
    watch: asked.watch,
  });
  return await contractTest(runnable, lab.host, [trialOf(asked)], catalogue);
}

/** The machine this runs on, and only where an operator wrote that nobody depends on it. */
async function labOf(files: Files, paths: Paths): Promise<Target> {
  const { targets } = await new InventoryKeeper(files, paths.inventory).refresh();
  const lab = targets.find((each) => each.transport === 'local' && each.environment === 'lab');
  if (lab !== undefined) return lab;
  throw new Fault(
    'refused',
    'no-lab',
    'an action is tried only on a machine that nobody depends on: no target here has "transport: local" and "environment: lab". Run this command on one: install Holdfast there, say environment: lab of it in its fleet.yaml, and bring the report back with holdfast action publish --report',
  );
}

function trialOf({ arguments: given, prepare }: TestAsked): Trial {
  return {
    name: 'usual',
    arguments: given as JsonObject,
    prepare: async () => {
      if (prepare === null) return;
      const { ended, exit, stderr } = await nodePrograms().run({
        argv: ['sh', '-eu', prepare],
        timeoutMs: PREPARE_MS,
        maxBytes: 1 << 20,
      });
      if (ended === 'exited' && exit === 0) return;
      const says = Buffer.from(stderr).toString('utf8').trim().slice(-300);
      throw new Fault(
        'invalid',
        'not-prepared',
        `the machine was not prepared: ${prepare} ended with ${exit ?? ended}: ${says}`,
      );
    },
  };
}

async function published(
  files: Files,
  paths: Paths,
  asked: TestAsked,
  brought: string | null,
): Promise<Json> {
  const { runnable, catalogue } = await chosen(files, paths, asked);
  const action = nameOf(runnable);
  if (runnable.origin.shipped || runnable.tier === 'T0') {
    throw new Fault(
      'invalid',
      'nothing-to-publish',
      `${runnable.tier === 'T0' ? 'what only looks' : 'what is shipped'} can be run as it is: ${action}`,
    );
  }
  const report =
    brought === null
      ? await rehearse(files, paths, asked, runnable, catalogue)
      : readReport(brought, runnable);
  const record = publish(report, nodeClock().now());
  const { byDigest } = await readPublished(files, paths);
  if (!byDigest.has(record.digest)) {
    await files.makeDirectory(paths.catalogue);
    const before = await files.read(publishedFile(paths));
    const text = Buffer.from(before ?? '').toString('utf8');
    const end = text === '' || text.endsWith('\n') ? '' : '\n';
    const whole = `${text}${end}${formatPublished(record)}`;
    await files.replace(publishedFile(paths), Buffer.from(whole), 0o600);
  }
  const own = await readOwn(files, paths);
  const isThere = own.some(({ digest }) => digest === record.digest);
  const { testedAt, where } = byDigest.get(record.digest) ?? record;
  return {
    action,
    digest: record.digest,
    where,
    testedAt: formatInstant(testedAt),
    next: isThere
      ? 'holdfast config sign puts it in force'
      : `put the file into ${runnable.kind === 'action' ? paths.catalogue : paths.runbooks}, then holdfast config sign`,
  };
}

/** What `holdfast action test --json` said elsewhere. It is believed as the file is: an operator signs for it. */
function readReport(text: string, { digest, ...runnable }: Runnable): Report {
  const report = parseJson(text, 'the report') as (JsonObject & Report) | null;
  const isReport =
    report !== null &&
    typeof report.digest === 'string' &&
    typeof report.where === 'string' &&
    Array.isArray(report.tries) &&
    report.tries.every((each) => typeof each?.name === 'string' && typeof each.held === 'boolean');
  if (!isReport) {
    throw new Fault(
      'invalid',
      'invalid-report',
      'this is no report: give what holdfast action test --json said',
    );
  }
  if (report.digest === digest) return report;
  throw new Fault(
    'conflict',
    'other-action',
    `what was tested is not what is here: ${nameOf(runnable)} has another digest. Test it again as it is now`,
  );
}

async function drafts(files: Files, paths: Paths): Promise<Json> {
  const { all, catalogue } = await everything(files, paths);
  const { byDigest, unreadable } = await readPublished(files, paths);
  return {
    actions: all
      .filter(({ origin, tier }) => !origin.shipped && tier !== 'T0')
      .map((each) => {
        const record = byDigest.get(each.digest);
        return {
          action: nameOf(each),
          tier: each.tier,
          draft: catalogue.isDraft(each),
          testedAt: record === undefined ? null : formatInstant(record.testedAt),
          where: record?.where ?? null,
          file: `${each.origin.file}:${each.origin.line}`,
        };
      }),
    unreadable: [...unreadable],
  };
}

type Everything = { readonly all: readonly Runnable[]; readonly catalogue: Catalogue };

async function everything(
  files: Files,
  paths: Paths,
  more: readonly Runnable[] = [],
): Promise<Everything> {
  const there = [...(await readShipped(files)), ...(await readOwn(files, paths))];
  const names = new Set(more.map(nameOf));
  const all = [...there.filter((each) => !names.has(nameOf(each))), ...more];
  return { all, catalogue: await catalogueOf(all, files, paths) };
}

/** By id of the catalogue, or from a file, which may lie anywhere. */
async function chosen(
  files: Files,
  paths: Paths,
  { what, only }: TestAsked,
): Promise<{ readonly runnable: Runnable; readonly catalogue: Catalogue }> {
  if (!isAbsolute(what)) {
    const { catalogue } = await everything(files, paths);
    return { runnable: catalogue.find(what), catalogue };
  }
  const there = await readRunnables(files, what);
  const { catalogue } = await everything(files, paths, there);
  const named =
    only === null ? there : there.filter((each) => [each.id, nameOf(each)].includes(only));
  const [runnable, another] = named;
  if (runnable !== undefined && another === undefined) return { runnable, catalogue };
  throw new Fault(
    'invalid',
    'name-one',
    `the file holds ${named.length} that could be meant: ${what}. Name one with --only: ${there.map(nameOf).join(', ')}`,
  );
}

async function readRunnables(files: Files, path: string): Promise<readonly Runnable[]> {
  const info = await files.info(path);
  const bytes =
    info?.kind === 'file' && info.size <= CATALOGUE_FILE_BYTES ? await files.read(path) : undefined;
  if (bytes === undefined) {
    throw new Fault(
      'missing',
      'unreadable-file',
      `a file cannot be used: ${path}. Give a YAML file of actions, or of a runbook, or an id`,
    );
  }
  const text = Buffer.from(bytes).toString('utf8');
  return /^runbook:/m.test(text)
    ? [parseRunbook(text, path, false)]
    : parseActions(text, path, false);
}

function asJson(report: Report): Json {
  return { ...report, tries: report.tries.map((each) => ({ ...each })) };
}
