/**
 * A data directory in which changes really run on this machine: an operator with a key, a recovery
 * key, rules that a software key meets, everything signed, and actions of the test's own.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '#base/digest';
import { instant } from '#base/time';
import { parseActions, parseRunbook } from '#catalogue';
import type { FaultPoint } from '#execution';
import { formatPublished } from '#rehearsal';
import { aKey } from '#samples/authority';
import { openService, type Service } from '../../src/main/service.ts';
import { OPERATOR } from './world.ts';

export const TARGET = 'host:this';
export const PERSON = 'ada';

const FLEET = `version: 1
targets:
  ${TARGET}:
    hostType: linux
    environment: test
    transport: local
`;
/** Limits so wide that no guard speaks: what is tested is something else. */
export const SETTINGS = `version: 1
organisation: main
guards:
  cooldownSeconds: 0
  budget: { perScopeHour: 1000000, perScopeDay: 1000000, perCallerHour: 1000000, perCallerDay: 1000000 }
  breaker: { attempts: 1000, withinSeconds: 1, openSeconds: 1 }
  flap: { times: 1000, withinSeconds: 1 }
`;

export type ChangeHome = Disposable & {
  readonly path: string;
  /** Where the actions of the test write; outside the data directory. */
  readonly scratch: string;
};

export type View = {
  readonly changeId: string;
  readonly state: string;
  readonly digest: string;
  readonly decision: {
    readonly verdict: string;
    readonly because: string;
    readonly says: string;
  };
  readonly outcome: { readonly code: string | null; readonly says: string } | null;
  readonly receipts: readonly { readonly result: string; readonly step: number }[];
  readonly next: string;
};

/** Texts are made when the scratch directory is known. */
export async function aChangeHome(make: {
  readonly catalogue: (scratch: string, account: string) => string;
  /** Files of `runbooks/`, also scripts, by name. */
  readonly runbooks?: (scratch: string, account: string) => Readonly<Record<string, string>>;
  readonly fleet?: string;
  readonly settings?: string;
  /** Other files of the data directory, by name; there before anything is signed. */
  readonly files?: (scratch: string) => Readonly<Record<string, string>>;
  /** The directory in which everything is made. */
  readonly under?: string;
}): Promise<ChangeHome> {
  const root = mkdtempSync(join(make.under ?? tmpdir(), 'hf-change-'));
  const path = join(root, 'home');
  const scratch = join(root, 'scratch');
  for (const folder of ['', 'policy', 'catalogue', 'runbooks'])
    mkdirSync(join(path, folder), { recursive: true, mode: 0o700 });
  mkdirSync(scratch);
  writeFileSync(join(path, 'fleet.yaml'), make.fleet ?? FLEET);
  writeFileSync(join(path, 'policy', 'settings.yaml'), make.settings ?? SETTINGS);
  const account = userInfo().username;
  const own = make.catalogue(scratch, account);
  writeFileSync(join(path, 'catalogue', 'own.yaml'), own);
  const tested = parseActions(own, 'own.yaml', false).map(({ digest }) => digest);
  for (const [name, text] of Object.entries(make.runbooks?.(scratch, account) ?? {})) {
    writeFileSync(join(path, 'runbooks', name), text, { mode: 0o755 });
    if (name.endsWith('.yaml')) tested.push(parseRunbook(text, name, false).digest);
  }
  // As if each had passed its contract test; what is tested here comes after that.
  writeFileSync(join(path, 'catalogue', 'published.jsonl'), tested.map(asPublished).join(''));
  for (const [name, text] of Object.entries(make.files?.(scratch) ?? {}))
    writeFileSync(join(path, name), text);
  const service = await mustOpen(path);
  try {
    await putInForce(service);
  } finally {
    await service.close();
  }
  return {
    path,
    scratch,
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

function asPublished(digest: string): string {
  return formatPublished({
    digest,
    testedAt: instant('2026-03-01T12:00:00Z'),
    where: 'a test',
    result: 'passed',
  });
}

export async function mustOpen(home: string, at?: (point: FaultPoint) => void): Promise<Service> {
  const lines: string[] = [];
  const service = await openService({
    home,
    logSink: (line) => void lines.push(line),
    ...(at === undefined ? {} : { at }),
  });
  if (service === undefined) throw new Error(`someone else owns ${home}`);
  return service;
}

/** Asks as the account at the command line. */
export async function ask<Value>(
  service: Pick<Service, 'perform'>,
  operation: string,
  input: Record<string, unknown> = {},
  caller = OPERATOR,
): Promise<Value> {
  return (await service.perform({ operation, input, caller })).value as Value;
}

/** As a person does at the terminal while nobody may sign yet: what `server.yaml` says is in force. */
export async function confirmServer(
  service: Pick<Service, 'perform'>,
  home: string,
): Promise<void> {
  const digest = sha256(readFileSync(join(home, 'server.yaml')));
  await ask(service, 'server_confirm', { digest });
}

export async function putInForce(service: Pick<Service, 'perform'>): Promise<void> {
  const key = aKey(PERSON);
  const recovery = aKey('recovery');
  const sign = async (request: Record<string, unknown>): Promise<void> => {
    const { order, namespace } = await ask<{ order: string; namespace: string }>(
      service,
      'config_page',
      { request },
    );
    const isRecovery = request['kind'] === 'add-recovery';
    const { says } = await ask<{ says: string[] }>(service, 'config_apply', {
      order,
      signatures: [key.sign(namespace, order)],
      ...(isRecovery ? { recoverySignature: recovery.sign(namespace, order) } : {}),
    });
    const trouble = says.find((line) => line.startsWith('this machine'));
    if (trouble !== undefined) throw new Error(trouble);
  };
  await sign({
    kind: 'add-operator',
    id: PERSON,
    name: 'Ada',
    key: key.line,
    accounts: ['ada@local'],
  });
  await sign({ kind: 'add-recovery', key: recovery.line });
  for (const rule of ['T2', 'standing'])
    await sign({ kind: 'rule', rule, quorum: 1, least: 'same-user' });
}

export function propose(
  service: Pick<Service, 'perform'>,
  action: string,
  args: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Promise<View> {
  return ask<View>(service, 'run_action', {
    action,
    targets: [TARGET],
    args,
    reason: 'a test wants it',
    ...more,
  });
}

/** Reads the page, signs what it shows, and waits for what becomes of it. */
export async function approve(service: Pick<Service, 'perform'>, changeId: string): Promise<View> {
  const page = await ask<{ envelope: string; namespace: string }>(service, 'approval_page', {
    changeId,
  });
  const signature = aKey(PERSON).sign(page.namespace, page.envelope);
  return ask<View>(service, 'change_approve', { changeId, signature });
}
