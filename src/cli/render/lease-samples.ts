/** One telling answer per operation on leases and roles. */
import type { Json } from '#base/json';

const LEASE = {
  id: 'lease_0123456789abcdef01234567',
  label: 'claude on my laptop',
  status: 'active',
  profile: 'observer',
  capabilities: ['facts.read', 'drift.read', 'inventory.read', 'changes.read'],
  scopes: 'all',
  targets: 'all',
  ceiling: 'T2',
  issuedBy: 'ada',
  issuedAt: '2026-03-01T11:00:00.000000Z',
  expiresAt: '2026-03-01T15:00:00.000000Z',
  via: 'paste',
  resource: null,
  revoked: null,
  uses: 12,
  failures: 1,
  lastUsedAt: '2026-03-01T11:57:00.000000Z',
  lastOperation: 'query_facts',
};
const REVOKED = {
  ...LEASE,
  id: 'lease_1123456789abcdef01234567',
  label: 'triage',
  status: 'revoked',
  profile: 'diagnostician',
  scopes: ['acme/paris'],
  targets: { ids: ['host:web-1'], tags: ['dns'] },
  ceiling: 'T0',
  revoked: { at: '2026-03-01T11:30:00.000000Z', by: 'operator:ada@console', reason: 'done' },
  uses: 0,
  failures: 0,
  lastUsedAt: null,
  lastOperation: null,
};
const TOKEN = {
  ...LEASE,
  id: 'oauth_0123456789abcdef01234567',
  label: 'agent-7',
  via: 'agent-7',
  issuedBy: 'bea',
  token: { issuer: 'https://id.example.org', subject: '00u1', client: 'agent-7' },
};
const OBSERVER = {
  profile: 'observer',
  says: 'looks, brings observations, and proposes changes for a person to decide',
  capabilities: ['facts.read', 'changes.propose'],
  ceiling: 'T3',
};

export const LEASE_ANSWERS: Readonly<Record<string, Json>> = {
  lease_profiles: {
    profiles: [
      OBSERVER,
      {
        profile: 'metrics',
        says: 'reads the metrics of this service',
        capabilities: ['metrics.read'],
        ceiling: 'T0',
      },
    ],
    seconds: { least: 60, usual: 14_400, most: 86_400 },
  },
  lease_issue: {
    lease: { ...LEASE, uses: 0, failures: 0, lastUsedAt: null, lastOperation: null },
    bearer: 'hfl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    next: 'give it to the assistant as its bearer token now: it is not shown again. holdfast lease revoke lease_0123456789abcdef01234567 ends it at once',
  },
  lease_list: {
    leases: [LEASE, REVOKED, TOKEN],
    more: true,
    barred: [
      {
        issuer: 'https://id.example.org',
        jti: null,
        notBefore: '2026-03-01T11:31:00.000000Z',
        at: '2026-03-01T11:30:00.000000Z',
        by: 'operator:ada@console',
        reason: 'the keys of the provider leaked',
      },
      {
        issuer: 'https://id.example.org',
        jti: '7f3a',
        notBefore: null,
        at: '2026-03-01T11:20:00.000000Z',
        by: 'operator:ada@console',
        reason: 'found in a log',
      },
    ],
  },
  token_revoke: {
    issuer: 'https://id.example.org',
    leaseId: 'oauth_0123456789abcdef01234567',
    next: 'every token of theirs is refused, those to come as well, until holdfast lease readmit oauth_0123456789abcdef01234567',
  },
  lease_readmit: {
    leaseId: 'oauth_0123456789abcdef01234567',
    next: 'tokens of theirs that are good otherwise are taken again',
  },
  lease_revoke: REVOKED,
  access_show: {
    isFile: true,
    unsigned: {
      code: 'access-unsigned',
      file: 'access.yaml',
      state: 'edited',
      digest: 'ab'.repeat(32),
      says: 'it was edited since it was signed, so it takes away and gives nothing',
      differs: [
        {
          at: 'access.yaml:6',
          what: 'person bea',
          written: 'owner',
          signed: 'responder',
          inForce: 'only what both give',
        },
      ],
      next: 'holdfast config sign',
    },
    roles: [
      {
        role: 'owner',
        profile: 'operator',
        capabilities: ['facts.read'],
        scopes: 'all',
        targets: 'all',
        ceiling: 'T3',
      },
      {
        role: 'responder',
        profile: null,
        capabilities: ['facts.read', 'changes.propose'],
        scopes: ['acme/paris'],
        targets: { ids: ['host:web-1'], tags: ['dns'] },
        ceiling: 'T2',
      },
    ],
    people: [
      { operator: 'ada', isInForce: true, roles: ['owner'] },
      { operator: 'bea', isInForce: false, roles: [] },
    ],
    groups: [{ group: 'sre', roles: ['responder'] }],
    profiles: [OBSERVER],
    capabilities: [
      { capability: 'changes.decide', isDeciding: true, roles: ['owner'] },
      { capability: 'facts.read', isDeciding: false, roles: ['owner', 'responder'] },
    ],
  },
};
