import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { StandingPage } from '#execution';
import { renderStanding, renderStandingPage, renderStandings } from '../render/standing.ts';
import { consent, keyFor, mustReach } from '../signing.ts';
import { KEY, listed, repeated, split, typed, WORDS } from './change.ts';
import { type GroupSpec, given } from './spec.ts';

const UNITS: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };

export const standing: GroupSpec = {
  usage: 'standing',
  summary: 'consent in advance: one action, listed arguments, a window, a budget, an end',
  commands: [
    {
      usage: 'add <action> <targets>',
      summary: 'sign a standing approval',
      more: 'Every value of every argument is listed: --arg unit=nginx.service|php.service. Hosts count the budget themselves.',
      examples: [
        "standing add service.reload web-1,web-2 --arg unit=nginx.service --days 30 --runs 4 --per 1h --reason 'new certificates'",
      ],
      options: [
        {
          flags: '--arg <pair>',
          about: 'an argument with all its values, name=value|value; once for each',
          read: 'repeated',
        },
        {
          flags: '--days <n>',
          about: 'until when; at most 90',
          read: 'whole number',
          mandatory: true,
        },
        {
          flags: '--runs <n>',
          about: 'at most this many runs on a host',
          read: 'whole number',
          mandatory: true,
        },
        { flags: '--per <time>', about: 'in this time: 10m, 1h, 1d', mandatory: true },
        {
          flags: '--cooldown <seconds>',
          about: 'between two runs; default 300',
          read: 'whole number',
        },
        { flags: '--window <window>', about: 'HH:MM-HH:MM UTC; default always' },
        { flags: '--even-tainted', about: 'also for a session that has read text of a target' },
        { flags: '--reason <reason>', about: 'why', mandatory: true },
        KEY,
        WORDS,
      ],
      async run(desk, [action = '', targets = ''], options) {
        const values: Record<string, Json[]> = {};
        for (const pair of repeated(options, 'arg')) {
          const [name, text] = split(pair);
          values[name] = [...(values[name] ?? []), ...text.split('|').map(typed)];
        }
        const page = (await desk.ask('standing_page', {
          action,
          targets: listed(targets),
          arguments: values,
          days: options['days'] as number,
          window: typeof options['window'] === 'string' ? options['window'] : 'always',
          budget: {
            runs: options['runs'] as number,
            perSeconds: secondsOf(String(options['per'])),
          },
          cooldownSeconds: (options['cooldown'] as number | undefined) ?? 300,
          evenTainted: options['evenTainted'] === true,
          ...given(options, 'reason'),
        })) as unknown as StandingPage;
        const { order, namespace, digestWords, steps, assuranceNeeded } = page;
        await desk.commands.checkOrder({
          kind: 'standing',
          order,
          namespace,
          action,
          steps: steps.length,
          digestWords,
        });
        desk.present(page, renderStandingPage);
        const key = await keyFor(desk, options['key']);
        await mustReach(desk, key, { needed: assuranceNeeded, rule: 'standing' });
        await consent(desk, { words: digestWords, given: options['words'], name: null });
        const signature = await desk.commands.keys.sign(key, page.namespace, page.order);
        await desk.answer(
          'standing_add',
          { order: page.order, signatures: [signature] },
          renderStanding,
        );
      },
    },
    {
      usage: 'list',
      summary: 'list standing approvals',
      examples: ['standing list', 'standing list --json'],
      async run(desk) {
        await desk.answer('standing_list', {}, renderStandings);
      },
    },
    {
      usage: 'revoke <standing>',
      summary: 'end a standing approval now',
      examples: ["standing revoke std_0123456789abcdef01234567 --reason 'no longer wanted'"],
      options: [{ flags: '--reason <reason>', about: 'why', mandatory: true }],
      async run(desk, [standingId = ''], options) {
        await desk.answer(
          'standing_revoke',
          { standingId, ...given(options, 'reason') },
          renderStanding,
        );
      },
    },
  ],
};

export function secondsOf(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,4})([mhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined)
    throw new Fault(
      'invalid',
      'invalid-input',
      `not a time like 10m, 1h or 1d: ${text.slice(0, 40)}`,
    );
  return Number(count) * (UNITS[unit] ?? 0);
}
