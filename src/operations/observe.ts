import * as z from 'zod/v4';
import { sha256 } from '#base/digest';
import { asFault, Fault } from '#base/fault';
import { canonicalJson, type Json } from '#base/json';
import { LIMITS } from '#base/limits';
import { formatInstant } from '#base/time';
import { resolveTarget } from '#inventory';
import { kindOf } from '#model';
import type { ObservationInput } from '#store';
import { keepableValue } from './ingest-observation.ts';
import { recording, type TargetLook } from './operation.ts';
import { recordWithDrift } from './record-with-drift.ts';

const collectorShape = z.object({
  collector: z.string(),
  facts: z.number(),
  written: z.number(),
  unchanged: z.number(),
  retired: z.number(),
  durationMs: z.number(),
  shortfalls: z.array(z.object({ kind: z.string(), status: z.string(), reason: z.string() })),
});

const SNAPSHOT_CHARS = 6_000_000;

/** Looks at a target with our own collectors and records what is there. */
export const observe = recording({
  name: 'observe',
  title: 'Observe a target',
  summary: 'Looks at a target now with the built-in collectors and records what is there.',
  capability: 'targets.observe',
  taints: true,
  assistants: false,
  narrows: true,
  leases: true,
  input: z.strictObject({
    target: z
      .string()
      .min(1)
      .max(LIMITS.nameChars)
      .optional()
      .describe('default: the target that is this machine'),
    kinds: z
      .array(z.string().max(40))
      .max(50)
      .optional()
      .describe('also what only a tool tells, like playbook or stack'),
    snapshot: z
      .base64()
      .max(SNAPSHOT_CHARS)
      .optional()
      .describe('what the collect script printed over your own ssh, in place of a look'),
  }),
  hides: ['snapshot'],
  output: z.object({
    target: z.string(),
    observedAt: z.string(),
    unreachable: z.string().nullable().describe('why nothing of it could be seen'),
    facts: z.number(),
    written: z.number(),
    unchanged: z.number(),
    superseded: z.number(),
    retired: z.number(),
    collectors: z.array(collectorShape),
    findings: z.object({
      open: z.number(),
      opened: z.array(z.string()),
      resolved: z.array(z.string()),
    }),
  }),
  async prepare(input, powers, asking) {
    // What it says is recorded as if we had looked: only the account on this machine is believed that.
    if (input.snapshot !== undefined && asking.caller.surface !== 'cli')
      throw new Fault(
        'refused',
        'not-offered',
        'a look that was brought is taken from the command line only: ingest it under a source of its own (ingest_observation)',
      );
    const local = asking.inventory.targets.find((target) => target.transport === 'local');
    if (input.target === undefined && local === undefined) {
      throw new Fault(
        'missing',
        'no-local-target',
        'no target of the inventory is this machine: give a target, or add one with: holdfast target add host:NAME --transport local',
      );
    }
    const target = resolveTarget(asking.inventory, input.target ?? local?.id ?? '', asking.scopes);
    const { snapshot, kinds = [] } = input;
    return powers.observe(target, {
      progress: asking.progress,
      kinds: new Set(kinds),
      ...(snapshot === undefined ? {} : { brought: Buffer.from(snapshot, 'base64') }),
    });
  },
  run(look, powers, asking) {
    const observations = look.looks.map((one) => observationOf(look, one, asking.caller.principal));
    const { receipts, drift } = recordWithDrift(observations, look.target, powers, asking);
    const sum = (key: 'written' | 'unchanged' | 'superseded' | 'retired'): number =>
      receipts.reduce((total, receipt) => total + receipt[key], 0);
    const observedAt =
      look.looks.map((one) => one.observedAt).toSorted((a, b) => b - a)[0] ?? asking.now;
    return {
      value: {
        target: look.target.id,
        observedAt: formatInstant(observedAt),
        unreachable: look.unreachable,
        facts: look.looks.reduce((total, one) => total + one.facts.length, 0),
        written: sum('written'),
        unchanged: sum('unchanged'),
        superseded: sum('superseded'),
        retired: sum('retired'),
        collectors: look.looks.map((one, i) => ({
          collector: one.collector,
          facts: observations[i]?.facts.length ?? 0,
          written: receipts[i]?.written ?? 0,
          unchanged: receipts[i]?.unchanged ?? 0,
          retired: receipts[i]?.retired ?? 0,
          durationMs: one.durationMs,
          shortfalls: (observations[i]?.shortfalls ?? []).map((shortfall) => ({ ...shortfall })),
        })),
        findings: drift,
      },
      targets: [look.target.id],
    };
  },
});

function observationOf(
  look: TargetLook,
  one: TargetLook['looks'][number],
  actor: string,
): Omit<ObservationInput, 'id' | 'recordedAt'> {
  // What cannot be kept is left out, and its kind is not complete: one look never stops the others.
  const leftOut = new Map<string, string>();
  const facts = one.facts.flatMap((fact) => {
    try {
      const { value, altered } = keepableValue(
        fact.value,
        fact.attribute,
        `${fact.entity} ${fact.attribute}`,
      );
      const { entity, attribute } = fact;
      return [{ entity, attribute, value, ...(altered ? { altered } : {}) }];
    } catch (thrown) {
      const fault = asFault(thrown);
      if (fault.kind !== 'invalid') throw fault;
      leftOut.set(kindOf(fact.entity), `a fact was left out: ${fault.code}`);
      return [];
    }
  });
  const short = [...leftOut].map(([kind, reason]) => ({
    kind,
    status: 'partial' as const,
    reason,
  }));
  return {
    scope: look.target.scope,
    target: look.target.id,
    source: one.source,
    type: 'observed',
    observedAt: one.observedAt,
    complete: one.complete.filter((kind) => !leftOut.has(kind)),
    shortfalls: [...one.shortfalls, ...short],
    facts,
    actor,
    reason: null,
    sha256: sha256(canonicalJson(facts as unknown as Json)),
  };
}
