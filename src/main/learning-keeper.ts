/**
 * Refused commands remembered without their secrets, and what becomes of a suggestion: a file that an
 * operator moves from folder to folder. Only what lies in the folder of entries itself decides anything,
 * and only once an operator has signed it; nothing here does either.
 */
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import type { Json, JsonObject } from '#base/json';
import type { Log } from '#base/log';
import type { Clock, Files } from '#base/ports';
import { formatInstant } from '#base/time';
import {
  beyond,
  type CommandSuggestion,
  examine,
  isRipe,
  isWithin,
  type Learnt,
  NO_TALLY,
  noted,
  parseEntries,
  pushedOut,
  type ShadowCounts,
  shadowOf,
  statisticsOf,
  suggestionsFrom,
  type Tally,
} from '#commands';
import type { EventInput, EventLog } from '#evidence';
import type { CommandAnalysis, CommandPowers, CommandQuestion, LearningPowers } from '#operations';
import { clean } from '#redaction';
import type { Store, StoreTransaction } from '#store';
import { hidesSomething, sampleOf } from './blocked-sample.ts';
import type { Grammar } from './command-keeper.ts';
import { ShadowBench } from './shadow-bench.ts';
import { SuggestionFiles, type SuggestionPlace } from './suggestion-files.ts';

export type LearningNeeds = {
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Pick<Store, 'write' | 'blocked'>;
  readonly events: Pick<EventLog, 'append'>;
  /** The folder of the operator's own entries. */
  readonly folder: string;
  readonly grammar: () => Promise<Grammar>;
  readonly isSigned: () => Promise<boolean>;
};

const NAME_CHARS = 120;
const BLOCKED = 'command.blocked';
const STEP = 'command.suggestion';

type Standing = Parameters<CommandPowers['noteBlocked']>[2];

export class LearningKeeper implements LearningPowers {
  readonly #needs: LearningNeeds;
  readonly #places: SuggestionFiles;
  readonly #shadows: ShadowBench;
  #beyond = 0;
  #moving: Promise<unknown> = Promise.resolve();

  constructor(needs: LearningNeeds) {
    this.#needs = needs;
    this.#places = new SuggestionFiles(needs.files, needs.folder);
    this.#shadows = new ShadowBench(needs, this.#places);
  }

  /** Never fails the refusal that it is about. */
  async noteBlocked(
    question: CommandQuestion,
    analysis: CommandAnalysis,
    standing: Standing,
  ): Promise<void> {
    try {
      await this.#note(question, analysis, standing);
    } catch (thrown) {
      this.#needs.log.error('a refused command is not remembered', thrown);
    }
  }

  async #note(
    question: CommandQuestion,
    { code, class: of, tier, label, argv }: CommandAnalysis,
    { caller, now, requestId }: Standing,
  ): Promise<void> {
    const { store, events } = this.#needs;
    const session = shortHash(caller.session);
    if (!isWithin(tallyOf(store.blocked.note('tally')), session, now)) {
      this.#beyond += 1;
      return;
    }
    const { judge } = await this.#needs.grammar();
    const found = examine(judge, argv, code);
    const isKept = found.shape !== null && !hidesSomething(argv ?? []);
    const block = {
      at: now,
      session,
      person: clean(caller.onBehalfOf ?? caller.principal, { maxChars: NAME_CHARS }).text,
      target: question.target?.id ?? null,
      code,
      class: of,
      tier,
      label,
      shape: isKept ? found.shape : null,
      noDraft: found.noDraft,
      sample: argv === null ? null : sampleOf(argv),
    };
    const id = isKept ? found.id : null;
    const late = this.#beyond;
    await this.#keeping(async ({ blocked }) => {
      const before = beyond(tallyOf(blocked.note('tally')), late);
      const known = id === null ? undefined : learntOf(blocked.byId(id));
      const { tally, row } = noted(block, before, id, known);
      const gone = row === null ? undefined : blocked.keep(row as never);
      blocked.keepNote('tally', asBody(gone === undefined ? tally : pushedOut(tally, gone.count)));
      const becomes = row !== null && isRipe(row) && (known === undefined || !isRipe(known));
      await events.append({
        ...eventOf(BLOCKED, caller.principal, requestId),
        onBehalfOf: caller.onBehalfOf,
        surface: caller.surface,
        outcome: 'refused',
        decision: { verdict: 'deny', because: code ?? 'none' },
        targets: block.target === null ? [] : [block.target],
        more: {
          code: code ?? null,
          label,
          shape: row?.id ?? null,
          count: row?.count ?? null,
          ...(becomes && row.body.noDraft === null ? { suggested: row.id } : {}),
        },
      }).durable;
    });
    this.#beyond -= late;
  }

  /** What entries in shadow would have said is counted, and nothing else comes of it. */
  async noteAsked(question: CommandQuestion): Promise<void> {
    try {
      await this.#shadows.asked(question);
    } catch (thrown) {
      this.#needs.log.error('entries in shadow were not asked', thrown);
    }
  }

  async suggestions(): Promise<Json> {
    await this.keepCounts();
    const shown = await this.#standing();
    return { suggestions: shown, next: nextOf(shown) } as unknown as Json;
  }

  async statistics(): Promise<Json> {
    await this.keepCounts();
    const { store } = this.#needs;
    const rows = this.#rows();
    const { since, top, ...sums } = statisticsOf(rows, tallyOf(store.blocked.note('tally')));
    const states: Record<string, number> = {};
    const standing = await this.#standing();
    for (const { state } of standing) states[state] = (states[state] ?? 0) + 1;
    return {
      ...sums,
      since: since === null ? null : formatInstant(since),
      top: top.map((each) => ({
        ...each,
        firstAt: formatInstant(each.firstAt),
        lastAt: formatInstant(each.lastAt),
      })),
      suggestions: states,
      shadow: standing.flatMap(({ id, shadow }) => (shadow === null ? [] : [{ id, ...shadow }])),
    } as unknown as Json;
  }

  draft(id: string, principal: string): Promise<Json> {
    return this.#inTurn(async () => (await this.#drafted(id, principal)) as unknown as Json);
  }

  move(id: string, to: 'shadow' | 'active' | 'disabled', principal: string): Promise<Json> {
    return this.#inTurn(() => this.#moved(id, to, principal));
  }

  /** Counts of shadows outlive the process. */
  async keepCounts(): Promise<void> {
    const late = this.#beyond;
    if (!this.#shadows.isDirty && late === 0) return;
    await this.#keeping(({ blocked }) => {
      if (late > 0) blocked.keepNote('tally', asBody(beyond(tallyOf(blocked.note('tally')), late)));
    });
    this.#beyond -= late;
  }

  /** One transaction, and what shadows said since the last one with it. */
  async #keeping(act: (transaction: StoreTransaction) => void | Promise<void>): Promise<void> {
    const kept = this.#shadows.take();
    try {
      await this.#needs.store.write(async (transaction) => {
        if (kept !== null) transaction.blocked.keepNote('shadow', kept);
        await act(transaction);
      });
    } catch (thrown) {
      if (kept !== null) this.#shadows.isDirty = true;
      throw thrown;
    }
  }

  async #drafted(id: string, principal: string): Promise<Found> {
    const found = await this.#places.find(id);
    if (found !== undefined) return { id, state: found.place, path: found.path, yaml: found.text };
    const suggestion = (await this.#suggested()).find((each) => each.id === id);
    if (suggestion === undefined) throw await this.#noSuch(id);
    const { yaml } = suggestion;
    await this.#record(id, principal, null, 'suggested', yaml);
    const path = await this.#places.put(id, 'suggested', yaml);
    return { id, state: 'suggested', path, yaml };
  }

  async #moved(id: string, to: 'shadow' | 'active' | 'disabled', principal: string): Promise<Json> {
    const found = await this.#drafted(id, principal);
    if (found.state !== to && !FROM[to].includes(found.state))
      throw new Fault(
        'conflict',
        'suggestion-elsewhere',
        `it cannot go there from where it stands: ${id} is ${STATES[found.state]}. ${to === 'active' ? `Judge it beside what is in force first: holdfast catalogue shadow ${id}` : `Next: holdfast catalogue ${to === 'shadow' ? 'disable' : 'shadow'} ${id}`}`,
        { facts: { state: STATES[found.state] } },
      );
    // What a hand changed since the last step is read anew; taking something out needs no reading.
    const entries = to === 'disabled' ? [] : parseEntries(found.yaml, found.path, false);
    const { judge } = await this.#needs.grammar();
    // Adopted and not signed yet: what is in force does not know of it, and soon will.
    const adopted = (await this.#needs.isSigned()) ? [] : await this.#places.entriesIn('active');
    const others = adopted.filter((file) => file.id !== id).flatMap((file) => file.entries);
    if (to !== 'disabled' && found.state !== 'active') shadowOf(judge, [...others, ...entries]);
    if (found.state !== to) {
      await this.#record(id, principal, found.state, to, found.yaml);
      await this.#places.move(id, found.state, to, found.yaml);
    }
    const reads = entries.flatMap(({ forms }) => forms).filter((form) => form.class === 'read');
    const next = NEXT[to];
    return {
      id,
      state: STATES[to],
      path: this.#places.pathOf(id, to),
      reading: reads.length,
      says:
        to === 'active' && reads.length > 0
          ? `${reads.length} of its forms are of class read: whoever signs says that they only read`
          : null,
      next: typeof next === 'string' ? next : next(id),
    };
  }

  async #record(
    id: string,
    principal: string,
    from: SuggestionPlace | null,
    to: SuggestionPlace,
    text: string,
  ): Promise<void> {
    await this.#needs.events.append({
      ...eventOf(STEP, principal, shortHash(`${id} ${to} ${text}`)),
      outcome: 'done',
      decision: { verdict: 'allow', because: 'an operator did it' },
      more: { id, from, to, digest: sha256(text) },
    }).durable;
  }

  async #suggested(): Promise<readonly CommandSuggestion[]> {
    const { judge } = await this.#needs.grammar();
    return suggestionsFrom(this.#rows(), judge);
  }

  #rows(): readonly Learnt[] {
    return this.#needs.store.blocked.all() as unknown as readonly Learnt[];
  }

  async #noSuch(id: string): Promise<Fault> {
    const known = (await this.#standing()).map((each) => each.id);
    return new Fault(
      'missing',
      'unknown-suggestion',
      `no such suggestion: ${JSON.stringify(id.slice(0, 80))}. ${known.length === 0 ? 'There are none yet: holdfast catalogue stats' : `There are: ${known.slice(0, 10).join(', ')}`}`,
      { facts: { candidates: known.slice(0, 10) } },
    );
  }

  /** Suggestions that are not taken up, and every file, with where it stands. */
  async #standing(): Promise<readonly Standings[]> {
    const shadows = await this.#shadows.now();
    const signed = await this.#needs.isSigned();
    const known = new Map(this.#rows().map((row) => [row.id, row]));
    const files = await this.#places.all();
    const suggested = await this.#suggested();
    const all: Standings[] = suggested
      .filter(({ id }) => !files.some((file) => file.id === id && file.place !== 'suggested'))
      .map((told) => ({
        ...told,
        firstAt: formatInstant(told.firstAt),
        lastAt: formatInstant(told.lastAt),
        state: 'proposed',
        shadow: null,
        trouble: files.find((file) => file.id === told.id)?.trouble ?? null,
      }));
    for (const { id, place, trouble } of files) {
      if (all.some((each) => each.id === id)) continue;
      all.push({
        id,
        state: place === 'active' && !signed ? 'adopted' : STATES[place],
        count: known.get(id)?.count ?? null,
        shadow: place === 'shadow' ? this.#shadows.countsOf(id) : null,
        trouble: trouble ?? (place === 'shadow' ? (shadows.troubles.get(id) ?? null) : null),
      });
    }
    return all;
  }

  #inTurn<Value>(act: () => Promise<Value>): Promise<Value> {
    const turn = this.#moving.then(act);
    this.#moving = turn.catch(() => {});
    return turn;
  }
}

type Found = {
  readonly id: string;
  readonly state: SuggestionPlace;
  readonly path: string;
  readonly yaml: string;
};
type Standings = {
  readonly id: string;
  readonly state: string;
  readonly count: number | null;
  readonly shadow: ShadowCounts | null;
  readonly trouble: string | null;
};

const STATES: Readonly<Record<SuggestionPlace, string>> = {
  suggested: 'proposed',
  shadow: 'shadow',
  active: 'active',
  disabled: 'disabled',
};
const FROM: Readonly<Record<'shadow' | 'active' | 'disabled', readonly SuggestionPlace[]>> = {
  shadow: ['suggested', 'disabled'],
  active: ['shadow'],
  disabled: ['suggested', 'shadow', 'active'],
};
const SIGN =
  'it is in force when an operator signed it: holdfast config sign; until then none of your own entries counts, and everything above T0 waits. Then bring it to hosts: holdfast upgrade-hosts';
const NEXT: Readonly<Record<'shadow' | 'active' | 'disabled', string | ((id: string) => string)>> =
  {
    shadow: (id) =>
      `it is judged beside what is in force and never acts. See what it would have said: holdfast catalogue stats; then holdfast catalogue adopt ${id}`,
    active: SIGN,
    disabled: 'it does nothing. Where it was in force, sign what is left: holdfast config sign',
  };

function nextOf(shown: readonly Standings[]): string {
  const [first] = shown.filter(({ state }) => state === 'proposed');
  return first === undefined
    ? 'nothing is asked for often enough: after 5 refusals over 24 hours'
    : `read what it would be: holdfast catalogue draft ${first.id}`;
}

const tallyOf = (body: JsonObject | undefined): Tally =>
  body === undefined ? NO_TALLY : (body as unknown as Tally);
const asBody = (tally: Tally): JsonObject => tally as unknown as JsonObject;
const learntOf = (row: unknown): Learnt | undefined => row as Learnt | undefined;

function shortHash(text: string): string {
  return sha256(text)
    .replace(/^sha256:/, '')
    .slice(0, 12);
}

function eventOf(kind: string, principal: string, requestId: string): EventInput {
  return {
    kind,
    operation: kind,
    requestId,
    traceId: null,
    scope: 'all',
    principal,
    onBehalfOf: null,
    surface: 'cli',
    arguments: {},
    decision: { verdict: 'allow', because: '' },
    outcome: 'done',
    fault: null,
    targets: [],
    output: null,
    tainted: false,
  };
}
