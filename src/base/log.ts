/**
 * The helpful log: a constant message and keys, one JSON line each. Not evidence (that is the
 * event log), never a secret, never raw text of a target: the sink is handed cleaned lines only.
 */

import { asFault } from './fault.ts';
import type { Clock } from './ports.ts';
import { formatInstant } from './time.ts';

export type LogKeys = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  info(message: string, keys?: LogKeys): void;
  warn(message: string, keys?: LogKeys): void;
  /** `thrown` is written with its whole chain of causes, which no surface ever shows. */
  error(message: string, thrown: unknown, keys?: LogKeys): void;
}

/** A log that writes JSON lines to `sink`; `clean` is the neutralising pipeline. */
export function jsonLog(
  clock: Clock,
  clean: (text: string) => string,
  sink: (line: string) => void,
): Log {
  const write = (level: string, message: string, keys: LogKeys): void => {
    const line: Record<string, string | number | boolean> = {
      time: formatInstant(clock.now()),
      level,
      message,
    };
    for (const [key, value] of Object.entries(keys)) {
      if (value !== undefined) line[key] = typeof value === 'string' ? clean(value) : value;
    }
    sink(`${JSON.stringify(line)}\n`);
  };
  return {
    info: (message, keys = {}) => write('info', message, keys),
    warn: (message, keys = {}) => write('warn', message, keys),
    error: (message, thrown, keys = {}) => {
      const fault = asFault(thrown);
      write('error', message, {
        ...keys,
        code: fault.code,
        fault: fault.message,
        cause: causes(thrown),
      });
    },
  };
}

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };

function causes(thrown: unknown): string {
  const chain: string[] = [];
  let at: unknown = thrown;
  for (let i = 0; i < 5 && at instanceof Error; i++) {
    chain.push(at.stack ?? at.message);
    at = at.cause;
  }
  return chain.join(' | caused by ').slice(0, 4_000);
}
