/** What the policies on disk would say of cases and of the past. */
import { join } from 'node:path';
import { Fault } from '#base/fault';
import type { Files } from '#base/ports';
import { CHANGE_STATES, type Decision } from '#model';
import type { PolicyPowers } from '#operations';
import {
  explain,
  type PastQuestion,
  type PolicyQuestion,
  replay,
  SHIPPED_CASES,
  testPolicies,
} from '#policy';
import type { Store } from '#store';
import type { Paths } from './data-directory.ts';
import { policyEditor } from './policy-editor.ts';
import { type PoliciesInForce, SHIPPED_POLICIES } from './policy-keeper.ts';

export function policyTools(
  files: Files,
  store: Store,
  policies: () => Promise<PoliciesInForce>,
  paths: Paths,
): PolicyPowers {
  return {
    ...policyEditor({ files, paths, past: (limit, change) => pastOf(store, limit, change) }),

    async test(cases) {
      const { files: set, settings } = await policies();
      const file =
        cases === undefined
          ? { path: `shipped/${SHIPPED_CASES}`, text: await shippedCases(files) }
          : { path: 'cases', text: cases };
      const results = testPolicies(set, settings, file);
      const failed = results.filter(({ differs }) => differs !== null);
      return {
        ok: failed.length === 0,
        policies: set.length,
        cases: results.length,
        failed: failed.map(({ file: path, line, name, differs }) => ({
          at: `${path}:${line}`,
          name,
          differs,
        })),
      };
    },

    async explain(changeId) {
      const question = questionOf(store, changeId);
      if (question === undefined) {
        throw new Fault(
          'missing',
          'not-decided',
          `policies were not asked about it: ${changeId.slice(0, 80)}. It was refused before, or is not known`,
        );
      }
      const { engine } = await policies();
      return { changeId, lines: [...explain(engine, question.question)] };
    },

    async replay(limit) {
      const { engine, digest } = await policies();
      const past = pastOf(store, limit);
      const otherwise = replay(engine, past);
      return {
        policies: digest,
        replayed: past.length,
        otherwise: otherwise.map(({ change, before: was, after }) => ({
          change,
          before: `${was.verdict} (${was.because})`,
          after: `${after.verdict} (${after.because}): ${after.says}`,
        })),
      };
    },
  };
}

/** Newest first; with an id, of that change alone. */
function pastOf(store: Store, limit: number, change?: string): readonly PastQuestion[] {
  const ids =
    change === undefined
      ? store.changes
          .inStates(CHANGE_STATES)
          .toReversed()
          .map(({ id }) => id)
      : [change];
  const past: PastQuestion[] = [];
  for (const id of ids) {
    if (past.length === limit) break;
    const question = questionOf(store, id);
    if (question !== undefined) past.push(question);
  }
  return past;
}

/** The question as it was put when the change was decided, and the answer it got. */
function questionOf(store: Store, change: string): PastQuestion | undefined {
  for (const { detail } of store.changes.transitions(change).toReversed()) {
    const { question, decision } = detail as {
      readonly question?: unknown;
      readonly decision?: unknown;
    };
    if (question !== undefined && decision !== undefined)
      return { change, question: question as PolicyQuestion, decision: decision as Decision };
  }
  return undefined;
}

async function shippedCases(files: Files): Promise<string> {
  const bytes = await files.read(join(SHIPPED_POLICIES, SHIPPED_CASES));
  return Buffer.from(bytes ?? '').toString('utf8');
}
