/**
 * Policies as an operator edits them: shown, tried and held against the past without anything being in force,
 * and written to the data directory. What is written is unsigned until an operator signs it.
 */
import { join } from 'node:path';
import { CAPABILITIES, PROFILES } from '#access';
import { digestOf, sha256 } from '#base/digest';
import { asFault, Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { Files } from '#base/ports';
import type { MatrixQuestion, PolicyPowers, PolicyText } from '#operations';
import {
  DEFAULT_SETTINGS,
  explain,
  type LoadedPolicies,
  loadPolicies,
  type PastQuestion,
  parseSettings,
  replay,
  type Settings,
  type TableCaller,
  verdictTable,
} from '#policy';
import type { Paths } from './data-directory.ts';
import { isPolicyName, readOwnPolicy, readShipped, SETTINGS_FILE } from './policy-keeper.ts';

export type EditorNeeds = {
  readonly files: Files;
  readonly paths: Paths;
  /** The newest first; with an id, that change alone. */
  readonly past: (limit: number, change?: string) => readonly PastQuestion[];
};

export type PolicyEditor = Pick<PolicyPowers, 'show' | 'matrix' | 'check' | 'save'>;

const VOCABULARY = { profiles: Object.keys(PROFILES), capabilities: [...CAPABILITIES] };
const MOST_FILES = 64;

export function policyEditor({ files, paths, past }: EditorNeeds): PolicyEditor {
  const current = () => currentTexts(files, paths);
  return {
    async show() {
      const { own, texts } = await current();
      const { problems, loaded } = tryLoad(texts, own);
      return {
        own,
        base: baseOf(texts, own),
        files: texts.map(({ name, text }) => ({ name, text, sha256: sha256(text) })),
        problems: [...problems],
        policies: loaded === undefined ? null : sha256(loaded.engine.digest),
        mode: loaded?.settings.mode ?? null,
        organisation: loaded?.settings.organisation ?? null,
        rules: loaded === undefined ? [] : rulesOf(loaded.engine),
      };
    },

    async matrix(question) {
      const { own, texts } = question.files === undefined ? await current() : edited(question);
      const { problems, loaded } = tryLoad(texts, own);
      return {
        problems: [...problems],
        mode: loaded?.settings.mode ?? null,
        rows: loaded === undefined ? [] : (rowsOf(loaded, question) as unknown as Json[]),
      };
    },

    async check(question) {
      const { texts } = edited(question);
      const { problems, loaded } = tryLoad(texts, true);
      if (loaded === undefined) return { ok: false, problems: [...problems], replay: null };
      const asked = past(question.replay);
      return {
        ok: true,
        problems: [],
        policies: sha256(loaded.engine.digest),
        replay: {
          replayed: asked.length,
          otherwise: replay(loaded.engine, asked).map(({ change, before, after }) => ({
            change,
            before: { verdict: before.verdict, because: before.because },
            after: { verdict: after.verdict, because: after.because, says: after.says },
          })),
        },
        ...explained(loaded.engine, past, question.changeId),
      };
    },

    async save({ base, files: texts }) {
      const before = await current();
      if (baseOf(before.texts, before.own) !== base)
        throw new Fault(
          'conflict',
          'policy-moved',
          'the policies were edited meanwhile: look at what is there now, and save again',
        );
      const wanted = edited({ files: texts }).texts;
      const { problems } = tryLoad(wanted, true);
      if (problems.length > 0)
        throw new Fault(
          'invalid',
          'invalid-policy',
          `the policies cannot be used: ${problems.join('\n')}\nCorrect them; nothing was written`,
          { facts: { problems } },
        );
      await files.makeDirectory(paths.policy);
      const kept = new Set(wanted.map(({ name }) => name));
      const written: string[] = [];
      for (const { name, text } of wanted) {
        const was = before.own && before.texts.find((each) => each.name === name);
        if (was && was.text === text) continue;
        await files.replace(join(paths.policy, name), Buffer.from(text), 0o600);
        written.push(name);
      }
      const removed = before.own
        ? before.texts.map(({ name }) => name).filter((name) => !kept.has(name))
        : [];
      for (const name of removed) await files.remove(join(paths.policy, name));
      return { written, removed, base: baseOf(wanted, true) };
    },
  };
}

type Loaded = { readonly engine: LoadedPolicies; readonly settings: Settings };
type Texts = { readonly own: boolean; readonly texts: readonly PolicyText[] };

async function currentTexts(files: Files, paths: Paths): Promise<Texts> {
  const own = (await readOwnPolicy(files, paths)) ?? [];
  const texts = own.map(({ name, text }) => ({ name, text }));
  if (texts.some(({ name }) => name !== SETTINGS_FILE)) return { own: true, texts };
  const shipped = (await readShipped(files)).map(({ path, text }) => ({
    name: path.slice('shipped/'.length),
    text,
  }));
  return { own: false, texts: [...shipped, ...texts] };
}

function edited({ files = [] }: { readonly files?: readonly PolicyText[] | undefined }): Texts {
  const names = new Set(files.map(({ name }) => name));
  const wrong = files.find(({ name }) => !isPolicyName(name));
  if (wrong !== undefined || names.size < files.length || files.length > MOST_FILES)
    throw new Fault(
      'invalid',
      'invalid-policy-file',
      `not a set of policy files: ${JSON.stringify(wrong?.name.slice(0, 80) ?? files.length)}. Each has its own name and ends in .cedar or .cedarschema; settings are settings.yaml; at most ${MOST_FILES}`,
    );
  const texts = files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return { own: true, texts };
}

function load(texts: readonly PolicyText[], own: boolean): Loaded {
  const text = texts.find(({ name }) => name === SETTINGS_FILE)?.text;
  const settings =
    text === undefined ? DEFAULT_SETTINGS : parseSettings(text, `policy/${SETTINGS_FILE}`);
  const policies = texts
    .filter(({ name }) => name !== SETTINGS_FILE)
    .map((each) => ({ path: `${own ? 'policy' : 'shipped'}/${each.name}`, text: each.text }));
  return { engine: loadPolicies(policies, settings, VOCABULARY), settings };
}

function tryLoad(
  texts: readonly PolicyText[],
  own: boolean,
): { readonly problems: readonly string[]; readonly loaded?: Loaded } {
  try {
    const loaded = load(texts, own);
    // Rules are read when they are first asked for; what is wrong with them is told here.
    rulesOf(loaded.engine);
    return { problems: [], loaded };
  } catch (thrown) {
    const fault = asFault(thrown);
    const { problems } = fault.facts as { readonly problems?: readonly string[] };
    return { problems: problems ?? [fault.message] };
  }
}

function rulesOf(engine: LoadedPolicies): Json[] {
  return [...engine.rules.values()].map(({ id, effect, why, code, file, line }) => ({
    id,
    effect,
    why,
    code,
    file,
    line,
  }));
}

function rowsOf({ engine, settings }: Loaded, question: MatrixQuestion): readonly unknown[] {
  const callers: TableCaller[] = question.kinds.flatMap((kind) =>
    (question.profiles ?? Object.keys(PROFILES)).map((profile) => ({
      kind,
      profile,
      capabilities: question.capabilities ?? capabilitiesOf(profile),
    })),
  );
  const { tainted, standing, inWindow, frozen, ceiling } = question;
  const mode = question.mode ?? settings.mode;
  return verdictTable(engine, callers, { mode, ceiling, tainted, standing, inWindow, frozen }).map(
    (row) => ({
      ...row,
      cells: Object.fromEntries(
        Object.entries(row.cells).map(([tier, { verdict, because, says }]) => [
          tier,
          { verdict, because, says },
        ]),
      ),
    }),
  );
}

/** A profile that is not known holds nothing. */
function capabilitiesOf(profile: string): readonly string[] {
  return (PROFILES as Readonly<Record<string, readonly string[]>>)[profile] ?? [];
}

function explained(
  engine: LoadedPolicies,
  past: EditorNeeds['past'],
  change: string | undefined,
): { readonly explain?: string[] } {
  if (change === undefined) return {};
  const [question] = past(1, change);
  return { explain: question === undefined ? [] : [...explain(engine, question.question)] };
}

/** What an edit was made from. */
function baseOf(texts: readonly PolicyText[], own: boolean): string {
  return digestOf({ own, files: texts.map(({ name, text }) => [name, sha256(text)]) });
}
