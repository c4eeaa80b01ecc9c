import { EXIT_CODES } from '../exit-codes.ts';
import {
  type DriftAnswer,
  renderBaseline,
  renderBaselines,
  renderBlessed,
  renderDrift,
  renderRetired,
  renderWaived,
  renderWaivers,
} from '../render/drift.ts';
import { accept, converge, watch } from './converge.ts';
import { explain } from './explain.ts';
import {
  type CommandSpec,
  CURSOR,
  type GroupSpec,
  given,
  LIMIT,
  moments,
  SCOPE,
  TARGET,
} from './spec.ts';

export const drift: CommandSpec = {
  usage: 'drift [target]',
  summary: 'show what differs from what is declared, and what could not be compared',
  examples: ['drift', 'drift web-1 --exit-code', 'drift --source cis --json'],
  options: [
    { flags: '--baseline <baseline>', about: 'compare with this declaration, by name or id' },
    {
      flags: '--source <source>',
      about: 'only what such a source declares',
      choices: [
        'blessed',
        'git',
        'tofu',
        'ansible',
        'cis',
        'integrity',
        'vulnerability',
        'service',
      ],
    },
    {
      flags: '--status <status>',
      about: 'findings of this status; default open, and apart from them what is pending',
      choices: ['open', 'pending', 'waived', 'ignored', 'resolved', 'all'],
    },
    {
      flags: '--exit-code',
      about: 'exit with 10 when there are open findings, or something could not be seen',
    },
    LIMIT,
    CURSOR,
    SCOPE,
  ],
  within: [explain, converge, accept, watch],
  async run(desk, [target], options) {
    const answer = await desk.answer<DriftAnswer>(
      'drift_scan',
      {
        ...(target === undefined ? {} : { target }),
        ...given(options, 'baseline', 'source', 'status', 'limit', 'cursor', 'scope'),
      },
      renderDrift(options['status'] === undefined),
    );
    // What could not be seen is not clean either, also before it is sure that it stays so.
    const open = answer.findings.some(
      ({ status, kind }) => status === 'open' || (status === 'pending' && kind === 'unknown'),
    );
    return open && options['exitCode'] === true ? EXIT_CODES.drifted : EXIT_CODES.ok;
  },
};

export const baseline: GroupSpec = {
  usage: 'baseline',
  summary: 'what should be: declare a moment good, list and retire such declarations',
  commands: [
    {
      usage: 'bless [target]',
      summary: 'declare the present state of a target good; drift is measured against it',
      examples: [
        'baseline bless',
        "baseline bless web-1 --name before-upgrade --reason 'checked by hand'",
      ],
      options: [
        { flags: '--name <name>', about: 'a name for it' },
        { flags: '--reason <reason>', about: 'why it is good' },
        { flags: '--as-of <time>', about: 'bless the state of that moment instead of now' },
        { flags: '--kinds <kinds>', about: 'only these kinds, comma separated', read: 'list' },
      ],
      async run(desk, [target], options) {
        await desk.answer(
          'baseline_bless',
          {
            ...(target === undefined ? {} : { target }),
            ...given(options, 'name', 'reason'),
            ...moments(desk, options, 'asOf'),
            ...given(options, 'kinds'),
          },
          renderBlessed,
        );
      },
    },
    {
      usage: 'list [target]',
      summary: 'list baselines',
      examples: ['baseline list', 'baseline list web-1 --json'],
      async run(desk, [target]) {
        await desk.answer('baseline_list', target === undefined ? {} : { target }, renderBaselines);
      },
    },
    {
      usage: 'show <baseline>',
      summary: 'show one baseline: what it covers and what it leaves out',
      examples: ['baseline show before-upgrade', 'baseline show baseline_0123456789abcdef01234567'],
      options: [TARGET],
      async run(desk, [baseline], options) {
        await desk.answer(
          'baseline_show',
          { baseline: baseline ?? '', ...given(options, 'target') },
          renderBaseline,
        );
      },
    },
    {
      usage: 'retire <baseline>',
      summary: 'end a baseline; its findings close',
      examples: ["baseline retire before-upgrade --reason 'upgrade done'"],
      options: [{ flags: '--reason <reason>', about: 'why it ends' }, TARGET],
      async run(desk, [baseline], options) {
        await desk.answer(
          'baseline_retire',
          { baseline: baseline ?? '', ...given(options, 'reason', 'target') },
          renderRetired,
        );
      },
    },
  ],
};

export const waive: CommandSpec = {
  usage: 'waive [finding]',
  summary: 'accept a finding for a while, with a reason; it stays listed as waived',
  more: 'Give the id of a finding, or --entity for everything that fits.',
  examples: [
    "waive finding_0123456789abcdef --reason 'contractor until Friday' --until 'in 5d'",
    "waive --entity 'user:web-1/build-*' --reason 'build accounts' --until +30d",
  ],
  options: [
    { flags: '--entity <entity>', about: 'entities to accept; * is any run of characters' },
    { flags: '--attribute <attribute>', about: 'with --entity: these attributes; default all' },
    TARGET,
    { flags: '--reason <reason>', about: 'why it is acceptable', mandatory: true },
    { flags: '--owner <owner>', about: 'who answers for it' },
    { flags: '--until <time>', about: "when that ends: 'in 7d', +2w, 2026-12-31", mandatory: true },
  ],
  async run(desk, [finding], options) {
    await desk.answer(
      'waiver_add',
      {
        ...(finding === undefined ? {} : { finding }),
        ...given(options, 'target', 'entity', 'attribute', 'reason', 'owner'),
        ...moments(desk, options, 'until'),
      },
      renderWaived,
    );
  },
};

export const waiver: GroupSpec = {
  usage: 'waiver',
  summary: 'list and withdraw waivers',
  commands: [
    {
      usage: 'list [target]',
      summary: 'list waivers with their reasons and ends',
      examples: ['waiver list', 'waiver list --json'],
      async run(desk, [target]) {
        await desk.answer('waiver_list', target === undefined ? {} : { target }, renderWaivers);
      },
    },
    {
      usage: 'retire <waiver>',
      summary: 'end a waiver now; its findings open again',
      examples: ["waiver retire waiver_0123456789abcdef01234567 --reason 'no longer needed'"],
      options: [{ flags: '--reason <reason>', about: 'why it ends' }],
      async run(desk, [waiver], options) {
        await desk.answer(
          'waiver_retire',
          { waiver: waiver ?? '', ...given(options, 'reason') },
          renderWaived,
        );
      },
    },
  ],
};
