/**
 * Looks with tools beside our own collectors: which are due for a target, what each of them brought, and how
 * that is recorded. One that fails leaves only its own kinds partial, with a reason; without a
 * `collectors.yaml` nothing happens here at all.
 */
import type { HostReader } from '#adapters';
import { asFault, Fault } from '#base/fault';
import type { Log } from '#base/log';
import type { Clock, MachineFiles, Poster, Random } from '#base/ports';
import { type Instant, MICROS_PER_SECOND, shift } from '#base/time';
import type { Observed, ReportParser, ToolSettings } from '#collectors';
import type { Inventory } from '#inventory';
import { LOCAL_SOURCE, SSH_SOURCE, type Target, WINRM_SOURCE } from '#model';
import type { Moment, Store } from '#store';
import type { Check } from './doctor-changes.ts';
import type { Fetched, FetchParts } from './report-fetch.ts';
import { notRead, type ReportSettings } from './report-settings.ts';

export type ReportNeeds = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly look: MachineFiles;
  readonly poster: Poster;
  readonly uid: number;
  readonly settings: () => Promise<ReportSettings | undefined>;
  readonly readerOf: (target: Target) => Promise<HostReader>;
  /** The settings are what an operator signed, or nobody can sign yet. */
  readonly isSigned: () => Promise<boolean>;
  /** When a source last told of a target, whatever it told. */
  readonly lastToldAt: (target: Target, source: string) => Instant | undefined;
  /** What the target last called itself. */
  readonly hostNameOf: (target: Target) => string | null;
};

export type ReportAsk = {
  /** What our own look saw just now. */
  readonly seen: readonly {
    readonly facts: readonly {
      readonly entity: string;
      readonly attribute: string;
      readonly value: unknown;
    }[];
  }[];
  /** Why nothing can be asked there now; what is read elsewhere is read all the same. */
  readonly unreachable: string | null;
  /** Kinds that are wanted now, due or not. */
  readonly kinds: ReadonlySet<string>;
};

type Due = { readonly tool: ToolSettings; readonly parser: ReportParser };

const MOST_NAMES = 20;
const OWN_SOURCES: ReadonlySet<string> = new Set([LOCAL_SOURCE, SSH_SOURCE, WINRM_SOURCE]);
const UNSIGNED =
  'collectors.yaml, or what is signed with it, is not what an operator signed: run holdfast config sign';

export class ReportLooks {
  readonly #needs: ReportNeeds;
  readonly #stop = new AbortController();
  /** When what was last read, by target and collector; forgotten when the settings are others. */
  #read: { readonly digest: string; readonly at: Map<string, Instant> } = {
    digest: '',
    at: new Map(),
  };
  #over:
    | { readonly from: Inventory; readonly digest: string; readonly made: Inventory }
    | undefined;
  #warned = '';

  constructor(needs: ReportNeeds) {
    this.#needs = needs;
  }

  /** For the end of the service: what is being read now is not waited for. */
  stop(): void {
    this.#stop.abort();
  }

  /** Whether tools tell of a target, so that it is looked at though there is no way of ours to it. */
  async tellOf(target: Target): Promise<boolean> {
    const { tools } = await this.#toolsOf(target);
    if (tools.length === 0) return false;
    const { reportParserOf } = await import('./report-parts.ts');
    return tools.some(({ collector }) => reportParserOf(collector) !== undefined);
  }

  /** For whoever examines this installation: nothing where there is no `collectors.yaml`. */
  async checks(): Promise<readonly Check[]> {
    const name = 'collectors';
    const settings = await this.#needs.settings();
    if (settings === undefined) return [];
    const { tools } = settings;
    if (tools instanceof Fault)
      return [{ name, ok: false, says: tools.message, mend: 'mend collectors.yaml' }];
    if (!(await this.#needs.isSigned()))
      return [{ name, ok: false, says: 'collectors.yaml is not signed', mend: UNSIGNED }];
    return [{ name, ok: true, says: `entries: ${tools.length}` }];
  }

  /** Which targets without a way of ours to them are looked at all the same: over WinRM, or by reports of them. */
  async reached(): Promise<(target: Target) => boolean> {
    const settings = await this.#needs.settings();
    const tools = settings?.tools ?? [];
    if (tools instanceof Fault || tools.length === 0) return () => false;
    const { toolsFor } = await import('./report-parts.ts');
    return (target) => {
      const { transport } = target;
      if (transport !== 'none' && transport !== 'winrm') return false;
      return toolsFor(tools, target).some(
        ({ collector }) => collector !== 'winrm' || transport === 'winrm',
      );
    };
  }

  /** The inventory with how old what a tool told may be: its reports come more rarely than our own looks. */
  async over(inventory: Inventory): Promise<Inventory> {
    const settings = await this.#needs.settings();
    if (settings === undefined || settings.tools instanceof Fault) return inventory;
    const { digest, tools } = settings;
    if (this.#over?.from === inventory && this.#over.digest === digest) return this.#over.made;
    const { reportParserOf, toolsFor } = await import('./report-parts.ts');
    const staleAfterOf = (id: string, source: string): number | undefined => {
      const target = inventory.byId.get(id);
      if (target === undefined) return undefined;
      const tool = toolsFor(tools, target).find(
        ({ collector }) => reportParserOf(collector)?.source === source,
      );
      if (tool === undefined) return undefined;
      return tool.maxAgeSeconds + tool.everySeconds + target.staleAfterSeconds;
    };
    const made = { ...inventory, staleAfterOf };
    this.#over = { from: inventory, digest, made };
    return made;
  }

  /** What the tools that are due tell of a target. Never rejects for what a tool or a target does. */
  async look(target: Target, ask: ReportAsk): Promise<readonly Observed[]> {
    const due = await this.#due(target, ask.kinds);
    if (due.length === 0) return [];
    if (!(await this.#needs.isSigned()))
      return due.map((each) => this.#none(target, each, UNSIGNED));
    const host = hostNameIn(ask, target) ?? this.#needs.hostNameOf(target);
    return Promise.all(due.map((each) => this.#lookWith(each, target, host, ask.unreachable)));
  }

  /** Asks a Windows host over WinRM. Rejects with a fault in our own words. */
  async winrm(target: Target): Promise<Uint8Array> {
    const { clock, random, poster, look, uid } = this.#needs;
    const { tools } = await this.#toolsOf(target);
    const place = tools.map((each) => each.place).find(({ kind }) => kind === 'winrm');
    if (place?.kind !== 'winrm')
      throw new Fault(
        'unavailable',
        'no-transport',
        `collectors.yaml has no collector winrm for the target: ${target.id}. Add one with its credentials`,
      );
    if (!(await this.#needs.isSigned())) throw notRead(UNSIGNED);
    const { port, credentials, caFile } = place;
    const { lookOverWinrm, readLines, readPin, urlOf } = await import('./report-parts.ts');
    const [user = '', password = ''] = await readLines({ look, uid }, credentials, 2);
    const url = urlOf(target, 'https', port, '/wsman');
    const ca = caFile === null ? {} : { ca: await readPin({ look, uid }, caFile) };
    return this.#untilStopped(
      lookOverWinrm({ clock, random, poster }, { url, user, password, ...ca }),
    );
  }

  async #toolsOf(
    target: Target,
  ): Promise<{ readonly digest: string; readonly tools: readonly ToolSettings[] }> {
    const settings = await this.#needs.settings();
    if (settings === undefined) return { digest: '', tools: [] };
    const { digest, tools } = settings;
    if (!(tools instanceof Fault)) {
      const { toolsFor } = await import('./report-parts.ts');
      return { digest, tools: toolsFor(tools, target) };
    }
    if (this.#warned !== digest)
      this.#needs.log.warn('collectors.yaml cannot be used', { why: tools.message });
    this.#warned = digest;
    return { digest, tools: [] };
  }

  async #due(target: Target, wanted: ReadonlySet<string>): Promise<readonly Due[]> {
    const { digest, tools } = await this.#toolsOf(target);
    if (tools.length === 0) return [];
    if (this.#read.digest !== digest) this.#read = { digest, at: new Map() };
    const { reportParserOf } = await import('./report-parts.ts');
    const now = this.#needs.clock.now();
    return tools.flatMap((tool) => {
      const parser = reportParserOf(tool.collector);
      if (parser === undefined) return [];
      const at = this.#read.at.get(keyOf(target, tool));
      const isDue =
        at === undefined || at > now || now - at >= tool.everySeconds * MICROS_PER_SECOND;
      const isWanted = parser.kinds.some((kind) => wanted.has(kind));
      return isDue || isWanted ? [{ tool, parser }] : [];
    });
  }

  async #lookWith(
    due: Due,
    target: Target,
    host: string | null,
    unreachable: string | null,
  ): Promise<Observed> {
    const { tool, parser } = due;
    const { clock } = this.#needs;
    const startedAt = clock.now();
    const startedMs = clock.monotonicMs();
    const isThere = tool.place.kind === 'file' || tool.place.kind === 'ask';
    if (isThere && unreachable !== null) return this.#none(target, due, unreachable, 'unreachable');
    let fetched: Fetched;
    try {
      fetched = await this.#untilStopped(this.#fetch(tool, target));
    } catch (thrown) {
      const { code, message } = asFault(thrown);
      return this.#none(target, due, code === 'internal' ? 'it could not be read' : message);
    }
    // What was read counts as read; what could not be is tried again with the next look.
    this.#read.at.set(keyOf(target, tool), startedAt);
    const { observeReport } = await import('./report-parts.ts');
    return observeReport(parser, {
      target: target.id,
      host,
      ...fetched,
      now: clock.now(),
      maxAgeSeconds: tool.maxAgeSeconds,
      tookMs: Math.round(clock.monotonicMs() - startedMs),
      undatedAt: this.#whenNone(target, due),
    });
  }

  async #fetch({ place }: ToolSettings, target: Target): Promise<Fetched> {
    const { look, poster, uid, readerOf } = this.#needs;
    const parts: FetchParts = { look, poster, uid, readerOf, signal: this.#stop.signal };
    if (place.kind === 'winrm') throw notRead('a Windows host is no report');
    const { fetchReport } = await import('./report-parts.ts');
    return fetchReport(parts, target, place);
  }

  /** Nothing of what is asked has an end of its own that is near enough for the service's. */
  async #untilStopped<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#stop;
    const stopped = Promise.withResolvers<never>();
    const onStop = (): void => stopped.reject(notRead('the service is ending'));
    if (signal.aborted) onStop();
    signal.addEventListener('abort', onStop, { once: true });
    try {
      return await Promise.race([work, stopped.promise]);
    } finally {
      signal.removeEventListener('abort', onStop);
    }
  }

  #none(
    target: Target,
    due: Due,
    why: string,
    status: 'partial' | 'unreachable' = 'partial',
  ): Observed {
    const { name, source, kinds } = due.parser;
    const reason = why.slice(0, 300);
    return {
      collector: name,
      source,
      target: target.id,
      observedAt: this.#whenNone(target, due),
      tookMs: 0,
      facts: [],
      complete: [],
      shortfalls: kinds.map((kind) => ({ kind, status, reason })),
    };
  }

  /**
   * A report is of the moment its run was, so that a trouble of today must not outlast the next good look at
   * the report of last night: it is told of the moment the source last told of, or of as long ago as a report may be.
   */
  #whenNone(target: Target, { tool, parser }: Due): Instant {
    const now = this.#needs.clock.now();
    if (tool.place.kind === 'scrape' || tool.place.kind === 'ask') return now;
    const last = this.#needs.lastToldAt(target, parser.source);
    return last === undefined || last > now
      ? shift(now, -tool.maxAgeSeconds * MICROS_PER_SECOND)
      : last;
  }
}

/** What was told before, as the store has it. */
export function reportMemory(
  store: Pick<Store, 'read'>,
  clock: Clock,
): Pick<ReportNeeds, 'lastToldAt' | 'hostNameOf'> {
  const moment = (): Moment => {
    const now = clock.now();
    return { asOf: now, knownAt: Math.max(now, store.read.lastRecordedAt() ?? now) as Instant };
  };
  return {
    lastToldAt: ({ id, scope }, source) => {
      const rows = store.read.coverage({ scopes: [scope], target: id, source }, moment());
      return rows.flatMap(({ observedAt }) => observedAt ?? []).toSorted((a, b) => b - a)[0];
    },
    hostNameOf: ({ id, scope }) => {
      const filter = { scopes: [scope], target: id, entity: id, attribute: 'hostname' } as const;
      const { facts } = store.read.query({ ...filter, type: 'observed' }, moment(), MOST_NAMES);
      // Not what a tool said of itself: that is what is to be proved.
      const own = facts.find(({ source }) => OWN_SOURCES.has(source))?.value;
      return typeof own === 'string' ? own : null;
    },
  };
}

function keyOf({ id }: Target, { collector }: ToolSettings): string {
  return `${id}\0${collector}`;
}

function hostNameIn({ seen }: ReportAsk, { id }: Target): string | null {
  for (const { facts } of seen) {
    const found = facts.find(({ entity, attribute }) => entity === id && attribute === 'hostname');
    if (typeof found?.value === 'string') return found.value;
  }
  return null;
}
