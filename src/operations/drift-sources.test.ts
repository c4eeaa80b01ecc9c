import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '#base/fault';
import type { Declaration, FindingRule, FindingRules } from '#model';
import { aWorld, type TestWorld } from '#test/world';
import type { DriftSources } from './drift-sources.ts';

const RULE: FindingRule = {
  declaration: '*',
  target: '*',
  entity: '*',
  attribute: '*',
  kinds: [],
  severity: null,
  owner: null,
  debounce: null,
  ignore: null,
  at: 'declarations.yaml:1',
};

function running(state = 'active'): Declaration {
  return {
    id: 'git:site/web',
    kind: 'git',
    name: 'site/web',
    scope: 'main/main',
    target: 'host:web-1',
    expectations: ['state.active', 'user'].map((attribute) => ({
      entity: 'service:web-1/app',
      attribute,
      test: { op: 'equals', value: attribute === 'user' ? 'www-data' : state },
      where: [],
      source: null,
      severity: null,
      because: {
        id: null,
        title: 'the app runs',
        rationale: null,
        remediation: 'start it',
        reference: null,
        at: 'web.yaml:7',
      },
    })),
    closed: [],
    needs: [],
    since: null,
    digest: 'sha256:1',
  };
}

type Told = {
  readonly id: string;
  readonly attribute: string;
  readonly kind: string;
  readonly severity: string;
  readonly status: string;
  readonly owner: string | null;
  readonly notBefore: string | null;
  readonly firstSeen: string;
  readonly because: { readonly at: string } | null;
  readonly declared: string;
};

class Site {
  declarations: readonly Declaration[] | Fault = [running()];
  rules: FindingRules = [];
  signed = 'sha256:1';
  readonly world: TestWorld;

  constructor(world: (drift: DriftSources) => TestWorld) {
    this.world = world({
      declarations: () => {
        if (this.declarations instanceof Fault) throw this.declarations;
        return this.declarations;
      },
      rules: () => this.rules,
      isSigned: (digest) => digest === this.signed,
    });
  }

  async see(at: string, app: object, now = at): Promise<void> {
    this.world.at(day(now));
    await this.world.ask('ingest_observation', {
      source: 'trusted-probe',
      target: 'host:web-1',
      observedAt: day(at),
      complete: ['service'],
      facts: Object.entries(app).map(([attribute, value]) => ({
        entity: 'service:web-1/app',
        attribute,
        value,
      })),
    });
  }

  async drift(input: object = {}): Promise<readonly Told[]> {
    return (await this.world.value('drift_scan', { target: 'host:web-1', ...input })).findings;
  }
}

const day = (time: string): string => `2026-03-01T${time}Z`;
const full = (time: string): string => `2026-03-01T${time}.000000Z`;
const GOOD = { 'state.active': 'active', user: 'www-data' };
const DOWN = { 'state.active': 'failed', user: 'www-data' };
const OTHER = { 'state.active': 'active', user: 'root' };

async function aSite(): Promise<Site> {
  let given: DriftSources | undefined;
  const holder = { sources: (): DriftSources => given as DriftSources };
  const world = await aWorld({
    drift: {
      declarations: (...asked) => holder.sources().declarations(...asked),
      rules: () => holder.sources().rules(),
      isSigned: (digest) => holder.sources().isSigned(digest),
    },
  });
  return new Site((drift) => {
    given = drift;
    return world;
  });
}

describe('a declaration from elsewhere', () => {
  it('is compared like a baseline, and says why, whose and whether it is signed', async () => {
    const site = await aSite();
    await site.see('12:00:00', GOOD);
    await site.see('12:05:00', OTHER);
    const [finding] = await site.drift();
    assert.deepEqual(
      [finding?.kind, finding?.status, finding?.severity, finding?.declared, finding?.because?.at],
      ['changed', 'open', 'critical', 'git', 'web.yaml:7'],
    );
    assert.deepEqual(
      [finding?.notBefore, finding?.firstSeen],
      [full('12:00:00'), full('12:05:00')],
    );
    const { baselines, scores } = await site.world.value('drift_scan', { source: 'git' });
    assert.deepEqual(baselines[0], {
      id: 'git:site/web',
      name: 'site/web',
      kind: 'git',
      target: 'host:web-1',
      signature: 'signed',
    });
    // The account weighs 10 and the state 3; of the other target nobody has seen anything.
    const brief = scores.map(({ target, score }: { target: string; score: number }) => [
      target,
      score,
    ]);
    assert.deepEqual(brief, [
      [null, 11.5],
      ['host:web-2', 0],
      ['host:web-1', 23],
    ]);
    assert.deepEqual(await site.drift({ source: 'cis' }), []);
  });

  it('that nobody makes any more resolves what it found; one that cannot be read does not', async () => {
    const site = await aSite();
    await site.see('12:00:00', OTHER);
    site.declarations = new Fault('invalid', 'invalid-declarations', 'line 3 is wrong');
    await site.see('12:05:00', GOOD);
    site.declarations = [];
    await site.see('12:06:00', OTHER);
    assert.deepEqual(await site.drift(), []);
    const past = await site.world.value('query_facts', {
      type: 'drift',
      attribute: 'status',
      asOf: day('12:05:30'),
    });
    assert.deepEqual(
      past.facts.map((fact: { value: string }) => fact.value),
      ['open'],
    );
  });

  it('that changes is compared anew, without a look', async () => {
    const site = await aSite();
    await site.see('12:00:00', GOOD);
    assert.deepEqual(await site.drift(), []);
    site.declarations = [running('inactive')];
    const [finding] = await site.drift();
    assert.deepEqual([finding?.attribute, finding?.notBefore], ['state.active', null]);
  });
});

describe('a declaration', () => {
  it('is signed or not as it is now, whatever it was when it was last compared', async () => {
    const site = await aSite();
    await site.see('12:00:00', GOOD);
    const signature = async (): Promise<string> =>
      (await site.world.value('drift_scan', {})).baselines[0].signature;
    assert.equal(await signature(), 'signed');
    site.signed = 'sha256:2';
    assert.equal(await signature(), 'unsigned');
  });
});

describe('what flaps by nature', () => {
  it('is pending until a second look some time later, and gone when it passed', async () => {
    const site = await aSite();
    await site.see('12:00:00', GOOD);
    await site.see('12:05:00', DOWN);
    assert.deepEqual(
      (await site.drift()).map(({ status }) => status),
      ['pending'],
    );
    await site.see('12:06:00', GOOD);
    assert.deepEqual(await site.drift(), []);
    await site.see('12:10:00', DOWN);
    await site.see('12:14:00', DOWN);
    assert.deepEqual(
      (await site.drift()).map(({ status }) => status),
      ['pending'],
    );
    await site.see('12:15:00', DOWN);
    const [finding] = await site.drift();
    assert.deepEqual(
      [finding?.status, finding?.notBefore, finding?.firstSeen],
      ['open', full('12:06:00'), full('12:10:00')],
    );
  });

  it('in a state that passes is neither told nor taken for good', async () => {
    const site = await aSite();
    await site.see('12:00:00', { ...GOOD, 'state.active': 'reloading' });
    assert.deepEqual(await site.drift(), []);
    await site.see('12:10:00', { ...GOOD, 'state.active': 'reloading' });
    await site.see('12:15:00', { ...GOOD, 'state.active': 'reloading' });
    assert.deepEqual(
      (await site.drift()).map(({ kind }) => kind),
      ['changed'],
    );
  });
});

describe('when a finding began', () => {
  it('is told from what late looks saw, not from when they came', async () => {
    const site = await aSite();
    await site.see('12:00:00', GOOD);
    await site.see('12:20:00', OTHER);
    await site.see('12:10:00', OTHER, '12:21:00');
    await site.see('12:05:00', GOOD, '12:22:00');
    const [finding] = await site.drift();
    assert.deepEqual(
      [finding?.notBefore, finding?.firstSeen],
      [full('12:05:00'), full('12:10:00')],
    );
  });

  it('counts a confirmation, and begins anew when it comes back', async () => {
    const site = await aSite();
    for (const at of ['12:00:00', '12:03:00', '12:04:00']) await site.see(at, GOOD);
    await site.see('12:05:00', OTHER);
    await site.see('12:06:00', GOOD);
    await site.see('12:07:00', OTHER);
    const [finding] = await site.drift();
    assert.deepEqual(
      [finding?.notBefore, finding?.firstSeen],
      [full('12:06:00'), full('12:07:00')],
    );
  });

  it('of what is gone is after it was last there', async () => {
    const site = await aSite();
    for (const at of ['12:00:00', '12:04:00']) await site.see(at, GOOD);
    await site.see('12:05:00', {});
    await site.see('12:09:00', {});
    const [finding] = await site.drift();
    assert.deepEqual(
      [finding?.kind, finding?.notBefore, finding?.firstSeen],
      ['missing', full('12:04:00'), full('12:05:00')],
    );
  });
});

describe('a rule of the operator', () => {
  const told = async (rule: Partial<FindingRule>, app = OTHER): Promise<Told | undefined> => {
    const site = await aSite();
    site.rules = [
      { ...RULE, ...rule },
      { ...RULE, severity: 'warning', owner: 'second' },
    ];
    await site.see('12:00:00', app);
    return (await site.drift())[0];
  };

  it('says what a finding weighs and whose it is; the first one that says it counts', async () => {
    const finding = await told({ entity: 'service:*', severity: 'info' });
    assert.deepEqual([finding?.severity, finding?.owner], ['info', 'second']);
  });

  it('takes it out of the way, and is about nothing but what fits', async () => {
    assert.equal((await told({ ignore: 'known' }))?.status, 'ignored');
    assert.equal((await told({ ignore: 'known', kinds: ['missing'] }))?.status, 'open');
    assert.equal((await told({ ignore: 'known', declaration: 'cis:*' }))?.status, 'open');
  });

  it('says how long to wait, but not for what security rests on', async () => {
    const debounce = { seconds: 3_600, looks: 9 };
    assert.equal((await told({ debounce }))?.status, 'open');
    assert.equal((await told({ debounce }, DOWN))?.status, 'pending');
    assert.equal((await told({ debounce: { seconds: 0, looks: 1 } }, DOWN))?.status, 'open');
  });
});
