/**
 * A running service with an operator, a recovery key and lab hosts that are enrolled over real ssh with one
 * signature and have what is in force. One for a file of tests, whose tests share it.
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalService } from '#api';
import { sha256 } from '#base/digest';
import type { Json } from '#base/json';
import { aKey, aPrivateKey } from '#samples/authority';
import { run } from '../../lab/podman.ts';
import { CLI_CALLER } from '../../src/main/callers.ts';
import { mustOpen, PERSON, putInForce, type View } from './change-home.ts';
import { type Fleet, type FleetHost, startFleet } from './fleet.ts';
import { type Ended, endOf, holdfast, startOwner } from './holdfast.ts';
import { connectMcp, type McpClient } from './mcp-client.ts';
import { opensshKey } from './openssh-key.ts';

/** Directory of the runner's script on a host, which only root may read. */
export const HOST_DIRECTORY = '/var/lib/holdfast-host';

/** Limits so wide that no guard of the server speaks: what speaks then is the host. */
const SETTINGS = `version: 1
organisation: acme
guards:
  cooldownSeconds: 0
  budget: { perScopeHour: 1000000, perScopeDay: 1000000, perCallerHour: 1000000, perCallerDay: 1000000 }
  breaker: { attempts: 1000, withinSeconds: 1, openSeconds: 1 }
  flap: { times: 1000, withinSeconds: 1 }
  blastRadius:
    groups: { hour: { percent: 100, atLeast: 1000 }, day: { percent: 100, atLeast: 1000 } }
windows:
  - name: always
    environments: [lab]
    once: { from: 2026-01-01T00:00:00Z, to: 2099-01-01T00:00:00Z }
`;

export type EnrolledFleetOptions = {
  readonly hosts: number;
  /** Of `fleet.yaml`, behind the lines of the enrolled hosts. */
  readonly moreTargets?: (fleet: Fleet) => string;
  /** Hosts that stay as they are. */
  readonly leave?: readonly string[];
  /** Lines of a target, by the name of its host. */
  readonly profile?: string;
  /** Before anything is enrolled: what is signed then is delivered first. */
  readonly prepare?: (one: EnrolledFleet) => Promise<void>;
};

export class EnrolledFleet implements AsyncDisposable {
  readonly fleet: Fleet;
  readonly place: string;
  readonly home: string;
  readonly key: string;
  #owner: { readonly child: ChildProcess; readonly service: LocalService };

  constructor(
    fleet: Fleet,
    place: string,
    owner: { readonly child: ChildProcess; readonly service: LocalService },
  ) {
    this.fleet = fleet;
    this.place = place;
    this.home = join(place, 'home');
    this.key = join(place, PERSON);
    this.#owner = owner;
  }

  host(name: string): FleetHost {
    return this.fleet.host(name);
  }
  /** The process that owns the data directory. */
  get pid(): number {
    return this.#owner.child.pid ?? -1;
  }

  /** As the account at the command line, without starting a program. */
  readonly ask = async <Value>(
    operation: string,
    input: Record<string, unknown> = {},
  ): Promise<Value> => {
    const call = { operation, input: input as Json, caller: CLI_CALLER };
    return (await this.#owner.service.perform(call)).value as Value;
  };
  /** With --json. */
  cli(...argv: readonly string[]): Promise<Ended> {
    return holdfast(this.home, ['--json', ...argv]);
  }
  /** Throws unless it ended with 0. */
  async must<Value>(...argv: readonly string[]): Promise<Value> {
    const { code, out, err } = await this.cli(...argv);
    if (code !== 0) throw new Error(`holdfast ${argv.join(' ')} ended with ${code}: ${out}${err}`);
    return (out === '' ? {} : JSON.parse(out)) as Value;
  }
  assistant(): Promise<McpClient> {
    return connectMcp(this.home);
  }

  /** What was edited, or asked for, becomes what is in force: signed, and brought to every host. */
  async signConfig(request: Record<string, unknown> = { kind: 'sign' }): Promise<void> {
    const page = await this.ask<{ order: string; namespace: string }>('config_page', { request });
    const signatures = [aKey(PERSON).sign(page.namespace, page.order)];
    await this.ask('config_apply', { order: page.order, signatures });
  }

  observe(name: string): Promise<Json> {
    return this.ask('observe', { target: `host:${name}` });
  }

  /** The operator signs at the command line. Answers how the change ended, and holds it to what was signed. */
  async approve(changeId: string): Promise<View> {
    const { digestWords, envelope } = await this.ask<{ digestWords: string; envelope: string }>(
      'approval_page',
      { changeId },
    );
    const argv = ['approve', changeId, '--key', this.key, '--words', digestWords];
    const { out, err } = await this.cli(...argv);
    if (out === '') throw new Error(`approve ${changeId}: ${err}`);
    const view = JSON.parse(out) as View;
    if (view.state === 'confirmed') await this.assertSame(changeId, envelope);
    return view;
  }

  /** Bytes approved are bytes executed: one hash in the approval, the intent and the receipt that the host has. */
  async assertSame(changeId: string, envelope?: string): Promise<readonly HostReceipt[]> {
    return assertApprovedIsExecuted(this, changeId, envelope);
  }

  /** Consent in advance, signed at the command line. */
  async addStanding(
    action: string,
    target: string,
    { unit, runs, cooldown }: { unit: string; runs: number; cooldown: number },
  ): Promise<string> {
    const page = await this.ask<{ order: string; namespace: string }>('standing_page', {
      action,
      targets: [target],
      arguments: { unit: [unit] },
      days: 7,
      window: 'always',
      budget: { runs, perSeconds: 3_600 },
      cooldownSeconds: cooldown,
      evenTainted: false,
      reason: 'it needs no night shift',
    });
    const signatures = [aKey(PERSON).sign(page.namespace, page.order)];
    const { id } = await this.ask<{ id: string }>('standing_add', {
      order: page.order,
      signatures,
    });
    return id;
  }

  /** Every receipt that a host holds, as it stands there. */
  async receipts(name: string): Promise<readonly HostReceipt[]> {
    const told = await this.host(name).must([
      'sh',
      '-c',
      `cd ${HOST_DIRECTORY}/receipts && for each in $(ls | grep -v sig | sort -n); do cat $each; done`,
    ]);
    return told
      .split('holdfast-receipt 1\n')
      .slice(1)
      .map((text) => {
        const value = (key: string): string =>
          new RegExp(`^${key} (.*)$`, 'm').exec(text)?.[1] ?? '';
        return {
          host: name,
          order: value('order'),
          part: value('part'),
          nonce: value('nonce'),
          result: value('result'),
          status: value('status'),
        };
      });
  }

  /** The service ends as if its machine did, and another begins. */
  async killAndStartAgain(between: () => Promise<void> = async () => {}): Promise<void> {
    this.#owner.child.kill('SIGKILL');
    await endOf(this.#owner.child);
    await between();
    this.#owner = await startOwner(this.home);
  }

  /** The service ends in peace, and one that looks at the fleet again and again takes its place. */
  async watch(): Promise<void> {
    this.#owner.child.kill('SIGTERM');
    await endOf(this.#owner.child);
    this.#owner = await startOwner(this.home, ['up', '--no-http']);
  }

  /**
   * As a thief of a transport key would: by ssh, with that key, whatever is asked for. Given nothing to run, what
   * stands in the host's authorized_keys decides.
   */
  steal(
    account: 'reader' | 'runner',
    name: string,
    stdin: Uint8Array | string,
    {
      options = [],
      command = ['id'],
    }: { options?: readonly string[]; command?: readonly string[] } = {},
  ): ReturnType<typeof run> {
    const { address } = this.host(name);
    const known = [
      '-o',
      'StrictHostKeyChecking=yes',
      '-o',
      `UserKnownHostsFile=${this.fleet.knownHosts}`,
    ];
    const argv = [
      'ssh',
      '-F',
      'none',
      '-i',
      this.transportKey(account),
      '-o',
      'IdentitiesOnly=yes',
      '-o',
      'BatchMode=yes',
      ...known,
      ...(options.length === 0 ? ['-T'] : options),
      `holdfast-${account}@${address}`,
      ...command,
    ] as const;
    return run(argv as never, { stdin, timeoutMs: 60_000 });
  }
  transportKey(account: 'reader' | 'runner'): string {
    return join(this.home, 'keys', 'ssh', account);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#owner.child.kill('SIGTERM');
    await endOf(this.#owner.child);
    rmSync(this.place, { recursive: true, force: true });
    await this.fleet[Symbol.asyncDispose]();
  }
}

export type HostReceipt = {
  readonly host: string;
  readonly order: string;
  readonly part: string;
  readonly nonce: string;
  readonly result: string;
  readonly status: string;
};

export async function anEnrolledFleet({
  hosts,
  moreTargets = () => '',
  leave = [],
  profile = '',
  prepare,
}: EnrolledFleetOptions): Promise<EnrolledFleet> {
  await using stack = new AsyncDisposableStack();
  const fleet = stack.use(await startFleet({ hosts }));
  const place = mkdtempSync(join(tmpdir(), 'hf-fleet-'));
  stack.defer(() => rmSync(place, { recursive: true, force: true }));
  const home = join(place, 'home');
  const key = join(place, PERSON);
  mkdirSync(join(home, 'policy'), { recursive: true, mode: 0o700 });
  const wanted = fleet.hosts.filter(({ name }) => !leave.includes(name));
  const targets = wanted.map(
    ({ name, address }) =>
      `  host:${name}:\n    hostType: debian\n    environment: lab\n    transport: ssh\n    address: ${address}\n${profile}`,
  );
  writeFileSync(
    join(home, 'fleet.yaml'),
    `version: 1\ntargets:\n  host:this:\n    hostType: linux\n    environment: test\n    transport: local\n${targets.join('')}${moreTargets(fleet)}`,
  );
  writeFileSync(join(home, 'policy', 'settings.yaml'), SETTINGS);
  writeFileSync(key, opensshKey(aPrivateKey(PERSON)), { mode: 0o600 });
  writeFileSync(`${key}.pub`, `${aKey(PERSON).line}\n`);
  const service = await mustOpen(home);
  try {
    await putInForce(service);
  } finally {
    await service.close();
  }
  const owner = await startOwner(home);
  stack.defer(async () => {
    owner.child.kill('SIGTERM');
    await endOf(owner.child);
  });
  const one = new EnrolledFleet(fleet, place, owner);
  await prepare?.(one);
  const list = join(place, 'hosts.csv');
  writeFileSync(
    list,
    `name,address\n${wanted.map(({ name, address }) => `${name},${address}\n`).join('')}`,
  );
  const argv = ['enroll', '--from', list, '--batch', '--ssh-config', fleet.sshConfig];
  await one.must(...argv, '--at-once', '4', '--yes', '--no-sign');
  const { digestWords } = await one.ask<{ digestWords: string }>('enrolment_page');
  await one.must('enroll', '--sign', '--key', key, '--words', digestWords);
  stack.move();
  return one;
}

type Event = {
  readonly seq: number;
  readonly kind: string;
  readonly targets: readonly string[];
  readonly more: Readonly<Record<string, unknown>>;
};

/** `envelope`: what the operator was shown and signed; without one, what the bundle says was signed. */
async function assertApprovedIsExecuted(
  one: EnrolledFleet,
  changeId: string,
  envelope?: string,
): Promise<readonly HostReceipt[]> {
  const { events } = await one.ask<{ events: readonly Event[] }>('events_list', {
    operation: 'change.intent',
    limit: 50,
  });
  const intents = events.filter(({ more }) => more['change'] === changeId);
  assert.ok(intents.length > 0, `no intent of ${changeId} is recorded`);
  const texts = envelope === undefined ? await bundledOrders(one, changeId) : [envelope];
  const signed = new Map(
    texts.map((text) => [
      sha256(text),
      [...text.matchAll(/^part ([0-9a-f]{64})$/gm)].map(([, hash]) => hash ?? ''),
    ]),
  );
  const ran: HostReceipt[] = [];
  for (const { more, targets } of intents) {
    const order = String(more['order']);
    const parts = more['parts'] as readonly string[];
    // What was signed lists the very parts that were meant to run.
    const listed = signed.get(order);
    assert.ok(listed, `the intent of ${changeId} names an order that nobody signed`);
    const held: HostReceipt[] = [];
    for (const target of targets) held.push(...(await one.receipts(target.replace('host:', ''))));
    for (const part of parts) {
      assert.ok(listed.includes(part));
      const receipts: readonly HostReceipt[] = held.filter((each) => each.part === part);
      assert.equal(receipts.length, 1, `${receipts.length} receipts of one part of ${changeId}`);
      assert.equal(receipts[0]?.order, order);
      ran.push(...receipts);
    }
  }
  return ran;
}

async function bundledOrders(one: EnrolledFleet, changeId: string): Promise<readonly string[]> {
  const { bundle } = await one.ask<{ bundle: string }>('change_bundle', { changeId });
  const { payload } = JSON.parse(bundle) as { payload: string };
  const { predicate } = JSON.parse(Buffer.from(payload, 'base64').toString('utf8')) as {
    predicate: { orders: readonly { text: string }[] };
  };
  return predicate.orders.map(({ text }) => text);
}
