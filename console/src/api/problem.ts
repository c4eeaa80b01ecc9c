/** Faults as the service tells them: RFC 9457 problem details with the stable code. */
import type { Json } from './json.ts';

export type Kind =
  | 'invalid'
  | 'refused'
  | 'missing'
  | 'conflict'
  | 'unavailable'
  | 'uncertain'
  | 'broken';

const KINDS: ReadonlySet<string> = new Set([
  'invalid',
  'refused',
  'missing',
  'conflict',
  'unavailable',
  'uncertain',
  'broken',
] satisfies Kind[]);

export class Problem extends Error {
  override readonly name: string = 'Problem';
  readonly kind: Kind;
  readonly code: string;
  readonly status: number;
  readonly facts: Readonly<Record<string, Json>>;

  constructor(
    kind: Kind,
    code: string,
    message: string,
    more: { status?: number; facts?: Readonly<Record<string, Json>>; cause?: unknown } = {},
  ) {
    super(message, 'cause' in more ? { cause: more.cause } : undefined);
    this.kind = kind;
    this.code = code;
    this.status = more.status ?? 0;
    this.facts = more.facts ?? {};
  }
}

/** As told beside an answer, in place of a status. */
export function problemTold(told: {
  readonly kind: string;
  readonly code: string;
  readonly detail: string;
}): Problem {
  const kind = KINDS.has(told.kind) ? (told.kind as Kind) : 'refused';
  return new Problem(kind, told.code, told.detail);
}

export async function problemOf(response: Response): Promise<Problem> {
  let body: Readonly<Record<string, Json>> = {};
  try {
    body = (await response.json()) as typeof body;
  } catch {
    // No JSON: a proxy answered in place of the service.
  }
  const text = (name: string): string | undefined => {
    const value = body[name];
    return typeof value === 'string' ? value : undefined;
  };
  const kind = text('kind') ?? '';
  return new Problem(
    KINDS.has(kind) ? (kind as Kind) : kindOf(response.status),
    text('code') ?? `http-${response.status}`,
    text('detail') ?? text('title') ?? `the service answered ${response.status}`,
    {
      status: response.status,
      facts: (typeof body['facts'] === 'object' && body['facts'] !== null
        ? body['facts']
        : {}) as Readonly<Record<string, Json>>,
    },
  );
}

function kindOf(status: number): Kind {
  if (status === 401 || status === 403) return 'refused';
  if (status === 404) return 'missing';
  if (status === 409) return 'conflict';
  if (status === 429 || status >= 502) return 'unavailable';
  return status >= 500 ? 'broken' : 'invalid';
}

/** What was thrown, as a problem that can be shown. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof TypeError && /fetch|network|load failed/i.test(thrown.message)) {
    return new Problem(
      'unavailable',
      'not-connected',
      'the service cannot be reached: check that it is running and that this device has a connection',
      { cause: thrown },
    );
  }
  const says = thrown instanceof Error ? thrown.message : String(thrown);
  return new Problem('broken', 'console', says, { cause: thrown });
}
