import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { whyNot } from './why-not.ts';

type Question = Parameters<typeof whyNot>[0];

const QUESTION = {
  page: {
    change: { onBehalfOf: 'operator:bea@console', requestedBy: 'lease:1', tier: 'T2' },
    plan: { tier: 'T2' },
    typeName: null,
    quorum: { needed: 1, have: [] },
    fourEyes: false,
    assuranceNeeded: 'touch',
    digestWords: 'one two three',
  },
  checked: { digest: 'd', words: 'one two three', misfit: null, quorum: 1, runBySeconds: 0 },
  session: {
    operator: 'ada',
    limit: null,
    origin: 'https://holdfast.example',
    keys: [{ credentialId: 'a', key: 'k', label: 'l', transports: [], fingerprint: 'f' }],
  },
  decideMs: 60_000,
  isLost: false,
} as unknown as Question;

function why(page: object, rest: object = {}, session: object = {}): string | undefined {
  return whyNot({
    ...QUESTION,
    ...rest,
    page: { ...QUESTION.page, ...page },
    session: { ...QUESTION.session, ...session },
  } as Question);
}

describe('whether there is a button', () => {
  it('is there when the order says what is shown and the signature can count', () => {
    assert.equal(why({}), undefined);
    assert.equal(why({ assuranceNeeded: 'separate' }), undefined);
    assert.equal(why({ quorum: { needed: 2, have: ['bea'] } }), undefined);
  });

  it('is not there while, or where, the order is another one than is shown', () => {
    assert.match(why({}, { checked: undefined }) ?? '', /Computing/);
    const misfit = { ...QUESTION.checked, misfit: 'the order is for another plan' };
    assert.match(why({}, { checked: misfit }) ?? '', /Do not sign this: the order is for another/);
    assert.match(why({ digestWords: 'other words' }) ?? '', /Do not sign this/);
  });

  it('is not there when another tier is shown beside the plan, or its name is not asked for', () => {
    const change = { onBehalfOf: null, requestedBy: 'lease:1', tier: 'T1' };
    assert.match(why({ change }) ?? '', /another tier/);
    const high = { plan: { tier: 'T3' }, change: { ...change, tier: 'T3' } };
    assert.match(why(high) ?? '', /another tier/);
    assert.match(why({ typeName: 'host:web-1' }) ?? '', /another tier/);
    assert.equal(why({ ...high, typeName: 'host:web-1' }), undefined);
  });

  it('is not there when time is over, whatever else', () => {
    assert.match(why({}, { decideMs: 0 }) ?? '', /Nobody decided in time/);
  });

  it('is not there for whoever signed, and says for whom it waits', () => {
    assert.match(why({ quorum: { needed: 2, have: ['ada'] } }) ?? '', /one more person/);
    assert.match(why({ quorum: { needed: 3, have: ['ada'] } }) ?? '', /2 more people/);
  });

  it('is not there for the person behind the request where four eyes are needed', () => {
    const own = {
      fourEyes: true,
      change: { onBehalfOf: null, requestedBy: 'operator:ada@console', tier: 'T2' },
    };
    assert.match(why(own) ?? '', /Somebody else/);
    assert.equal(why({ fourEyes: true }), undefined);
    assert.equal(why({ ...own, fourEyes: false }), undefined);
  });

  it('is not there on this machine where a passkey of another device is needed', () => {
    const here = { origin: 'http://localhost:7425' };
    assert.match(why({ assuranceNeeded: 'separate' }, {}, here) ?? '', /another device/);
    assert.equal(why({}, {}, here), undefined);
  });

  it('is not there without a key in force, by a recovery code, or without a connection', () => {
    assert.match(why({}, {}, { keys: [] }) ?? '', /None of your passkeys/);
    assert.match(why({}, {}, { limit: 'this session looks' }) ?? '', /cannot sign: this session/);
    assert.match(why({}, { isLost: true }) ?? '', /Not connected/);
  });
});
