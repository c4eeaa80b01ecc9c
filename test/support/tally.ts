/** A reporter that counts, and names what failed: one JSON object once the run has ended. Suites count when they are skipped or break. */
import { relative, resolve } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { stripVTControlCharacters } from 'node:util';

export type Tally = {
  passed: number;
  /** `file: name # message`, the message's first lines */
  failed: string[];
  /** `file: name # reason` */
  skipped: string[];
};

// oxlint-disable-next-line import/no-default-export -- the test runner takes a reporter as the default export
export default async function* tally(source: AsyncIterable<TestEvent>): AsyncIterable<string> {
  const counts: Tally = { passed: 0, failed: [], skipped: [] };
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { name, file, skip, todo, details } = event.data;
    const where = `${relative(process.cwd(), file ?? '')}: ${name}`;
    const left = skip ?? todo;
    if (left !== undefined && left !== false) {
      const reason = typeof left === 'string' ? left : 'no reason given';
      counts.skipped.push(`${where} # ${reason}`);
    } else if (event.type === 'test:fail') {
      const cause = 'error' in details ? details.error : undefined;
      const isOnlyChildren =
        cause instanceof Error && 'failureType' in cause && cause.failureType === 'subtestsFailed';
      if (!isOnlyChildren) counts.failed.push(`${where} # ${reasonOf(cause)}`);
    } else if (file !== undefined && resolve(name) === file) {
      // The runner takes a whole file for a test when it ends well without having held one.
      counts.failed.push(`${where} # holds no test`);
    } else if (details.type !== 'suite') {
      counts.passed += 1;
    }
  }
  yield JSON.stringify(counts);
}

const LINES = 12;

function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const text = inner instanceof Error ? inner.message : String(inner);
  return stripVTControlCharacters(text).split('\n').slice(0, LINES).join('\n    ');
}
