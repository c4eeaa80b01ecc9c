import { renderChanged, renderExplained } from '../render/explain.ts';
import { type CommandSpec, given, moments, SCOPE } from './spec.ts';

export const explain: CommandSpec = {
  usage: 'explain <finding>',
  summary: 'show who caused a finding: our own changes, or what audit trails of the target say',
  more: 'A person is named only where a record says that they did it. The answer is kept with the finding.',
  examples: ['drift explain finding_0123456789abcdef'],
  async run(desk, [finding]) {
    await desk.answer('explain_finding', { finding: finding ?? '' }, renderExplained);
  },
};

export const whatChanged: CommandSpec = {
  usage: 'what-changed <target> [entity]',
  summary: 'show what changed on a target before something degraded, in the order of time',
  examples: [
    'what-changed web-1',
    "what-changed web-1 --before '2h ago' --window 3600",
    'what-changed web-1 service:web-1/nginx.service',
  ],
  options: [
    { flags: '--before <time>', about: "when it was noticed: '2h ago', 09:30; default now" },
    {
      flags: '--window <seconds>',
      about: 'how far to look back; default a day',
      read: 'whole number',
    },
    SCOPE,
  ],
  async run(desk, [target, entity], options) {
    await desk.answer(
      'what_changed',
      {
        target: target ?? '',
        ...(entity === undefined ? {} : { entity }),
        ...moments(desk, options, 'before'),
        ...given(options, 'window', 'scope'),
      },
      renderChanged,
    );
  },
};
