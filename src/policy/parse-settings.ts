/** `policy/settings.yaml` in, settings out. What is not understood is refused, never skipped. */
import { sha256 } from '#base/digest';
import { tryParseInstant } from '#base/time';
import { ENVIRONMENTS, MODES, TIERS } from '#model';
import { isZone } from './calendar.ts';
import { invalidPolicy, type Problem } from './faults.ts';
import {
  type CalendarEntry,
  DEFAULT_GUARDS,
  DEFAULT_SETTINGS,
  type GuardLimits,
  type Settings,
  type Share,
  type Span,
} from './settings.ts';
import {
  into,
  list,
  named,
  oneOf,
  type Place,
  type Read,
  readYaml,
  record,
  text,
  whole,
} from './yaml.ts';

const FILE_CHARS = 256 * 1024;
const DAY_SECONDS = 86_400;
const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const instantText = into(text(40), (value, place) => {
  const found = tryParseInstant(value);
  if (found === undefined)
    place.say(place.at, `${place.what} must be a time like 2026-12-20T00:00:00+01:00`);
  return found;
});

const timeOfDay = into(
  text(5, /^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day like "02:30", in quotes'),
  (value) => Number(value.slice(0, 2)) * 60 + Number(value.slice(3)),
);

const once: Read<Span> = into(
  record({ from: instantText, to: instantText }),
  ({ values: { from, to }, place }) => {
    if (from === undefined || to === undefined || from >= to)
      return missing(place, 'needs from and to, in this order');
    return { kind: 'once', from, to };
  },
);

const weekly: Read<Span> = into(
  record({
    days: list(oneOf(DAYS)),
    from: timeOfDay,
    to: timeOfDay,
    zone: text(64),
  }),
  ({ values: { days = DAYS, from, to, zone }, place }) => {
    if (from === undefined || to === undefined || zone === undefined || days.length === 0)
      return missing(place, 'needs from, to and zone');
    if (!isZone(zone))
      return missing(
        place,
        `has a zone that is not known: ${zone}. Give an IANA name like Europe/Berlin`,
      );
    return { kind: 'weekly', days: days.map((day) => DAYS.indexOf(day) + 1), from, to, zone };
  },
);

const calendarEntry: Read<CalendarEntry> = into(
  record({
    name: text(),
    environments: list(oneOf(ENVIRONMENTS)),
    tags: list(text()),
    targets: list(text()),
    once,
    weekly,
  }),
  ({ values, place }) => {
    const span = values.once ?? values.weekly;
    if (values.name === undefined) return missing(place, 'needs a name');
    if (span === undefined || (values.once !== undefined && values.weekly !== undefined))
      return missing(place, 'needs either once or weekly');
    const { environments = null, tags = null, targets = null } = values;
    for (const each of [environments, tags, targets])
      if (each?.length === 0) return missing(place, 'has an empty list: leave the key out for all');
    return { name: values.name, where: { environments, tags, targets }, span };
  },
);

const number = whole(0, 1_000_000);
const seconds = whole(0, DAY_SECONDS);
const shareOf = record({ percent: whole(0, 100), atLeast: whole(1, 1_000_000) });
const sharesOf = record({ hour: shareOf, day: shareOf });

const guards = record({
  cooldownSeconds: seconds,
  budget: record({
    perScopeHour: number,
    perScopeDay: number,
    perCallerHour: number,
    perCallerDay: number,
  }),
  concurrency: record({ perTarget: whole(1, 100), perCaller: whole(1, 10_000) }),
  breaker: record({ attempts: whole(1, 1_000), withinSeconds: seconds, openSeconds: seconds }),
  flap: record({ times: whole(2, 1_000), withinSeconds: seconds }),
  blastRadius: record({ groups: sharesOf, redundancySets: sharesOf }),
});

const root = record({
  version: whole(1, 1),
  organisation: text(64, /^[a-z0-9][a-z0-9._-]*$/, 'must be lower-case letters, digits and . _ -'),
  mode: oneOf(MODES),
  ceilings: named(/^[a-z0-9][a-z0-9._-]{0,63}$/, oneOf(TIERS)),
  windows: list(calendarEntry),
  freezes: list(calendarEntry),
  guards,
  fourEyes: list(
    into(
      record({
        tier: oneOf(['T2', 'T3'] as const),
        environments: list(oneOf(ENVIRONMENTS)),
        when: oneOf(['never', 'always', 'several-operators'] as const),
      }),
      ({ values: { tier, environments = null, when }, place }) =>
        tier === undefined || when === undefined
          ? missing(place, 'needs tier and when')
          : { tier, environments, when },
    ),
  ),
  decideByHours: whole(1, 24 * 30),
  runByMinutes: whole(1, 24 * 60),
  stabiliseSeconds: record({ least: whole(0, 3_600), most: whole(0, 3_600) }),
});

/** Reads settings, or throws `invalid-policy` with every problem as `file:line: …`. */
export function parseSettings(source: string, file = 'policy/settings.yaml'): Settings {
  const problems: Problem[] = [];
  const given = readYaml(file, source, FILE_CHARS, root, problems);
  if (given !== undefined) {
    const { version, organisation } = given.values;
    if (version === undefined && problems.length === 0)
      given.place.say(0, 'version is missing: write version: 1');
    if (organisation === undefined && problems.length === 0)
      given.place.say(0, 'organisation is missing: give a short name, like organisation: main');
  }
  const settings = given === undefined ? undefined : settle(given, `sha256:${sha256(source)}`);
  if (problems.length > 0 || settings === undefined) throw invalidPolicy('the settings', problems);
  return settings;
}

function settle({ values }: NonNullable<ReturnType<typeof root>>, digest: string): Settings {
  const { least, most } = {
    ...DEFAULT_SETTINGS.stabiliseSeconds,
    ...given(values.stabiliseSeconds),
  };
  if (least > most)
    values.stabiliseSeconds?.place.say(
      values.stabiliseSeconds.place.at,
      'stabiliseSeconds: least is more than most',
    );
  return {
    organisation: values.organisation ?? '',
    mode: values.mode ?? DEFAULT_SETTINGS.mode,
    ceilings: values.ceilings ?? DEFAULT_SETTINGS.ceilings,
    windows: values.windows ?? [],
    freezes: values.freezes ?? [],
    guards: values.guards === undefined ? DEFAULT_GUARDS : limits(values.guards.values),
    fourEyes: [...DEFAULT_SETTINGS.fourEyes, ...(values.fourEyes ?? [])],
    decideByHours: values.decideByHours ?? DEFAULT_SETTINGS.decideByHours,
    runByMinutes: values.runByMinutes ?? DEFAULT_SETTINGS.runByMinutes,
    stabiliseSeconds: { least, most },
    digest,
  };
}

function limits(values: NonNullable<ReturnType<typeof guards>>['values']): GuardLimits {
  const base = DEFAULT_GUARDS;
  const shares = (
    name: keyof GuardLimits['blastRadius'],
  ): { readonly hour: Share; readonly day: Share } => {
    const said = values.blastRadius?.values[name]?.values;
    return {
      hour: { ...base.blastRadius[name].hour, ...given(said?.hour) },
      day: { ...base.blastRadius[name].day, ...given(said?.day) },
    };
  };
  return {
    cooldownSeconds: values.cooldownSeconds ?? base.cooldownSeconds,
    budget: { ...base.budget, ...given(values.budget) },
    concurrency: { ...base.concurrency, ...given(values.concurrency) },
    breaker: { ...base.breaker, ...given(values.breaker) },
    flap: { ...base.flap, ...given(values.flap) },
    blastRadius: { groups: shares('groups'), redundancySets: shares('redundancySets') },
  };
}

/** The values that are there, so that the others keep what they were. */
function given<V extends object>(
  from: { readonly values: V } | undefined,
): { readonly [K in keyof V]?: Exclude<V[K], undefined> } {
  return Object.fromEntries(
    Object.entries(from?.values ?? {}).filter(([, value]) => value !== undefined),
  ) as { [K in keyof V]?: Exclude<V[K], undefined> };
}

function missing(place: Place, why: string): undefined {
  place.say(place.at, `${place.what} ${why}`);
}
