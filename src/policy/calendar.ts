/**
 * Maintenance windows and freezes at a moment. Weekly spans go by the clock on the wall of their
 * place: where it is set back, an hour that comes twice counts twice; an hour left out never comes.
 */
import type { Instant } from '#base/time';
import type { Environment, Target, Tier } from '#model';
import type { CalendarEntry, Settings, Span, Where } from './settings.ts';

export type Calendar = {
  /** Every target has an open window. Without a window that fits a target, it has none. */
  readonly inWindow: boolean;
  /** A freeze holds for at least one of them. */
  readonly frozen: boolean;
  /** Names of the windows that are open and of the freezes that hold. */
  readonly windows: readonly string[];
  readonly freezes: readonly string[];
};

export function calendar(
  settings: Pick<Settings, 'windows' | 'freezes'>,
  targets: readonly Target[],
  now: Instant,
): Calendar {
  const windows = settings.windows.filter(({ span }) => holds(span, now));
  const freezes = settings.freezes.filter(({ span }) => holds(span, now));
  const fits = ({ where }: CalendarEntry): boolean => targets.some((each) => covers(where, each));
  return {
    inWindow:
      targets.length > 0 &&
      targets.every((target) => windows.some(({ where }) => covers(where, target))),
    frozen: freezes.some(fits),
    windows: windows.filter(fits).map(({ name }) => name),
    freezes: freezes.filter(fits).map(({ name }) => name),
  };
}

/** Whether the approver has to be someone else than the person behind the request. */
export function needsFourEyes(
  settings: Pick<Settings, 'fourEyes'>,
  tier: Tier,
  environments: readonly Environment[],
  operators: number,
): boolean {
  return environments.some((environment) => {
    const rule = settings.fourEyes.findLast(
      (each) =>
        each.tier === tier &&
        (each.environments === null || each.environments.includes(environment)),
    );
    return rule?.when === 'always' || (rule?.when === 'several-operators' && operators > 1);
  });
}

export function isZone(zone: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
    return true;
  } catch {
    return false;
  }
}

function covers(where: Where, target: Target): boolean {
  return (
    (where.environments === null || where.environments.includes(target.environment)) &&
    (where.tags === null || where.tags.some((tag) => target.tags.includes(tag))) &&
    (where.targets === null || where.targets.includes(target.id))
  );
}

function holds(span: Span, now: Instant): boolean {
  if (span.kind === 'once') return now >= span.from && now < span.to;
  const local = Temporal.Instant.fromEpochMilliseconds(Math.floor(now / 1000)).toZonedDateTimeISO(
    span.zone,
  );
  const minute = local.hour * 60 + local.minute;
  const today = span.days.includes(local.dayOfWeek);
  if (span.from < span.to) return today && minute >= span.from && minute < span.to;
  const yesterday = span.days.includes(local.dayOfWeek === 1 ? 7 : local.dayOfWeek - 1);
  return (today && minute >= span.from) || (yesterday && minute < span.to);
}
