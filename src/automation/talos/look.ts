/**
 * A look at a node of Talos: versions, stage, services, members of its cluster, its machine configuration field by
 * field without its secrets, and whether the checks of the cluster pass now. Never over SSH: there is none.
 */
import { parseAddress } from '#base/address';
import { asFault, Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { Clock, Files, MachineFiles, Programs, Random } from '#base/ports';
import { formatInstant } from '#base/time';
import { keyOf, TALOS_SOURCE, type Target } from '#model';
import { isSecretName } from '#redaction';
import { automationFault } from '../faults.ts';
import { entityOf, fieldsOf, isObject } from '../fields.ts';
import { Masking } from '../masking.ts';
import { maskingKey } from '../masking-key.ts';
import type { TalosConfig } from '../settings.ts';
import { nothingSeen, type ToolFact, type ToolLook, type ToolShortfall } from '../tool-look.ts';
import { ask, type Node, type Question } from './program.ts';
import { readConfig, readResources, readVersion, unknown } from './read.ts';

export const TALOS_KINDS = ['host', 'node', 'node_setting', 'service'] as const;

export type TalosLookRequest = {
  readonly programs: Programs;
  readonly files: Files;
  readonly machineFiles: Pick<MachineFiles, 'stat'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly target: Pick<Target, 'id' | 'address'>;
  readonly talos: TalosConfig;
  readonly stateDirectory: string;
};

const MOST_FACTS = 10_000;

/** Never rejects for what the node or the program does; what could not be asked is a shortfall of its kind. */
export async function talosLook(request: TalosLookRequest): Promise<ToolLook> {
  try {
    return await look(request);
  } catch (thrown) {
    return nothingSeen(TALOS_SOURCE, TALOS_KINDS, thrown);
  }
}

async function look(request: TalosLookRequest): Promise<ToolLook> {
  const { files, clock, target, talos } = request;
  const address = target.address ?? keyOf(target.id);
  const problem = nodeProblem(address);
  if (problem !== undefined)
    throw automationFault(
      'not-one-host',
      `the address of ${target.id} ${problem}: mend it in fleet.yaml`,
    );
  const home = `${request.stateDirectory}/talos`;
  await files.makeDirectory(home);
  await requirePrivate(request, home);
  const key = await maskingKey(files, request.random, request.stateDirectory);
  const node: Node = { programs: request.programs, config: talos.config, address, home };
  // Without it nothing of the node is known at all.
  const version = readVersion(await ask(node, 'version'));
  const seen = new Seen(target.id);
  seen.host({
    'os.id': 'talos',
    'os.name': `Talos Linux ${version.node}`,
    'os.version': version.node,
  });
  seen.node({
    address,
    config: talos.config,
    'version.talos': version.node,
    'version.client': version.client,
  });
  await Promise.all([
    seen.take('node', async () => seen.node(statusOf(await one(node, 'status')))),
    seen.take('node', async () => {
      const type = await one(node, 'type');
      seen.node({ 'machine.type': typeof type === 'string' ? type : null });
    }),
    seen.take('node', async () => {
      const members = readResources(await ask(node, 'members'), 'members');
      seen.node({ members: members.map(({ id }) => id).toSorted() });
    }),
    seen.take('service', async () => {
      for (const { id, spec } of readResources(await ask(node, 'services'), 'services'))
        seen.service(id, spec);
    }),
    seen.take('node_setting', async () => {
      const masking = new Masking(key, isSecretOfTalos);
      seen.settings(masking.mask(readConfig(await one(node, 'config')), undefined));
    }),
    // That it could not be asked is no reason to take a node out of its cluster either.
    ask(node, 'health').then(
      () => seen.node({ healthy: true, healthyAt: formatInstant(clock.now()) }),
      () => seen.node({ healthy: false, healthyAt: formatInstant(clock.now()) }),
    ),
  ]);
  return seen.look();
}

async function one(node: Node, question: Question): Promise<Json> {
  const [first, ...more] = readResources(await ask(node, question), question);
  if (first === undefined || (more.length > 0 && question !== 'config')) throw unknown(question);
  return first.spec;
}

function statusOf(spec: Json): Record<string, Json> {
  const stage = isObject(spec) ? spec['stage'] : undefined;
  const status = isObject(spec) ? spec['status'] : undefined;
  const ready = isObject(status) ? status['ready'] : undefined;
  if (typeof stage !== 'string' || typeof ready !== 'boolean') throw unknown('machinestatus');
  return { 'machine.stage': stage, 'machine.ready': ready };
}

/** Credentials of a whole cluster: nobody but us, or root, may read them. */
async function requirePrivate(
  { machineFiles, talos: { config } }: TalosLookRequest,
  home: string,
): Promise<void> {
  const us = (await machineFiles.stat(home))?.uid ?? 0;
  const seen = await machineFiles.stat(config);
  if (seen === undefined)
    throw new Fault(
      'missing',
      'no-automation-root',
      `the talosconfig is not there: ${config}. Mend config in automation.yaml`,
    );
  if (seen.kind !== 'file' || (seen.uid !== 0 && seen.uid !== us) || (seen.mode & 0o077) !== 0)
    throw automationFault(
      'content-refused',
      `the talosconfig is not used: ${config} could be read or changed by others. Let it be a file of root or of the account that runs Holdfast, with mode 0600`,
    );
}

const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** Why it is not one node: an IP address, or a host name after RFC 1123, without a port. */
export function nodeProblem(address: string): string | undefined {
  // What is made of digits is an address, or nothing.
  if (address.includes(':') || /^[0-9.]+$/.test(address))
    return parseAddress(address) === null ? 'is no IP address without a port' : undefined;
  const isName = address.length <= 253 && address.split('.').every((label) => LABEL.test(label));
  return isName ? undefined : 'is no IP address and no host name without a port';
}

/** Of a machine configuration: keys and tokens of the cluster, and files that may hold anything. */
function isSecretOfTalos(name: string): boolean {
  return (
    isSecretName(name) ||
    /^(?:key|contents?|auth|crypto)$/i.test(name) ||
    /(?:secret|token|password|privateKey|encryptionSecret)$/i.test(name)
  );
}

class Seen {
  readonly #target: string;
  readonly #facts: ToolFact[] = [];
  readonly #short = new Map<string, string>();

  constructor(target: string) {
    this.#target = target;
  }

  async take(kind: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (thrown) {
      this.#short.set(kind, asFault(thrown).message.slice(0, 300));
    }
  }

  host(attributes: Readonly<Record<string, Json>>): void {
    this.#add(this.#target, attributes);
  }

  node(attributes: Readonly<Record<string, Json>>): void {
    this.#add(`node:${keyOf(this.#target)}`, attributes);
  }

  service(id: string, spec: Json): void {
    const { running, healthy, unknown: isUnknown } = isObject(spec) ? spec : {};
    if (typeof running !== 'boolean' || typeof healthy !== 'boolean') throw unknown('services');
    const health = isUnknown === true ? 'unchecked' : healthy ? 'healthy' : 'unhealthy';
    this.#add(entityOf('service', keyOf(this.#target), id), {
      'state.active': running ? 'active' : 'inactive',
      'state.current': running ? health : 'stopped',
    });
  }

  settings(config: Json): void {
    const fields = fieldsOf(config);
    if (fields.length > MOST_FACTS) throw unknown('machineconfig');
    const told = new Set<string>();
    for (const { attribute, value } of fields) {
      // As people write it: a name with a dot is told apart only where there is something to tell it from.
      const plain = attribute.replaceAll('%2E', '.');
      const path = told.has(plain) ? attribute : plain;
      told.add(path);
      this.#add(entityOf('node_setting', keyOf(this.#target), path), { value });
    }
  }

  #add(entity: string, attributes: Readonly<Record<string, Json>>): void {
    for (const [attribute, value] of Object.entries(attributes))
      this.#facts.push({ entity, attribute, value });
  }

  look(): ToolLook {
    const shortfalls = [...this.#short].map(
      ([kind, reason]): ToolShortfall => ({ kind, status: 'partial', reason }),
    );
    return {
      source: TALOS_SOURCE,
      facts: this.#facts,
      complete: TALOS_KINDS.filter((kind) => !this.#short.has(kind)),
      shortfalls,
    };
  }
}
