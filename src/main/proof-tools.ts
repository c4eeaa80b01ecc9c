/** What is given to people who do not trust this program: bundles, outputs, exports, and how far the log is anchored. */
import { hostname } from 'node:os';
import { Fault } from '#base/fault';
import type { Json, JsonObject } from '#base/json';
import type { Clock, Files } from '#base/ports';
import { formatInstant } from '#base/time';
import {
  type Anchoring,
  type EventInput,
  type EventRecord,
  type Log,
  makeBundle,
  type OutputStore,
  readEvents,
  syslogMessage,
  toOcsfLine,
} from '#evidence';
import { changeMaterial } from '#execution';
import type { ProofPowers } from '#operations';
import { planDigest } from '#planning';
import { clean } from '#redaction';
import type { Store } from '#store';
import type { AuthorityKeeper } from './authority-keeper.ts';
import { bundleParts, type ControlPlane } from './bundle-parts.ts';
import type { Paths } from './data-directory.ts';
import { logProofs } from './log-proofs.ts';

const OUTPUT_CHARS = 256 * 1024;
const SYSLOG_BYTES = 65_536;
const LOCAL0 = 16;

export type ProofNeeds = {
  readonly files: Files;
  readonly clock: Clock;
  readonly paths: Paths;
  readonly store: Store;
  readonly events: Log;
  readonly outputs: OutputStore;
  readonly authority: AuthorityKeeper;
  readonly controlPlane: ControlPlane;
  readonly anchoring: () => Anchoring | undefined;
  /** Their verifier keys. */
  readonly witnesses: readonly string[];
};

export function proofTools(needs: ProofNeeds): ProofPowers {
  const { files, clock, paths, store, events, outputs } = needs;
  return {
    ...logProofs(files, events, paths.log, needs.witnesses),

    async bundle(changeId) {
      const material = changeMaterial(store.changes, changeId, clock.now());
      const parts = await bundleParts(
        material,
        await needs.authority.records(),
        needs.controlPlane,
      );
      const own = await eventsOf(files, paths.log, changeId, planDigest(material.plan));
      const bundle = await makeBundle(
        { log: events, files, directory: paths.log },
        changeId,
        parts,
        own,
      );
      return { changeId, bundle, notices: [] };
    },

    async status() {
      const { size, root, epoch } = events.head;
      const anchored = needs.anchoring()?.health() ?? [];
      return {
        log: { key: events.vkey, epoch, records: size, root },
        controlPlaneKey: needs.controlPlane.line,
        anchored: anchored.map(({ by, name, size: at, trouble, alarm }) => ({
          by,
          name,
          records: at,
          trouble,
          alarm,
        })),
        outputs: {
          holds: [...(await outputs.holds())].map(([change, hold]) => ({ change, ...hold })),
        },
        next:
          anchored.length === 0
            ? 'nothing outside this machine knows the log: name a witness, a timestamp authority or an anchor file in evidence.yaml'
            : '',
      };
    },

    async output(sha256) {
      const { text, label } = await outputs.read(sha256);
      return {
        ...label,
        text: clean(text, { maxChars: OUTPUT_CHARS }).text,
      } as unknown as Json;
    },

    async hold(change, reason, on) {
      if (on) await outputs.hold(change, reason, clock.now());
      else if (!(await outputs.release(change))) {
        throw new Fault('missing', 'no-hold', `nothing is held: ${change.slice(0, 128)}`);
      }
      return { change, held: on, reason };
    },

    async prune(before) {
      const record = await pruneOutputs(events, outputs, {
        before,
        at: clock.now(),
        policy: `before ${formatInstant(before)}, as an operator asked`,
      });
      return record as unknown as Json;
    },

    async export(format, after, limit) {
      const lines: string[] = [];
      let next = after;
      for await (const event of readEvents(files, paths.log)) {
        if (event.seq <= after) continue;
        if (lines.length === limit) break;
        lines.push(
          format === 'ocsf'
            ? toOcsfLine(event)
            : syslogMessage(event, {
                facility: LOCAL0,
                hostname: hostname(),
                processId: process.pid,
                bytesMost: SYSLOG_BYTES,
              }),
        );
        next = event.seq;
      }
      return { lines, next };
    },
  };
}

/** Destroys what may be destroyed, and puts on record what that was. */
export async function pruneOutputs(
  events: Log,
  outputs: OutputStore,
  of: Parameters<OutputStore['prune']>[0],
): Promise<Pruning> {
  const record = await outputs.prune(of);
  if (record.pruned.length > 0 || record.held.length > 0)
    await recordPruning(events, outputs, record);
  else await outputs.recorded(record.id);
  return record;
}

/** Prunings that a crash kept off the record. */
export async function recordPrunings(events: Log, outputs: OutputStore): Promise<void> {
  for (const record of await outputs.unrecorded()) await recordPruning(events, outputs, record);
}

type Pruning = Awaited<ReturnType<OutputStore['prune']>>;

/** Hashes by the hundred, so that no event is larger than one may be. */
const HASHES_AN_EVENT = 500;

async function recordPruning(events: Log, outputs: OutputStore, record: Pruning): Promise<void> {
  const { id, at, before, policy, pruned, held } = record;
  for (let from = 0; from === 0 || from < pruned.length; from += HASHES_AN_EVENT) {
    await events.append(
      pruningEvent(id, {
        pruning: id,
        at,
        before,
        policy,
        held: held.length,
        total: pruned.length,
        pruned: pruned.slice(from, from + HASHES_AN_EVENT).map(({ sha256 }) => sha256),
      }),
    ).durable;
  }
  await outputs.recorded(id);
}

function pruningEvent(id: string, more: JsonObject): EventInput {
  return {
    kind: 'outputs.pruned',
    requestId: id,
    traceId: null,
    scope: 'all',
    principal: 'service:holdfast',
    onBehalfOf: null,
    surface: 'service',
    operation: 'evidence_prune',
    arguments: {},
    decision: { verdict: 'allow', because: 'retention' },
    outcome: 'done',
    fault: null,
    targets: [],
    output: null,
    tainted: false,
    more,
  };
}

async function eventsOf(
  files: Files,
  directory: string,
  change: string,
  plan: string,
): Promise<readonly EventRecord[]> {
  const found: EventRecord[] = [];
  for await (const event of readEvents(files, directory)) {
    // What came before there was a plan proves nothing of it.
    if (event.more?.['change'] === change && event.more['plan'] === plan) found.push(event);
  }
  return found;
}
