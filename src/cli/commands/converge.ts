/** Behind `drift`: the way back from findings, accepting them, and watching them. */
import type { ChangeView } from '#execution';
import type { Desk } from '../desk.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import {
  type FindingChange,
  renderAccepted,
  renderConverged,
  renderFindingChange,
  renderWays,
} from '../render/converge.ts';
import { ROLLOUT, rolloutOf } from './change.ts';
import { type CommandSpec, given, SCOPE } from './spec.ts';

export const converge: CommandSpec = {
  usage: 'converge <findings...>',
  summary: 'propose the changes that take findings back; a person signs each',
  more: 'Findings that need the same change on several targets become one change; with --batch it is rolled out in batches.',
  examples: [
    'drift converge finding_0123456789abcdef',
    "drift converge finding_0123456789abcdef finding_fedcba9876543210 --batch 2 --reason 'back to normal'",
    'drift converge finding_0123456789abcdef --show',
  ],
  options: [
    { flags: '--action <action>', about: 'by this action, where several would do' },
    { flags: '--reason <reason>', about: 'why; default: which findings it converges' },
    { flags: '--show', about: 'only show which actions would do, and propose nothing' },
    { flags: '--dry-run', about: 'stop after the preview' },
    ...ROLLOUT,
  ],
  async run(desk, words, options) {
    const findings = words.flat().filter((word) => word !== undefined);
    if (options['show'] === true) {
      await desk.answer('way_back', { findings }, renderWays);
      return EXIT_CODES.ok;
    }
    const { changes } = await desk.answer<{
      readonly changes: readonly ChangeView[];
      readonly left: readonly {
        readonly finding: string;
        readonly target: string | null;
        readonly says: string;
        readonly remediation: string | null;
      }[];
    }>(
      'drift_converge',
      {
        findings,
        ...given(options, 'action', 'reason', 'dryRun'),
        ...rolloutOf(options),
      },
      renderConverged,
    );
    if (changes.length === 0) return EXIT_CODES.missing;
    return changes.some(({ state }) => state === 'refused') ? EXIT_CODES.refused : EXIT_CODES.ok;
  },
};

export const accept: CommandSpec = {
  usage: 'accept <finding>',
  summary: 'declare what is seen of one field to be right, in the baseline that says otherwise',
  more: 'Nothing else of the baseline moves. It counts at once, and is in force for changes when an operator signs the config.',
  examples: ["drift accept finding_0123456789abcdef --reason 'the new port is ours'"],
  options: [{ flags: '--reason <reason>', about: 'why it is right', mandatory: true }],
  async run(desk, [finding], options) {
    await desk.answer(
      'finding_accept',
      { finding: finding ?? '', ...given(options, 'reason') },
      renderAccepted,
    );
  },
};

const WATCH_MS = 1_000;

export const watch: CommandSpec = {
  usage: 'watch [target]',
  summary: 'print findings as they open, close or change, until stopped',
  more: 'With --json, one line of JSON for each. What is open already is not repeated: holdfast drift lists it.',
  examples: ['drift watch', 'drift watch web-1 --json', 'drift watch --for 60'],
  options: [
    { flags: '--for <seconds>', about: 'end after so long', read: 'whole number' },
    { flags: '--since <time>', about: 'begin with what changed since then; default now' },
    SCOPE,
  ],
  async run(desk, [target], options) {
    const { for: seconds, since } = options;
    const ends = seconds === undefined ? Infinity : desk.io.now() + Number(seconds) * 1_000_000;
    let from = desk.moment(typeof since === 'string' ? since : 'now');
    if (!desk.json) desk.note('watching: what changes is printed as it happens');
    for (;;) {
      from = await told(
        desk,
        { ...(target === undefined ? {} : { target }), ...given(options, 'scope') },
        from,
      );
      if (desk.io.now() >= ends) return EXIT_CODES.ok;
      await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    }
  },
};

/** Prints what changed since `from`; answers the moment to go on from. */
async function told(
  desk: Desk,
  about: Readonly<Record<string, string | number | boolean | readonly string[]>>,
  from: string,
): Promise<string> {
  const { changes, at, more } = (await desk.ask('drift_changes', {
    ...about,
    since: from,
  })) as unknown as {
    readonly changes: readonly FindingChange[];
    readonly at: string;
    readonly more: boolean;
  };
  for (const change of changes) desk.show(change, renderFindingChange);
  if (more) desk.note('more changed than fits: holdfast drift lists what is open');
  return at;
}
