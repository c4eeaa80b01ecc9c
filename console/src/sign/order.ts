/**
 * Holds an order against the plan that a person was shown: its digest, and each part that a host would run, built anew
 * from the plan and compared to the byte (docs/host-contract.md, "Documents"). What differs anywhere is not signed.
 */
import type { Json } from '../api/json.ts';
import { hex, sha256, utf8 } from './bytes.ts';
import { canonicalJson } from './canonical-json.ts';
import { digestWords } from './digest-words.ts';
import type { Plan, PlanStep } from './plan.ts';

export type Checked = {
  /** 64 hex digits, computed here from the plan that is shown. */
  readonly digest: string;
  readonly words: string;
  /** Why this must not be signed; `null`: the order says exactly this plan. */
  readonly misfit: string | null;
  readonly quorum: number;
  readonly runBySeconds: number;
};

export async function checkOrder(
  plan: Plan,
  order: string,
  parts: readonly string[],
): Promise<Checked> {
  const digest = await sha256(canonicalJson(plan as unknown as Json));
  const lines = linesOf(order, 'change');
  const said = (name: string): string => lines?.find(([key]) => key === name)?.[1] ?? '';
  const known = {
    digest,
    words: digestWords(digest),
    quorum: Number(said('quorum')),
    runBySeconds: Number(said('run-by')),
  };
  return { ...known, misfit: await misfitOf(plan, digest, lines, parts) };
}

type Lines = readonly (readonly [key: string, value: string])[];

/** In the order of the document; anything else before, between or behind makes it no order of ours. */
const ORDER =
  'organisation change plan tier quorum issued not-before run-by checkpoint parts'.split(' ');

async function misfitOf(
  plan: Plan,
  digest: string,
  lines: Lines | undefined,
  parts: readonly string[],
): Promise<string | null> {
  if (lines === undefined) return 'the order is not in the form that hosts read';
  const head = lines.slice(0, ORDER.length);
  if (head.some(([key], at) => key !== ORDER[at]) || head.length !== ORDER.length)
    return 'the order is not in the form that hosts read';
  const said = Object.fromEntries(head) as Readonly<Record<string, string>>;
  if (said['plan'] !== digest) return 'the order is for another plan than the one shown here';
  if (
    said['change'] !== plan.change ||
    said['organisation'] !== plan.organisation ||
    said['tier'] !== plan.tier
  )
    return 'the order names another change, organisation or tier than the plan shown here';
  const listed = lines.slice(ORDER.length);
  if (
    listed.some(([key]) => key !== 'part') ||
    said['parts'] !== String(listed.length) ||
    listed.length !== plan.steps.length ||
    parts.length !== plan.steps.length
  )
    return 'the order lists other steps than the plan shown here';
  for (const [at, step] of plan.steps.entries()) {
    const part = parts[at] ?? '';
    const nonce = /\nnonce ([0-9a-f]{32})\nend\n$/.exec(part)?.[1];
    const isSame =
      nonce !== undefined &&
      (await partText(plan, step, nonce)) === part &&
      (await sha256(part)) === listed[at]?.[1];
    if (!isSame) return `step ${at + 1} of the order is another one than is shown here`;
  }
  return null;
}

function linesOf(text: string, kind: string): Lines | undefined {
  if (!/^(?:[\x20-\x7e]+\n)+$/.test(text)) return undefined;
  const lines = text.split('\n').slice(0, -1);
  if (lines[0] !== `holdfast-${kind} 1` || lines.at(-1) !== 'end') return undefined;
  return lines.slice(1, -1).map((line) => {
    const space = line.indexOf(' ');
    return space < 0 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)];
  });
}

async function partText(plan: Plan, step: PlanStep, nonce: string): Promise<string | undefined> {
  const target = plan.targets.find(({ id }) => id === step.target);
  if (target === undefined) return undefined;
  const lines = [
    'holdfast-part 1',
    `target ${target.hostId}`,
    `epoch ${target.epoch}`,
    `action ${step.action}`,
    `catalogue ${plan.inForce.catalogue.replace(/^sha256:/, '')}`,
    `run-as ${step.runAs}`,
    `args ${step.argv.length}`,
    ...step.argv.map((arg) =>
      typeof arg === 'string' ? `arg ${encoded(arg)}` : `arg-file ${arg.file}`,
    ),
    `stdin ${step.stdin === null ? '-' : await sha256(step.stdin)}`,
    `files ${step.files.length}`,
    ...step.files.map((file) => `file ${file.sha256} ${encoded(file.path)}`),
    `conditions ${step.conditions.length}`,
    ...step.conditions.map((each) =>
      each.kind === 'file-absent'
        ? `condition file-absent ${encoded(each.path)}`
        : `condition file-sha256 ${each.sha256} ${encoded(each.path)}`,
    ),
    `step ${step.step}/${step.of}`,
    `direction ${step.direction}`,
    `timeout ${step.timeoutSeconds}`,
    `atomic ${step.atomic ? 'yes' : 'no'}`,
    `nonce ${nonce}`,
    'end',
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** Percent-encoded UTF-8 with one spelling; the empty text is `%`. */
function encoded(text: string): string {
  if (text === '') return '%';
  return Array.from(utf8(text), (byte) => {
    const character = String.fromCharCode(byte);
    return byte < 0x80 && /[A-Za-z0-9._~/:@,+=-]/.test(character)
      ? character
      : `%${hex(Uint8Array.of(byte)).toUpperCase()}`;
  }).join('');
}
