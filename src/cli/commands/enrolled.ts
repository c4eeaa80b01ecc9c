/** What becomes of hosts once they are ours: other keys, other programs, and none of ours any more. */
import { asFault, Fault } from '#base/fault';

import { parseNewHost, parseRemoved, parseUpgraded, scriptFor } from '#enrolment';
import type { Desk } from '../desk.ts';
import { doorOf, inTurns, type Start, type Way } from '../enrolling.ts';
import type { HostDoor, HostMaterial } from '../operator-ssh.ts';
import { type Outcome, renderOutcome } from '../render/enrolment.ts';
import {
  asRoot,
  attempted,
  enrolledTargets,
  goOn,
  look,
  missing,
  rootDoor,
  shown,
  signPending,
  startOf,
  wantedOf,
} from './enrol-steps.ts';
import type { CommandSpec } from './spec.ts';

export const runUnenroll: CommandSpec['run'] = async (desk, [target = ''], options) => {
  const wanted = wantedOf(desk, options);
  const start = await startOf(desk, [target]);
  const host = start.hosts[0] ?? missing(target);
  const force = options['force'] === true;
  await goOn(desk, options, `Take everything of Holdfast away from ${host.target}?`);
  const material = await desk.commands.ssh.material(desk.home);
  const says: string[] = [];
  try {
    const door = await rootDoor(desk, doorOf(host, wanted, undefined), material.script);
    says.push(await takeAway(desk, door, material, start.organisation, force));
  } catch (thrown) {
    // Only of a host that nobody answers for: what it refuses, or leaves behind, is not taken for done.
    if (!force || !(thrown instanceof Fault) || thrown.code !== 'ssh-failed') throw thrown;
    says.push(`not cleaned: ${thrown.code}: ${thrown.message}`);
  }
  const { state } = (await desk.ask('enrolment_remove', { target: host.target })) as {
    readonly state: string;
  };
  const signs = state === 'pending' && options['sign'] !== false;
  const signed: Pick<Outcome, 'says' | 'next'> = signs
    ? await signPending(desk, options, new Map())
    : { says: [], next: state === 'pending' ? 'holdfast enroll --sign' : '' };
  desk.show(
    { hosts: [], says: [...says, ...signed.says], next: signed.next } satisfies Outcome,
    renderOutcome,
  );
};

async function takeAway(
  desk: Desk,
  door: HostDoor,
  { script }: HostMaterial,
  organisation: string,
  evenRunning: boolean,
): Promise<string> {
  const removal = scriptFor(script, { verb: 'remove', organisation, evenRunning });
  const bytes = await desk.commands.ssh.send(door, removal);
  try {
    const { left } = parseRemoved(bytes);
    if (left.length === 0) return 'nothing of ours is left there';
    throw new Fault(
      'uncertain',
      'left-behind',
      `not everything could be taken away: ${left.join(', ')}. Look there as root`,
    );
  } catch (thrown) {
    // Taken away before, and the answer was lost.
    if (thrown instanceof Fault && thrown.facts['code'] === 'not-enrolled')
      return 'nothing of ours was there';
    throw thrown;
  }
}

export const runRotateKeys: CommandSpec['run'] = async (desk, [words], options) => {
  const wanted = wantedOf(desk, options);
  const start = await startOf(desk, await enrolledTargets(desk, words));
  const targets = start.hosts.map(({ target }) => target);
  const isSame = options['same'] === true;
  await goOn(
    desk,
    options,
    `${isSame ? 'Write' : 'Change'} the transport keys of ${targets.length} hosts?`,
  );
  const { script } = await desk.commands.ssh.material(desk.home);
  const put = (keys: Start['keys'], next: Start['next']): Promise<readonly Way[]> =>
    inTurns(start.hosts, wanted.width, async (host): Promise<Way> => {
      const began = performance.now();
      const way = {
        target: host.target,
        start: host,
        door: doorOf(host, wanted, undefined),
        ms: 0,
      };
      return attempted(way, began, async () => {
        const door = await rootDoor(desk, way.door, script);
        const answer = parseNewHost(
          await desk.commands.ssh.send(
            door,
            scriptFor(script, {
              verb: 'keys',
              organisation: start.organisation,
              keys,
              next,
              opens: host.opens,
            }),
          ),
        );
        if (answer.hostId !== host.hostId)
          throw new Fault(
            'refused',
            'other-answer',
            `another host answers than the one enrolled: ${host.target}. Look at it before you try again`,
          );
      });
    });
  if (isSame) return shown(desk, await put(start.keys, start.next), ['the same keys'], '');
  const staged = (await desk.ask('enrolment_keys', { verb: 'stage' })) as unknown as Pick<
    Start,
    'keys' | 'next'
  >;
  const added = await put(staged.keys, staged.next);
  const failed = added.filter(({ fault }) => fault !== undefined);
  if (failed.length > 0)
    return shown(
      desk,
      added,
      ['the old keys stay in use: not every host has the next ones yet'],
      'run it again',
    );
  const { tried } = (await desk.ask('enrolment_keys', {
    verb: 'try',
    targets: [...targets],
  })) as unknown as {
    readonly tried: readonly { readonly target: string; readonly why: string | null }[];
  };
  const entered = added.map((way): Way => {
    const why = tried.find(({ target }) => target === way.target)?.why;
    if (why === null) return way;
    const says = `not entered with the next keys: ${why ?? 'not tried'}`;
    return {
      ...way,
      fault: new Fault(
        'unavailable',
        'key-not-taken',
        `${way.target}: ${says}. Mend that and run it again; the old keys stay in use`,
      ),
    };
  });
  if (entered.some(({ fault }) => fault !== undefined))
    return shown(desk, entered, ['the old keys stay in use'], 'run it again');
  const others = (await enrolledTargets(desk, undefined)).filter((id) => !targets.includes(id));
  if (others.length > 0)
    return shown(
      desk,
      entered,
      [`the old keys stay in use: ${others.length} other hosts have not the next ones yet`],
      'holdfast rotate-keys, without names',
    );
  await desk.ask('enrolment_keys', { verb: 'commit' });
  const cleared = await put(staged.next ?? staged.keys, null);
  return shown(
    desk,
    cleared,
    ['the next keys are in use'],
    cleared.some(({ fault }) => fault !== undefined)
      ? 'the old keys still open some hosts: run it again'
      : '',
  );
};

export const runUpgradeHosts: CommandSpec['run'] = async (desk, [words], options) => {
  const wanted = wantedOf(desk, options);
  const start = await startOf(desk, await enrolledTargets(desk, words));
  const material = await desk.commands.ssh.material(desk.home);
  const probed = await inTurns(start.hosts, wanted.width, async (host): Promise<Way> => {
    const door = doorOf(host, wanted, undefined);
    const way = { target: host.target, start: host, door, ms: 0 };
    try {
      const probe = await look(desk, door, material.script);
      return { ...way, door: asRoot(door, probe), probe };
    } catch (thrown) {
      return { ...way, fault: asFault(thrown) };
    }
  });
  const reached = probed.filter(({ fault }) => fault === undefined);
  // Only what answers with its new programs is a canary; those come first, so that the same ones stay canaries.
  const isNew = ({ probe }: Way): boolean => probe?.version === material.version;
  const news = reached.filter(isNew);
  const olds = reached.filter((way) => !isNew(way));
  const share = typeof options['percent'] === 'number' ? options['percent'] : 10;
  const isAll = options['stage'] === 'all';
  if (isAll && news.length === 0) {
    throw new Fault(
      'refused',
      'no-canary',
      `no host of these has version ${material.version} yet: begin with holdfast upgrade-hosts --stage canary`,
    );
  }
  const canaries = Math.max(1, Math.ceil((start.hosts.length * share) / 100));
  const chosen = isAll ? olds : olds.slice(0, Math.max(0, canaries - news.length));
  await goOn(
    desk,
    options,
    `Bring version ${material.version} to ${chosen.length} of ${start.hosts.length} hosts?`,
  );
  const one = async (way: Way): Promise<Way> =>
    attempted(way, performance.now(), async () => {
      try {
        parseUpgraded(
          await desk.commands.ssh.send(
            way.door,
            scriptFor(material.script, {
              verb: 'upgrade',
              version: material.version,
              files: await material.files(),
            }),
          ),
        );
      } catch (thrown) {
        if (!(thrown instanceof Fault) || thrown.facts['code'] !== 'same-version') throw thrown;
      }
    });
  // The first alone: what is wrong everywhere is found out on one host.
  const [first, ...rest] = chosen;
  const begun = first === undefined ? [] : [await one(first)];
  const stops = begun.some(({ fault }) => fault !== undefined);
  const done = [
    ...news,
    ...begun,
    ...(stops ? [] : await inTurns(rest, wanted.width, one)),
    ...probed.filter(({ fault }) => fault !== undefined),
  ];
  const failed = done.some(({ fault }) => fault !== undefined);
  return shown(
    desk,
    done,
    stops ? ['stopped after the first host; the others were not touched'] : [],
    failed
      ? 'mend what failed and run it again'
      : isAll
        ? ''
        : 'holdfast upgrade-hosts --stage all, once the canaries are well',
  );
};
