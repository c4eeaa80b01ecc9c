import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { instant } from '#base/time';
import { throwsFault } from '#test/throws-fault';
import { calendar, needsFourEyes } from './calendar.ts';
import { parseSettings } from './parse-settings.ts';
import { sampleSettings } from './sample-settings.ts';
import { aTarget } from './samples.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

const HEAD = 'version: 1\norganisation: main\n';

async function problems(text: string): Promise<readonly string[]> {
  const fault = await throwsFault(() => parseSettings(text, 'settings.yaml'), 'invalid-policy');
  return fault.facts.problems as readonly string[];
}

describe('the settings', () => {
  it('of the sample are the defaults, and what it shows as an example can be read', () => {
    const { digest, ...sample } = parseSettings(sampleSettings('main'));
    const { digest: _, ...defaults } = DEFAULT_SETTINGS;
    assert.deepEqual(sample, defaults);
    assert.match(digest, /^sha256:[0-9a-f]{64}$/);
    const uncommented = sampleSettings('acme')
      .replace(/^(ceilings|windows|freezes|fourEyes): .*$/gm, '$1:')
      .replace(/^#( {2}(-|[a-z]+:| ))/gm, '$1');
    const all = parseSettings(uncommented);
    assert.equal(all.windows[0]?.name, 'nightly');
    assert.equal(all.freezes[0]?.name, 'year-end');
    assert.equal(all.ceilings.get('observer'), 'T2');
    assert.equal(all.fourEyes.length, 2);
  });

  it('keep what was not said', () => {
    const { guards } = parseSettings(
      `${HEAD}guards: { breaker: { attempts: 2 }, blastRadius: { groups: { day: { percent: 10 } } } }`,
    );
    assert.deepEqual(guards.breaker, { attempts: 2, withinSeconds: 600, openSeconds: 1_800 });
    assert.deepEqual(guards.blastRadius.groups.day, { percent: 10, atLeast: 6 });
    assert.equal(guards.cooldownSeconds, 300);
  });

  it('refuse what is not understood, each with its line', async () => {
    assert.deepEqual(await problems(''), [
      'settings.yaml:1: the file is empty: give it a value or leave the key out',
    ]);
    assert.match(
      (await problems('version: 1'))[0] ?? '',
      /^settings.yaml:1: organisation is missing/,
    );
    const wrong: readonly (readonly [string, RegExp])[] = [
      ['mood: guarded', /^settings.yaml:3: unknown key "mood" in the file: accepted are version/],
      ['mode: wide', /:3: mode "wide" is not known: accepted are readonly, guarded, open/],
      ['mode: guarded\nmode: open', /:4: duplicate key "mode"/],
      ['mode: !!str open', /:3: tags are not accepted/],
      ['ceilings: { observer: T4 }', /:3: ceilings.observer "T4" is not known/],
      ['guards: { cooldownSeconds: -1 }', /guards.cooldownSeconds must be a whole number from 0/],
      ['guards: { cooldownSeconds: "300" }', /must be a whole number/],
      ['guards: { flap: { times: 1 } }', /must be a whole number from 2/],
      ['guards: { blastRadius: { groups: { hour: { atLeast: 0 } } } }', /from 1/],
      ['windows: [{ name: a }]', /:3: windows\[0\] needs either once or weekly/],
      [
        'windows:\n  - name: a\n    weekly: { from: "2:00", to: "04:00", zone: Europe/Berlin }',
        /:5: windows\[0\].weekly.from "2:00" must be a time of day/,
      ],
      [
        'windows:\n  - name: a\n    weekly: { from: "02:00", to: "04:00", zone: Mars/Base }',
        /:5: windows\[0\].weekly has a zone that is not known: Mars\/Base/,
      ],
      [
        'freezes: [{ name: a, environments: [], once: { from: 2026-01-01T00:00:00Z, to: 2026-01-02T00:00:00Z } }]',
        /empty list/,
      ],
      [
        'freezes: [{ name: a, once: { from: 2026-01-02T00:00:00Z, to: 2026-01-02T00:00:00Z } }]',
        /in this order/,
      ],
      [
        'freezes: [{ name: a, once: { from: 2026-01-02, to: 2026-01-03T00:00:00Z } }]',
        /must be a time like/,
      ],
      [
        'stabiliseSeconds: { least: 20, most: 10 }',
        /:3: stabiliseSeconds: least is more than most/,
      ],
      ['fourEyes: [{ tier: T1, when: always }]', /"T1" is not known/],
    ];
    for (const [text, what] of wrong) {
      assert.match((await problems(HEAD + text))[0] ?? '', what, text);
    }
  });
});

describe('windows and freezes', () => {
  const settings = parseSettings(`${HEAD}
windows:
  - name: nightly
    environments: [production]
    weekly: { days: [sun], from: "23:00", to: "03:00", zone: Europe/Berlin }
  - name: lab
    tags: [lab]
    weekly: { from: "00:00", to: "00:00", zone: UTC }
freezes:
  - name: year-end
    targets: [host:web-1]
    once: { from: 2026-12-20T00:00:00+01:00, to: 2027-01-03T00:00:00+01:00 }
`);
  const at = (
    text: string,
    ...targets: ReturnType<typeof aTarget>[]
  ): ReturnType<typeof calendar> =>
    calendar(settings, targets.length === 0 ? [aTarget()] : targets, instant(text));
  const isIn = (text: string): boolean => at(text).inWindow;

  it('begin at their first moment and end before their last', () => {
    // Sunday 2026-06-07, Berlin is two hours ahead.
    assert.equal(isIn('2026-06-07T20:59:59.999999Z'), false);
    assert.equal(isIn('2026-06-07T21:00:00Z'), true);
    assert.equal(isIn('2026-06-08T00:59:59.999999Z'), true);
    assert.equal(isIn('2026-06-08T01:00:00Z'), false);
    assert.equal(isIn('2026-06-08T21:30:00Z'), false);
    assert.equal(at('2026-12-19T22:59:59.999999Z').frozen, false);
    assert.deepEqual(at('2026-12-19T23:00:00Z').freezes, ['year-end']);
    assert.equal(at('2027-01-02T22:59:59.999999Z').frozen, true);
    assert.equal(at('2027-01-02T23:00:00Z').frozen, false);
  });

  it('go by the clock on the wall when it is set forward or back', () => {
    // Back on Sunday 2026-10-25 at 03:00 to 02:00; Sunday's own window starts at 23:00, now UTC+1.
    assert.equal(isIn('2026-10-25T21:59:59Z'), false);
    assert.equal(isIn('2026-10-25T22:00:00Z'), true);
    // Saturday is no day of the window, so nothing is open in the hour that comes twice.
    assert.equal(isIn('2026-10-25T00:30:00Z'), false);
    assert.equal(isIn('2026-10-25T01:30:00Z'), false);
  });

  it('count only when every target has one, and freeze when any has one', () => {
    const lab = aTarget({ id: 'host:lab-1', environment: 'lab', tags: ['lab'] });
    const now = '2026-12-21T12:00:00Z';
    assert.deepEqual(at(now, lab), {
      inWindow: true,
      frozen: false,
      windows: ['lab'],
      freezes: [],
    });
    assert.deepEqual(at(now, lab, aTarget()), {
      inWindow: false,
      frozen: true,
      windows: ['lab'],
      freezes: ['year-end'],
    });
    assert.equal(calendar(settings, [], instant(now)).inWindow, false);
  });
});

describe('four eyes', () => {
  it('are asked for T3 as soon as there are several operators, unless the settings say otherwise', () => {
    const asks = (text: string, tier: 'T2' | 'T3', operators: number): boolean =>
      needsFourEyes(parseSettings(HEAD + text), tier, ['lab', 'production'], operators);
    assert.equal(asks('', 'T3', 1), false);
    assert.equal(asks('', 'T3', 2), true);
    assert.equal(asks('', 'T2', 2), false);
    assert.equal(
      asks('fourEyes: [{ tier: T2, environments: [production], when: always }]', 'T2', 1),
      true,
    );
    assert.equal(
      asks('fourEyes: [{ tier: T2, environments: [test], when: always }]', 'T2', 1),
      false,
    );
    assert.equal(asks('fourEyes: [{ tier: T3, when: never }]', 'T3', 2), false);
  });
});
