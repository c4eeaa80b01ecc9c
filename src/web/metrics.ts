/**
 * What a Prometheus server reads. Counts are kept plainly from the first call on; the library that writes them out
 * costs some ten megabytes and is loaded by the first scrape. The histogram of latencies begins there too.
 */
import type { Histogram } from '@opentelemetry/api';
import type { MetricReader } from '@opentelemetry/sdk-metrics';
import { asFault } from '#base/fault';
import type { Clock } from '#base/ports';
import type { Answer, Call } from '#operations';

/** How things stand at the moment of a scrape. `null`: cannot be told. */
export type Readings = {
  readonly sessions: number | null;
  readonly leases: number | null;
  readonly changes: Readonly<Record<string, number>>;
  readonly waiting: number | null;
  readonly logEvents: number;
  readonly isLogWritable: boolean;
  readonly findings: Readonly<Record<string, number>>;
  readonly targets: Readonly<Record<string, number>>;
  readonly residentBytes: number;
  readonly heapBytes: number;
};

export type CallOutcome = 'done' | 'refused' | 'failed';

type Labels = Readonly<Record<string, string>>;
type Counted = { readonly labels: Labels; count: number };

/** Seconds. From a look in memory to a look at a far host. */
const LATENCIES = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export class Metrics {
  readonly #calls = new Map<string, Counted>();
  readonly #refused = new Map<string, Counted>();
  #latency: Histogram | undefined;
  #reader: Promise<(readings: Readings) => Promise<string>> | undefined;
  #streams: () => number = () => 0;

  /** `operation` and the rest are words of ours, so that nobody makes the list grow. */
  called(labels: {
    readonly operation: string;
    readonly surface: string;
    readonly outcome: CallOutcome;
    readonly seconds: number;
  }): void {
    const { operation, surface, outcome, seconds } = labels;
    count(this.#calls, { operation, surface, outcome });
    this.#latency?.record(seconds, { operation, surface });
  }

  refused(code: string): void {
    count(this.#refused, { code });
  }

  openStreams(count_: () => number): void {
    this.#streams = count_;
  }

  /** The text exposition format, version 0.0.4. */
  async text(readings: Readings): Promise<string> {
    this.#reader ??= this.#begin();
    return (await this.#reader)(readings);
  }

  async #begin(): Promise<(readings: Readings) => Promise<string>> {
    const { MeterProvider, MetricReader: Reader } = await import('@opentelemetry/sdk-metrics');
    const { PrometheusSerializer } = await import('@opentelemetry/exporter-prometheus');
    class Scrape extends Reader {
      protected override async onForceFlush(): Promise<void> {}
      protected override async onShutdown(): Promise<void> {}
    }
    const reader: MetricReader = new Scrape();
    const meter = new MeterProvider({ readers: [reader] }).getMeter('holdfast');
    let now: Readings | undefined;
    const counts = (name: string, description: string, of: ReadonlyMap<string, Counted>): void =>
      meter.createObservableCounter(name, { description }).addCallback((result) => {
        for (const { labels, count: counted } of of.values()) result.observe(counted, labels);
      });
    const gauge = (
      name: string,
      description: string,
      read: (readings: Readings) => number | null | Readonly<Record<string, number>>,
      label = 'state',
    ): void =>
      meter.createObservableGauge(name, { description }).addCallback((result) => {
        const value = now === undefined ? null : read(now);
        if (value === null) return;
        if (typeof value === 'number') result.observe(value);
        else
          for (const [state, each] of Object.entries(value))
            result.observe(each, { [label]: state });
      });
    counts('calls_total', 'Calls by operation, surface and outcome.', this.#calls);
    counts(
      'requests_refused_total',
      'Requests refused before any operation, by code.',
      this.#refused,
    );
    gauge('sessions_open', 'People signed in.', ({ sessions }) => sessions);
    gauge('leases_active', 'Leases that are neither over nor revoked.', ({ leases }) => leases);
    gauge('event_streams_open', 'Open streams of hints.', () => this.#streams());
    gauge('changes', 'Changes by state.', ({ changes }) => changes);
    gauge('approvals_pending', 'Changes that wait for a person.', ({ waiting }) => waiting);
    gauge('log_events', 'Events in the log.', ({ logEvents }) => logEvents);
    gauge('log_writable', '1 while the event log can be written.', ({ isLogWritable }) =>
      Number(isLogWritable),
    );
    gauge('findings_open', 'Open findings by severity.', ({ findings }) => findings, 'severity');
    gauge(
      'targets',
      'Targets by how fresh what is known of them is.',
      ({ targets }) => targets,
      'freshness',
    );
    gauge(
      'process_resident_memory_bytes',
      'Resident memory.',
      ({ residentBytes }) => residentBytes,
    );
    gauge('process_heap_bytes', 'Heap in use.', ({ heapBytes }) => heapBytes);
    this.#latency = meter.createHistogram('call_duration_seconds', {
      description: 'Seconds from a call to its answer, since the first scrape.',
      unit: 's',
      advice: { explicitBucketBoundaries: LATENCIES },
    });
    const serializer = new PrometheusSerializer('holdfast', false, undefined, true, true);
    return async (readings) => {
      now = readings;
      const { resourceMetrics } = await reader.collect();
      return serializer.serialize(resourceMetrics);
    };
  }
}

function count(counted: Map<string, Counted>, labels: Labels): void {
  const key = Object.values(labels).join(' ');
  const known = counted.get(key);
  if (known === undefined) counted.set(key, { labels, count: 1 });
  else known.count += 1;
}

/** The same calls, each counted; a name that is no operation of ours is counted as `unknown`. */
export function measured(
  perform: (call: Call) => Promise<Answer>,
  metrics: Metrics,
  names: ReadonlySet<string>,
  clock: Pick<Clock, 'monotonicMs'>,
): (call: Call) => Promise<Answer> {
  return async (call) => {
    const begun = clock.monotonicMs();
    let outcome: CallOutcome = 'done';
    try {
      return await perform(call);
    } catch (thrown) {
      const { kind } = asFault(thrown);
      outcome = kind === 'broken' || kind === 'uncertain' ? 'failed' : 'refused';
      throw thrown;
    } finally {
      metrics.called({
        operation: names.has(call.operation) ? call.operation : 'unknown',
        surface: call.caller.surface,
        outcome,
        seconds: (clock.monotonicMs() - begun) / 1_000,
      });
    }
  };
}
