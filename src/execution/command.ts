/**
 * One command on one target. What only reads runs at once, on the look road, and its answer is the record
 * its caller leaves; anything else becomes a proposed change, with the words that the grammar made of it.
 */
import type { JsonObject } from '#base/json';
import { COMMAND_ACTION } from '#catalogue';
import { clean } from '#redaction';
import type { ChangeRow } from '#store';
import { type Road, stopQuestion } from './context.ts';
import { decide, isTainted, questionOf, requireFit } from './gates.ts';
import { propose } from './propose.ts';
import type { CommandAnswer, CommandAsked, Proposal, Requester } from './protocol.ts';
import type { Asked } from './record.ts';
import { refuse } from './refuse.ts';
import { onTargets, readScene } from './scene.ts';

/** Of each stream, cleaned. */
const STREAM_CHARS = 131_072;
const STDERR_CHARS = 16_384;
const SECONDS = 60;

export async function runCommand(
  road: Road,
  requester: Requester,
  asked: CommandAsked,
): Promise<CommandAnswer> {
  const proposal: Proposal = {
    action: COMMAND_ACTION,
    targets: [asked.target],
    arguments: { argv: JSON.stringify(asked.argv) } as JsonObject,
    reason: asked.reason,
    dryRun: false,
    idempotencyKey: asked.idempotencyKey,
  };
  const scene = await readScene(road, proposal, requester);
  const [target] = scene.targets;
  if (scene.runnable.tier !== 'T0' || scene.runnable.kind !== 'action' || target === undefined)
    return { kind: 'change', view: await propose(road, requester, proposal) };
  const whole: Asked = { requester: onTargets(requester, scene), proposal, undoes: null };
  await road.stops.refresh();
  road.stops.refuseCovered(stopQuestion({ targets: scene.targets } as unknown as ChangeRow, whole));
  requireFit(road, scene);
  const tainted = isTainted(road.store.changes, whole);
  const state = { tainted, closedArguments: false, standing: null };
  const decision = decide(scene, questionOf(scene, whole, road.clock.now(), state));
  if (decision.verdict !== 'allow')
    refuse('policy-denied', `the policies deny it: ${decision.says}`, {
      policies: decision.policies,
    });
  const [program = '', ...words] = scene.runnable.steps.flatMap((step) => step.argv).map(wordOf);
  const argv = [program, ...words] as const;
  const started = road.clock.monotonicMs();
  const looked = await road.readOn(target, argv, asked.seconds ?? SECONDS);
  const stdout = clean(looked.stdout, { maxChars: STREAM_CHARS });
  const stderr = clean(looked.stderr, { maxChars: STDERR_CHARS });
  return {
    kind: 'ran',
    target: target.id,
    argv,
    policies: decision.policies,
    exit: looked.exit,
    stdout: stdout.text,
    stderr: stderr.text,
    truncated: looked.cut || stdout.cut > 0 || stderr.cut > 0,
    durationMs: Math.round(road.clock.monotonicMs() - started),
  };
}

/** Words of a command are literal: `commandAction` makes them so. */
function wordOf(word: unknown): string {
  const pieces = Array.isArray(word) ? (word as readonly { readonly literal?: string }[]) : [];
  return pieces.map((piece) => piece.literal ?? '').join('');
}
