/** Time: the host's clock beside ours, and whether anything keeps it right. */
import { MICROS_PER_SECOND } from '#base/time';
import { ask, Notes } from './hearing.ts';
import { readProperties } from './properties.ts';
import type { Ask, HeardByKey, Part } from './report.ts';
import { count, linesOf } from './words.ts';

export const askTime: readonly Ask[] = [
  ask('clock', 'the clock', ['date', '+%s']),
  ask('timedate', 'what keeps the clock right', ['timedatectl', 'show', '--no-pager']),
  ask('container', 'whether it is a container', ['systemd-detect-virt', '--container']),
  ask('chrony', 'what chrony follows', ['chronyc', 'tracking', '-n']),
];

const WARNING = 5;
const CRITICAL = 60;

export function readTime(heard: HeardByKey): Part {
  const notes = new Notes('time', askTime, heard);
  const clock = notes.said('clock');
  if (clock !== undefined) {
    const told = count(clock.stdout.trim());
    if (told === undefined) notes.unknown('the clock: the answer is not understood');
    else {
      const off = offBy(
        told,
        clock.askedAt / MICROS_PER_SECOND,
        clock.answeredAt / MICROS_PER_SECOND,
      );
      if (Math.abs(off) >= WARNING)
        notes.find(
          Math.abs(off) >= CRITICAL ? 'critical' : 'warning',
          'clock-wrong',
          `the clock is ${Math.abs(off)} seconds ${off > 0 ? 'ahead of' : 'behind'} ours`,
          clock.stdout.trim(),
        );
      notes.state(
        `clock: ${Math.abs(off) < WARNING ? `within ${WARNING} seconds of ours` : `${off} seconds from ours`}`,
      );
    }
  }
  const container = notes.said('container', [0, 1]);
  const isContainer = container?.exit === 0;
  const timedate = notes.said('timedate');
  if (timedate !== undefined) {
    const [told] = readProperties(timedate.stdout);
    const synchronised = told?.get('NTPSynchronized');
    if (synchronised === 'no')
      notes.find(
        isContainer ? 'info' : 'warning',
        'clock-not-synchronised',
        isContainer
          ? 'the clock is that of the machine that the container runs on, which does not say that it is synchronised'
          : told?.get('NTP') === 'yes'
            ? 'the clock is not synchronised, though synchronisation is switched on'
            : 'the clock is not synchronised, and synchronisation is not switched on',
        `NTP=${told?.get('NTP') ?? ''} NTPSynchronized=no`,
      );
    else if (synchronised !== 'yes')
      notes.unknown('what keeps the clock right: the answer is not understood');
  }
  notes.section('chrony', linesOf(notes.maybe('chrony')?.stdout ?? ''), 14);
  return notes.part;
}

/** Whole seconds that a clock which said `told` is off, sure of it by when it was asked and answered. */
export function offBy(told: number, asked: number, answered: number): number {
  if (told > answered) return Math.ceil(told - answered);
  // A clock that shows whole seconds may be nearly one further.
  return told + 1 < asked ? -Math.ceil(asked - told - 1) : 0;
}
