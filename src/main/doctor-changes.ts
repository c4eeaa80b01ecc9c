/** What of this installation stands between a proposal and its run: people, rules, host, stops, proof. */
import { asFault } from '#base/fault';
import { type Instant, parseInstant } from '#base/time';

export type Check = {
  readonly name: string;
  readonly ok: boolean;
  readonly says?: string;
  /** What to do when it is not ok. */
  readonly mend?: string;
  /** What to do although it is: nothing is broken, something is missing. */
  readonly next?: string;
};

export type OperatorsThere = {
  readonly operators: readonly {
    readonly id: string;
    readonly keys: readonly { readonly type: string }[];
  }[];
  readonly recovery: boolean;
  readonly rules: readonly { readonly rule: string; readonly least: string }[];
};

/** Each is asked by itself, so that one that throws is one check that fails. */
export type ChangePatient = {
  readonly now: Instant;
  readonly operators: () => Promise<OperatorsThere>;
  readonly inForce: () => Promise<{
    readonly status: 'unsigned' | 'in-force' | 'changed' | 'restored';
    readonly version: number;
    readonly changed: readonly string[];
  }>;
  readonly policies: () => Promise<{
    readonly policies: number;
    readonly cases: number;
    readonly failed: readonly unknown[];
  }>;
  readonly catalogue: () => Promise<{ readonly all: readonly unknown[] }>;
  /** This machine as a host; `undefined` while it is not enrolled. */
  readonly host: () => Promise<
    { readonly configVersion: number; readonly stopped: string | null } | undefined
  >;
  readonly stops: () => {
    readonly stops: readonly { readonly id: string }[];
    readonly unreadable: string | null;
  };
  /** What waits for a signature. */
  readonly pending: () => Promise<
    readonly { readonly changeId: string; readonly decideBy: string }[]
  >;
  /** Permissions of the key of kept outputs; `undefined` where it is not there. */
  readonly outputsKey: () => Promise<number | undefined>;
  /** What makes the log known outside this machine, with its trouble. */
  readonly anchors: () => readonly {
    readonly by: string;
    readonly name: string;
    readonly trouble: string | null;
    /** What is outside contradicts this log. */
    readonly alarm: boolean;
  }[];
};

const SOON_SECONDS = 3_600;

export async function examineChanges(patient: ChangePatient): Promise<readonly Check[]> {
  const checks = await Promise.all([
    asked('operators', async () => people(await patient.operators())),
    asked('configuration in force', async () => [inForce(await patient.inForce())]),
    asked('policies', async () => [tested(await patient.policies())]),
    asked('catalogue', async () => {
      const { all } = await patient.catalogue();
      return [{ name: 'catalogue', ok: true, says: `${all.length} actions` }];
    }),
    asked('this machine as a host', async () => [await host(patient)]),
    asked('stops', async () => [stopped(patient.stops())]),
    asked('waiting for a signature', async () => [waiting(await patient.pending(), patient.now)]),
    asked('key of kept outputs', async () => [outputsKey(await patient.outputsKey())]),
    asked('anchor', async () => [anchored(patient.anchors())]),
  ]);
  return checks.flat();
}

async function asked(
  name: string,
  ask: () => Promise<readonly Check[]>,
): Promise<readonly Check[]> {
  try {
    return await ask();
  } catch (thrown) {
    const mend = 'do what that says, then run holdfast doctor again';
    return [{ name, ok: false, says: asFault(thrown).message, mend }];
  }
}

function people({ operators, recovery, rules }: OperatorsThere): readonly Check[] {
  if (operators.length === 0) {
    return [
      {
        name: 'operators',
        ok: true,
        says: 'nobody may sign yet, so this Holdfast looks and changes nothing',
        next: 'holdfast operator add <id>, at a terminal',
      },
    ];
  }
  const types = operators.flatMap(({ keys }) => keys.map(({ type }) => type));
  const hasTouch = types.some((type) => /^(?:root )?sk-/.test(type));
  const plain = rules.filter(({ least }) => least === 'same-user').map(({ rule }) => rule);
  const beyond = rules.filter(({ least }) => least !== 'same-user').map(({ rule }) => rule);
  return [
    { name: 'operators', ok: true, says: operators.map(({ id }) => id).join(', ') },
    {
      name: 'recovery key',
      ok: true,
      says: recovery ? 'named' : 'none, so T2 and above are refused',
      ...(recovery
        ? {}
        : { next: 'holdfast operator recovery --recovery-key <path>, kept offline' }),
    },
    {
      name: 'what a key file may sign',
      ok: true,
      says: `${plain.join(', ') || 'nothing'}${
        beyond.length === 0
          ? ''
          : `; more is needed for ${rules
              .filter(({ least }) => least !== 'same-user')
              .map(({ rule, least }) => `${rule} (${least})`)
              .join(', ')}`
      }`,
      ...(beyond.length === 0 || hasTouch
        ? {}
        : {
            next: `nobody has a security key: add one (holdfast operator add <id> --public <path>), or accept key files: holdfast config rule ${beyond[0]} --least same-user`,
          }),
    },
  ];
}

type InForceThere = Awaited<ReturnType<ChangePatient['inForce']>>;

function inForce({ status, version, changed }: InForceThere): Check {
  const name = 'configuration in force';
  switch (status) {
    case 'unsigned':
      return { name, ok: true, says: 'unsigned, until there is an operator' };
    case 'in-force':
      return { name, ok: true, says: `version ${version}, as it was signed` };
    case 'restored':
      return {
        name,
        ok: false,
        says: 'a backup was put back and nobody signed since, so nothing above T0 runs',
        mend: 'holdfast config status says what holds again; then holdfast config sign',
      };
    case 'changed':
      return {
        name,
        ok: false,
        says: `edited since version ${version} was signed, so nothing above T0 runs: ${changed.join('; ')}`,
        mend: 'look at what was edited, then holdfast config sign',
      };
  }
}

function tested({
  policies,
  cases,
  failed,
}: Awaited<ReturnType<ChangePatient['policies']>>): Check {
  return {
    name: 'policies',
    ok: true,
    says: `${policies} files; ${cases - failed.length} of ${cases} shipped cases decided as shipped`,
    // Policies of one's own may well decide otherwise.
    ...(failed.length === 0 ? {} : { next: 'holdfast policy test, and see that each is meant' }),
  };
}

async function host(patient: ChangePatient): Promise<Check> {
  const name = 'this machine as a host';
  const [there, { status, version }] = await Promise.all([patient.host(), patient.inForce()]);
  if (there === undefined) {
    return status === 'unsigned'
      ? { name, ok: true, says: 'enrolled with the first operator' }
      : { name, ok: false, says: 'not enrolled', mend: 'restart the service: it enrols it' };
  }
  if (there.configVersion !== version) {
    return {
      name,
      ok: false,
      says: `it has configuration version ${there.configVersion}, in force is ${version}`,
      mend: 'restart the service: it brings what is missing. A host that is ahead means an older directory was put back: holdfast verify',
    };
  }
  return there.stopped === null
    ? { name, ok: true, says: `enrolled, configuration version ${there.configVersion}` }
    : {
        name,
        ok: false,
        says: `stopped: ${there.stopped}`,
        mend: `holdfast stop list; an operator lifts it: holdfast stop lift ${there.stopped}`,
      };
}

function stopped({ stops, unreadable }: ReturnType<ChangePatient['stops']>): Check {
  const name = 'stops';
  if (unreadable !== null) {
    return {
      name,
      ok: false,
      says: `what is stopped cannot be read, so everything is: ${unreadable}`,
      mend: 'mend or remove what it names, then holdfast stop list',
    };
  }
  return stops.length === 0
    ? { name, ok: true, says: 'none' }
    : {
        name,
        ok: false,
        says: `in force: ${stops.map(({ id }) => id).join(', ')}`,
        mend: 'holdfast stop list; an operator lifts one with holdfast stop lift',
      };
}

function waiting(pending: Awaited<ReturnType<ChangePatient['pending']>>, now: Instant): Check {
  const soon = pending.filter(
    ({ decideBy }) => (parseInstant(decideBy) - now) / 1_000_000 < SOON_SECONDS,
  );
  const [first] = soon;
  return {
    name: 'waiting for a signature',
    ok: true,
    says: `${pending.length}${soon.length === 0 ? '' : `, of them within the hour: ${soon.length}`}`,
    ...(first === undefined
      ? pending.length === 0
        ? {}
        : { next: 'holdfast approvals' }
      : { next: `holdfast approve ${first.changeId}` }),
  };
}

function outputsKey(mode: number | undefined): Check {
  const name = 'key of kept outputs';
  if (mode === undefined)
    return {
      name,
      ok: false,
      says: 'not there',
      mend: 'restart the service, or restore keys/ from a backup',
    };
  return (mode & 0o077) === 0
    ? { name, ok: true, says: 'there, and private' }
    : { name, ok: false, says: 'others may read it', mend: 'chmod 600 keys/outputs' };
}

function anchored(anchors: ReturnType<ChangePatient['anchors']>): Check {
  const name = 'anchor';
  if (anchors.length === 0) {
    return {
      name,
      ok: true,
      says: 'the log is not anchored outside this machine: who is root here can rewrite all of it, keys included',
      next: 'name a witness, a timestamp authority or an anchor file in evidence.yaml (docs/operate/anchor-the-log.md)',
    };
  }
  const wrong = anchors.filter(({ trouble, alarm }) => trouble !== null || alarm);
  return {
    name,
    ok: wrong.length === 0,
    says:
      wrong.length === 0
        ? anchors.map(({ by, name: who }) => `${by} ${who}`).join(', ')
        : wrong
            .map(
              (one) =>
                `${one.alarm ? 'ALARM: ' : ''}${one.by} ${one.name}: ${one.trouble ?? 'contradicts this log'}`,
            )
            .join('; '),
    mend: 'holdfast evidence status. An alarm means that the log was rewritten, or is another one: holdfast verify',
  };
}
