/** Making machines into hosts of ours. By an operator's own ssh, signed by them. */
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { type HostPins, parseNewHost, pinsOf, scriptFor } from '#enrolment';
import type { Desk } from '../desk.ts';
import {
  doorOf,
  installHost,
  inTurns,
  probeHost,
  rowOf,
  type Start,
  type Wanted,
  type Way,
} from '../enrolling.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import {
  type Outcome,
  renderHosts,
  renderOutcome,
  renderPlans,
  renderPlansShort,
} from '../render/enrolment.ts';
import { hostsAsked } from './enrol-list.ts';
import { goOn, signPending, startOf, wantedOf, worst } from './enrol-steps.ts';
import { readText } from './reading.ts';
import type { CommandSpec, Options } from './spec.ts';

export const runEnroll: CommandSpec['run'] = async (desk, [target], options) => {
  if (options['sign'] === true && target === undefined && options['from'] === undefined) {
    const { says, next } = await signPending(desk, options, new Map());
    desk.show({ hosts: [], says, next } satisfies Outcome, renderOutcome);
    return EXIT_CODES.ok;
  }
  const listed = await hostsAsked(desk, target, options);
  const wanted = wantedOf(desk, options);
  const start = await startOf(
    desk,
    listed.map(({ id }) => id),
  );
  if (options['write'] === true) return writeScript(desk, start, wanted);
  if (typeof options['answer'] === 'string') return takeAnswer(desk, start, options);
  const material = await desk.commands.ssh.material(desk.home);
  const ways = await inTurns(start.hosts, wanted.width, (host): Promise<Way> => {
    const known = listed.find(({ id }) => id === host.target)?.listed;
    const way = { target: host.target, start: host, door: doorOf(host, wanted, known), ms: 0 };
    // Done before: a batch goes on with the others.
    if (host.state !== 'new' && !wanted.again) return Promise.resolve(way);
    desk.progress(`looking at ${host.target}`);
    return probeHost(desk, way, wanted, material, start.organisation);
  });
  desk.clearProgress();
  const planned = options['plan'] === true;
  if (!planned || !desk.json) desk.present(ways, ways.length > 4 ? renderPlansShort : renderPlans);
  if (planned) {
    if (desk.json)
      desk.show(
        {
          hosts: ways.map((way) => ({
            ...rowOf(way, false),
            hostKeys: [...(way.probe?.hostKeys ?? [])],
            makes: [...(way.plan?.makes ?? [])],
            problems: [...(way.plan?.problems ?? [])],
          })),
          says: [],
          next: '',
        },
        renderOutcome,
      );
    return worst(ways);
  }
  const able = ways.filter(
    ({ plan, fault }) => plan !== undefined && fault === undefined && plan.problems.length === 0,
  );
  if (able.length > 0)
    await goOn(
      desk,
      options,
      `Enrol ${able.length === 1 ? (able[0]?.target ?? '') : `${able.length} hosts`} like this?`,
    );
  let handing: Promise<unknown> = Promise.resolve();
  const hand = (pins: HostPins): Promise<void> => {
    const handed = handing.then(async () => {
      await desk.ask('enrolment_add', { host: pins as unknown as Json });
    });
    handing = handed.catch(() => {});
    return handed;
  };
  const done = await inTurns(ways, wanted.width, (way) => {
    if (way.plan !== undefined) desk.progress(`enrolling ${way.target}`);
    return installHost(desk, way, wanted.again, start, material, hand);
  });
  desk.clearProgress();
  const waits = done.some(
    ({ pins, start: { state } }) => pins !== undefined || state === 'pending',
  );
  const own = new Map(
    done.flatMap(({ target: id, pins }) => (pins === undefined ? [] : [[id, pins] as const])),
  );
  const signs = waits && options['sign'] !== false;
  const { says, next, isWhole } = signs
    ? await signPending(desk, options, own)
    : { says: [], next: waits ? 'holdfast enroll --sign' : '', isWhole: false };
  desk.show(
    { hosts: done.map((way) => rowOf(way, isWhole)), says, next } satisfies Outcome,
    renderOutcome,
  );
  return worst(done);
};

export const runHosts: CommandSpec['run'] = async (desk) => {
  await desk.answer('enrolment_list', {}, renderHosts);
};

/** For a host that only its own administrators reach. */
async function writeScript(desk: Desk, start: Start, wanted: Wanted): Promise<number> {
  const { version, script, files } = await desk.commands.ssh.material(desk.home);
  const epoch = Math.max(...start.hosts.map((host) => host.epoch));
  const runnerBy = wanted.readerOnly ? 'none' : 'auto';
  const { organisation, controlPlane, keys } = start;
  desk.raw(
    scriptFor(script, {
      verb: 'install',
      organisation,
      controlPlane,
      keys,
      version,
      epoch,
      again: wanted.again,
      runnerBy,
      groups: wanted.groups,
      opens: start.hosts.length === 1 ? (start.hosts[0]?.opens ?? []) : [],
      files: await files(),
    }),
  );
  return EXIT_CODES.ok;
}

async function takeAnswer(desk: Desk, start: Start, options: Options): Promise<number> {
  const [host, ...more] = start.hosts;
  if (host === undefined || more.length > 0)
    throw new Fault('invalid', 'invalid-input', 'an answer is of one host: name its target');
  const text = await readText(desk.io, String(options['answer']), 65_536);
  const pins = pinsOf(host.target, parseNewHost(Buffer.from(text)));
  await desk.ask('enrolment_add', { host: pins as unknown as Json });
  const signs = options['sign'] !== false;
  const { says, next } = signs
    ? await signPending(desk, options, new Map([[host.target, pins]]))
    : { says: [], next: 'holdfast enroll --sign' };
  desk.show({ hosts: [], says, next } satisfies Outcome, renderOutcome);
  return EXIT_CODES.ok;
}
