/** Every fault as a problem document (RFC 9457): the stable code, words for people, and what to do next. */
import { asFault, type Fault, type FaultKind } from '#base/fault';
import type { JsonObject } from '#base/json';
import { statusOf } from './faults.ts';

export type Problem = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonObject;
};

/** RFC 9457, 3. `clean` keeps what a target or an assistant wrote harmless wherever it is shown. */
export function problemOf(
  thrown: unknown,
  clean: (text: string) => string,
  more: JsonObject = {},
  /** Where whoever asks learns who may: RFC 9110, 15.5.2. */
  challenge: (fault: Fault) => string | undefined = () => undefined,
): Problem {
  const fault = asFault(thrown);
  const status = statusOf(fault);
  const detail = clean(fault.message);
  const retryAfter = fault.facts['retryAfter'];
  const authenticate = challenge(fault);
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      ...(typeof retryAfter === 'number' ? { 'retry-after': String(retryAfter) } : {}),
      ...(authenticate === undefined ? {} : { 'www-authenticate': authenticate }),
      ...(status === 405 ? { allow: 'GET, HEAD, POST, DELETE' } : {}),
    },
    body: {
      type: `urn:holdfast:fault:${fault.code}`,
      title: TITLES[fault.kind],
      status,
      code: fault.code,
      kind: fault.kind,
      detail,
      facts: cleanFacts(fault, clean),
      ...more,
    },
  };
}

export const TITLES = {
  invalid: 'Ask for something else',
  refused: 'Not allowed',
  missing: 'There is no such thing',
  conflict: 'It changed meanwhile: read again, then ask again',
  unavailable: 'Not possible now: ask again later',
  uncertain: 'It may have happened: look before asking again',
  broken: 'An error of the service',
} as const satisfies Record<FaultKind, string>;

function cleanFacts({ facts }: Fault, clean: (text: string) => string): JsonObject {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      typeof value === 'string'
        ? clean(value)
        : Array.isArray(value)
          ? value.map((each: string | number) => (typeof each === 'string' ? clean(each) : each))
          : value,
    ]),
  ) as JsonObject;
}
