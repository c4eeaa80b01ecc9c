/** `holdfast doctor`: what of this installation needs mending, and how. */
import { statfs } from 'node:fs/promises';
import { readAutomation } from '#automation';
import { asFault } from '#base/fault';
import type { Json } from '#base/json';
import type { Files } from '#base/ports';
import type { EventLog } from '#evidence';
import { nodeMachineFiles } from '#machine';
import { parseNotices } from '#notices';
import { bindOf, readServer } from '#serving';
import type { Store } from '#store';
import type { Grammar } from './command-keeper.ts';
import type { Paths } from './data-directory.ts';
import type { DeclarationsNow } from './declarations-keeper.ts';
import { certificateChecks } from './doctor-certificate.ts';
import { type ChangePatient, type Check, examineChanges } from './doctor-changes.ts';
import type { InventoryKeeper } from './inventory-keeper.ts';
import { verifyAll } from './verify.ts';

export type Patient = {
  readonly files: Files;
  readonly paths: Paths;
  readonly store: Store;
  readonly events: EventLog;
  readonly inventory: InventoryKeeper;
  readonly version: string;
  readonly changes: ChangePatient;
  /** Of the keys that hosts are entered with. */
  readonly keys: () => Promise<readonly Check[]>;
  /** Of the tools that are read beside our own collectors; none where there are none. */
  readonly reports: () => Promise<readonly Check[]>;
  /** Of where people decide, and of their passkeys. */
  readonly console: () => Promise<readonly Check[]>;
  /** Of files that were edited since they were signed, and what is in force of them. */
  readonly unsigned: () => Promise<readonly Check[]>;
  /** The entries in force, of which otherwise only those are read that somebody asks for. */
  readonly grammar: () => Promise<Pick<Grammar, 'check'>>;
  /** What should be, and what of it cannot be read. */
  readonly declarations: () => Promise<Pick<DeclarationsNow, 'sources' | 'problems'>>;
};

const LEAST_FREE_BYTES = 256 * 1024 * 1024;

export async function examine(patient: Patient): Promise<Json> {
  const { files, paths, store, events, inventory, version } = patient;
  const checks: Check[] = [
    {
      name: 'node',
      ok: Number(process.versions.node.split('.')[0]) >= 26,
      says: process.version,
      mend: 'run ./start, which brings the pinned Node',
    },
    await privateDirectory(paths.home),
    await privateDirectory(paths.keys),
    await freeSpace(paths.home),
    await inventory.refresh().then(
      (read) => ({ name: 'inventory', ok: true, says: `targets: ${read.targets.length}` }),
      (thrown: unknown) => ({
        name: 'inventory',
        ok: false,
        says: asFault(thrown).message,
        mend: `mend ${paths.inventory}`,
      }),
    ),
    logHealth(events),
    await patient
      .grammar()
      .then((grammar): Check => {
        grammar.check();
        return { name: 'commands', ok: true, says: 'no entry contradicts another' };
      })
      .catch(
        (thrown: unknown): Check => ({
          name: 'commands',
          ok: false,
          says: asFault(thrown).message,
          mend: `mend ${paths.commands}, or what its message names`,
        }),
      ),
  ];
  checks.push(await declarationsCheck(patient));
  const verdict = await verifyAll(files, paths, (crossed) => crossed(store));
  checks.push({
    name: 'event log and facts',
    ok: verdict.ok,
    says: verdict.ok ? `${events.size} events hold` : 'something does not hold',
    mend: 'run holdfast verify, keep a copy, restore a backup',
  });
  checks.push(
    ...(await examineChanges(patient.changes)),
    ...(await fileChecks(patient)),
    ...(await patient.unsigned()),
    ...(await certificateChecks({
      files,
      look: nodeMachineFiles(),
      paths,
      now: patient.changes.now,
    })),
    ...(await patient.keys()),
    ...(await patient.reports()),
    ...(await patient.console()),
  );
  return {
    ok: checks.every((check) => check.ok),
    version,
    home: paths.home,
    checks: checks.map(({ mend, ...check }) =>
      check.ok || mend === undefined ? check : { ...check, mend },
    ) as unknown as Json,
  };
}

/** Files that nothing else reads before it needs them: what they say holds, or where it does not. */
export async function fileChecks({
  files,
  paths,
}: {
  readonly files: Pick<Files, 'read'>;
  readonly paths: Pick<Paths, 'notices' | 'automation' | 'server'>;
}): Promise<readonly Check[]> {
  const read = [
    ['notices', paths.notices, parseNotices, 'until then it is as if it asked for nothing'],
    ['automation', paths.automation, readAutomation, 'until then it is as if it asked for nothing'],
    [
      'server',
      paths.server,
      (text: string, file: string) => bindOf(readServer(text, file)),
      'until then the service does not start to serve, and sends nothing',
    ],
  ] as const;
  const checks: Check[] = [];
  for (const [name, path, parse, meanwhile] of read) {
    const mend = `mend ${path}: ${meanwhile}`;
    try {
      const bytes = await files.read(path);
      if (bytes === undefined) continue;
      parse(Buffer.from(bytes).toString('utf8'), `${name}.yaml`);
      checks.push({ name, ok: true, says: `${name}.yaml can be read`, mend });
    } catch (thrown) {
      checks.push({ name, ok: false, says: asFault(thrown).message, mend });
    }
  }
  return checks;
}

async function declarationsCheck({ declarations }: Patient): Promise<Check> {
  const name = 'declarations';
  const mend = 'holdfast declarations check says where';
  try {
    const { sources, problems } = await declarations();
    const says =
      problems.length === 0
        ? `sources: ${sources.length}`
        : problems.map(({ source, message }) => `${source}: ${message}`).join('\n');
    return { name, ok: problems.length === 0, says, mend };
  } catch (thrown) {
    return { name, ok: false, says: asFault(thrown).message, mend };
  }
}

async function privateDirectory(path: string): Promise<Check> {
  const info = await nodeMachineFiles().stat(path);
  const ok =
    info?.kind === 'directory' && (info.mode & 0o077) === 0 && info.uid === process.getuid?.();
  return {
    name: `private ${path}`,
    ok,
    mend: `chmod 700 ${path}, owned by the account that runs Holdfast`,
  };
}

async function freeSpace(path: string): Promise<Check> {
  const { bavail, bsize } = await statfs(path);
  const free = bavail * bsize;
  return {
    name: 'free space',
    ok: free >= LEAST_FREE_BYTES,
    says: `${Math.round(free / 1024 / 1024)} MiB`,
    mend: 'free space on that filesystem: without it nothing that writes is accepted',
  };
}

function logHealth(events: EventLog): Check {
  const { writable, reason } = events.health();
  return {
    name: 'event log can be written',
    ok: writable,
    ...(reason === null ? {} : { says: reason }),
    mend: 'free the disk or mend the log directory, then restart',
  };
}
