/** Probes of the preview: reading programs on the look road, whose output is shown with the plan. */
import type { Looked } from '#adapters';
import { Fault } from '#base/fault';
import type { Target } from '#model';
import { clean } from '#redaction';
import type { Road } from './context.ts';
import type { Made } from './make-plan.ts';
import type { Detail } from './record.ts';
import { refuse } from './refuse.ts';

export const LOOK_SECONDS = 20;
/** Of one probe, and of all that a preview shows. */
const PROBE_CHARS = 4_000;
const PREVIEW_CHARS = 32_000;

export async function lookAt(
  road: Road,
  target: Target,
  argv: readonly string[],
  timeoutSeconds = LOOK_SECONDS,
): Promise<Looked> {
  const adapter = road.adapterOf(target);
  const [program, ...words] = argv;
  if (adapter === undefined || program === undefined) {
    return refuse('no-adapter', `nothing of ours reaches this target: ${target.id}`);
  }
  const host = await adapter.host(target);
  return host.look([program, ...words], timeoutSeconds);
}

export async function runPreviews(
  road: Road,
  { runnable }: { readonly runnable: { readonly id: string } },
  made: Made,
): Promise<NonNullable<Detail['preview']>> {
  const shown: { target: string; says: string }[] = [];
  let room = PREVIEW_CHARS;
  for (const { target, preview } of made.previews) {
    const looked = await ask(road, runnable.id, target, preview);
    const says = clean(Buffer.concat([looked.stdout, looked.stderr]), {
      maxChars: Math.min(PROBE_CHARS, room),
    }).text;
    room -= says.length;
    if (room > 0) shown.push({ target: target.id, says });
  }
  return shown;
}

/** Right before dispatch: what a probe had to say before is still so. */
export async function requirePreviews(
  road: Road,
  { runnable }: { readonly runnable: { readonly id: string } },
  made: Made,
): Promise<void> {
  for (const { target, preview } of made.previews) {
    if (preview.exit !== null) await ask(road, runnable.id, target, preview);
  }
}

async function ask(
  road: Road,
  action: string,
  target: Target,
  preview: Made['previews'][number]['preview'],
): Promise<Looked> {
  const looked = await lookAt(road, target, preview.argv);
  if (looked.cut || looked.exit === null) {
    throw new Fault(
      'unavailable',
      'preview-failed',
      `a probe of the preview did not end by itself: ${action} on ${target.id}. Ask again later`,
    );
  }
  if (preview.exit !== null && looked.exit !== preview.exit) {
    refuse(
      'state-moved',
      `the target is not as the action needs it: ${preview.why ?? `a probe of ${action} ended with ${looked.exit}`}. Look at ${target.id}, then propose what fits`,
    );
  }
  return looked;
}
