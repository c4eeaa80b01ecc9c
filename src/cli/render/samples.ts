/** One telling answer per operation, as the service gives it, and the commands that show them. */
import type { Json } from '#base/json';
import { CHANGE_ANSWERS, CHANGE_SHOWN } from '../commands/samples.ts';
import type { Summary } from '../program.ts';
import { LEASE_ANSWERS } from './lease-samples.ts';

const AT = '2026-03-01T11:57:00.000000Z';
const EARLIER = '2026-02-27T08:00:00.000000Z';

const fact = (entity: string, attribute: string, value: Json, more: object = {}): Json => ({
  entity,
  attribute,
  value,
  type: 'observed',
  target: 'host:web-1',
  source: 'collector.local',
  validFrom: EARLIER,
  validTo: null,
  recordedAt: EARLIER,
  supersededAt: null,
  ageSeconds: 180,
  scope: 'main/main',
  ...more,
});

const covered = (kind: string, status: string, reason: string | null): Json => ({
  target: 'host:web-1',
  source: 'collector.local',
  kind,
  status,
  observedAt: status === 'never' ? null : AT,
  ageSeconds: status === 'never' ? null : 180,
  reason,
  scope: 'main/main',
});

const finding = (more: object): Json => ({
  id: 'finding_0123456789abcdef',
  target: 'host:web-1',
  baseline: 'baseline_0123456789abcdef01234567',
  declared: 'blessed',
  entity: 'user:web-1/eve',
  attribute: '*',
  kind: 'unexpected',
  severity: 'critical',
  observed: { uid: 1001, shell: '/bin/bash', home: '/home/eve' },
  desired: null,
  notBefore: null,
  firstSeen: EARLIER,
  lastSeen: AT,
  status: 'open',
  owner: null,
  because: null,
  cause: null,
  scope: 'main/main',
  ...more,
});

const BASELINE = {
  id: 'baseline_0123456789abcdef01234567',
  name: 'default',
  scope: 'main/main',
  target: 'host:web-1',
  kinds: ['port', 'user'],
  facts: 312,
  blessedAt: EARLIER,
  knownAt: EARLIER,
  blessedBy: 'operator:me@local',
  reason: 'blessed as found',
  digest: 'sha256:00',
  signature: 'unsigned',
  status: 'active',
} satisfies Json;
const DETAIL = {
  ...BASELINE,
  covers: [{ source: 'collector.local', kind: 'port' }],
  leftOut: [
    {
      source: 'collector.local',
      kind: 'container',
      status: 'partial',
      reason: 'no runtime answered',
    },
  ],
};
const WAIVER = {
  id: 'waiver_0123456789abcdef01234567',
  scope: 'main/main',
  target: 'host:web-1',
  entity: 'user:web-1/eve',
  attribute: '*',
  reason: 'contractor until Friday',
  owner: 'me',
  expiresAt: '2026-03-06T00:00:00.000000Z',
  signature: 'unsigned',
  status: 'active',
} satisfies Json;
const TOLD = { open: 1, opened: ['finding_0123456789abcdef'], resolved: [] };
const TARGET = {
  id: 'host:web-1',
  scope: 'main/main',
  hostType: 'debian',
  environment: 'production',
  transport: 'local',
  address: null,
  criticality: 'normal',
  owner: 'me',
  tags: ['edge', 'eu'],
  redundancySet: null,
  staleAfterSeconds: 3600,
  sources: [{ name: 'probe', kinds: ['*'], trusted: false }],
} satisfies Json;
const LOG = {
  ok: true,
  verdict: 'holds',
  size: 1024,
  root: 'aa'.repeat(32),
  firstBadRecord: null,
  problems: [],
  more: false,
  tail: { acknowledged: 1024, authenticBeyondHead: 0, tornBytes: 0 },
  checkpoints: 16,
  keys: ['holdfast+0+AA'],
  anchored: 'not outside this machine',
  undecided: [],
  notes: ['a torn frame of 12 bytes was cut'],
} satisfies Json;
const SUMMARY = {
  target: 'host:web-1',
  facts: 4711,
  entities: { package: 412, user: 24, port: 7, filesystem: 5 },
  odd: [
    { severity: 'critical', entity: 'user:web-1/toor', says: 'account toor has user id 0' },
    { severity: 'info', entity: 'host:web-1', says: 'the clock is not synchronised' },
  ],
  notSeen: [covered('container', 'partial', 'no runtime answered')],
} satisfies Json;

const PINS = {
  target: 'host:web-1',
  organisation: 'main',
  hostId: '1'.repeat(32),
  epoch: 1,
  receiptKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPn3sQ4RYkP1ZrZ9VbP2hQn4Xy3H2mZ0Zs6q1n0iZp9T',
  hostKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPn3sQ4RYkP1ZrZ9VbP2hQn4Xy3H2mZ0Zs6q1n0iZp9U'],
  capability: 'full',
  runnerBy: 'sudo',
  version: '0.1.0',
  server: 'OpenSSH_9.2',
  client: 'OpenSSH_9.2p1',
} satisfies Json;

/** One telling answer per operation, as the service gives it. */
const FINGERPRINT = `SHA256:${'A'.repeat(43)}`;

const CONSOLE = {
  origin: 'https://holdfast.example.org',
  isServed: true,
  rpId: 'holdfast.example.org',
  isAccepted: true,
  accepted: ['https://holdfast.example.org'],
  operators: 2,
  passkeys: 2,
  pending: 1,
  stranded: 0,
  sessions: 1,
  unsigned: null,
  isToRestart: false,
  next: '',
};

const NO_CONSOLE = {
  ...CONSOLE,
  origin: 'http://localhost:7425',
  isServed: false,
  rpId: 'localhost',
  isAccepted: false,
  accepted: [],
  operators: 0,
  passkeys: 0,
  pending: 0,
  sessions: 0,
  unsigned: {
    code: 'server-unsigned',
    file: 'server.yaml',
    state: 'never',
    digest: 'cd'.repeat(32),
    says: 'nobody has signed it yet, so the console is for this machine alone, and no request goes inside',
    differs: [
      {
        at: 'server.yaml:2',
        what: 'url',
        written: 'https://holdfast.example.org',
        signed: 'never',
        inForce: 'http://localhost:7425',
      },
    ],
    next: 'holdfast console setup shows it and asks',
  },
  next: 'holdfast console setup, at a terminal',
};

const PASSKEY = {
  credentialId: 'AAAA',
  operator: 'ada',
  label: 'laptop',
  key: 'sk-ecdsa-sha2-nistp256@openssh.com AAAA',
  fingerprint: FINGERPRINT,
  state: 'in-force',
  rpId: 'holdfast.example.org',
  transports: ['internal'],
  backedUp: false,
  createdAt: EARLIER,
  lastUsedAt: AT,
};

const SESSION = {
  id: 'ses_0123456789abcdef01234567',
  operator: 'ada',
  method: 'passkey',
  createdAt: EARLIER,
  lastSeenAt: AT,
  expiresAt: '2026-03-01T20:00:00.000000Z',
  userAgent: 'Mozilla/5.0',
  address: '192.0.2.7',
  isOwn: false,
};

const INVITED = {
  id: 'inv_0123456789abcdef01234567',
  operator: 'bea',
  name: 'Bea Bell',
  accounts: ['bea@console'],
  invitedBy: 'operator:me@local',
  expiresAt: '2026-03-01T12:12:00.000000Z',
  pending: {
    key: 'sk-ecdsa-sha2-nistp256@openssh.com AAAA',
    fingerprint: FINGERPRINT,
    label: 'phone',
  },
};

export const ANSWERS: Readonly<Record<string, Json>> = {
  console_status: CONSOLE,
  invitation_make: {
    operator: 'bea',
    name: 'Bea Bell',
    link: `https://holdfast.example.org/invitation#${'x'.repeat(43)}`,
    expiresAt: '2026-03-01T12:12:00.000000Z',
    origin: 'https://holdfast.example.org',
    rpId: 'holdfast.example.org',
    isFirst: false,
  },
  invitations_list: { invitations: [INVITED] },
  passkeys_list: {
    passkeys: [
      PASSKEY,
      { ...PASSKEY, operator: 'bea', label: 'phone', state: 'pending', lastUsedAt: null },
    ],
  },
  sessions_list: {
    sessions: [SESSION, { ...SESSION, operator: 'bea', method: 'recovery' }],
  },
  session_end: { ended: 1 },
  recovery_make: {
    operator: 'ada',
    codes: Array.from({ length: 10 }, (_, i) => `0123-4567-89AB-CDE${i}`),
  },
  query_facts: {
    facts: [
      fact('user:web-1/alice', 'shell', '/bin/zsh'),
      fact('user:web-1/alice', 'uid', 1000, { ageSeconds: 7_300 }),
      fact('user:web-1/漢字', 'groups', ['sudo', 'adm']),
      fact('user:web-1/svc', 'comment', '', { altered: true, ageSeconds: 0 }),
    ],
    nextCursor: 'abc',
    coverage: [
      covered('user', 'complete', null),
      covered('container', 'partial', 'no runtime answered'),
      covered('certificate', 'never', null),
    ],
  },
  fact_history: {
    versions: [
      {
        ...(fact('port:web-1/tcp/22', 'process', 'sshd') as object),
        actor: 'service:holdfast',
        reason: null,
        observationId: 'obs_1',
      },
      {
        ...(fact('port:web-1/tcp/22', 'process', 'dropbear', {
          validTo: AT,
          supersededAt: AT,
        }) as object),
        actor: 'operator:me@local',
        reason: 'corrected by hand',
        observationId: 'obs_0',
      },
    ],
    nextCursor: null,
  },
  compare_facts: {
    added: [
      {
        entity: 'user:web-1/eve',
        attribute: 'uid',
        target: 'host:web-1',
        source: 'collector.local',
        after: 1001,
        scope: 'main/main',
      },
    ],
    removed: [
      {
        entity: 'port:web-1/tcp/80',
        attribute: 'process',
        target: 'host:web-1',
        source: 'collector.local',
        before: 'nginx',
        scope: 'main/main',
      },
    ],
    changed: [
      {
        entity: 'file:web-1/etc/ssh/sshd_config',
        attribute: 'mode',
        target: 'host:web-1',
        source: 'collector.local',
        before: '0644',
        after: '0666',
        scope: 'main/main',
      },
    ],
    nextCursor: null,
  },
  explain_finding: {
    finding: finding({
      kind: 'changed',
      entity: 'file:web-1//etc/ssh/sshd_config',
      attribute: 'sha256',
      observed: 'b2',
      desired: 'a1',
    }),
    cause: {
      verdict: 'known-person',
      person: 'ops',
      change: null,
      route: null,
      intent: null,
      confidence: 'likely',
      notBefore: '2026-03-01T10:00:00.000000Z',
      notAfter: '2026-03-01T11:00:00.000000Z',
      evidence: [
        {
          at: '2026-03-01T10:29:58.000000Z',
          source: 'sshd',
          says: 'sshd: Accepted publickey for ops from 192.0.2.7 port 50022 ssh2',
        },
        {
          at: '2026-03-01T10:30:00.000000Z',
          source: 'sudo',
          says: 'sudo: ops : TTY=pts/0 ; PWD=/home/ops ; USER=root ; COMMAND=/usr/bin/tee /etc/ssh/sshd_config',
        },
      ],
      trails: [
        { trail: 'journal', status: 'read' },
        { trail: 'audit.log', status: 'refused' },
      ],
    },
    history: [],
    changedThen: [
      {
        entity: 'sshd_setting:web-1/permitrootlogin',
        attribute: 'value',
        relation: 'other',
        seenAt: '2026-03-01T11:00:00.000000Z',
        before: 'no',
        after: 'yes',
      },
    ],
    moreChanged: false,
    wayBack: {
      ways: [
        {
          action: 'file.permissions@1',
          tier: 'T2',
          summary: 'Give a file its owner, group and mode back',
          arguments: { path: '/etc/ssh/sshd_config', mode: '0644' },
        },
      ],
    },
  },
  what_changed: {
    target: 'host:web-1',
    from: '2026-02-28T12:00:00.000000Z',
    until: '2026-03-01T12:00:00.000000Z',
    changes: [
      {
        at: '2026-03-01T10:30:00.000000Z',
        what: 'log',
        source: 'sudo',
        account: 'ops',
        says: 'sudo: ops : PWD=/ ; USER=root ; COMMAND=/usr/bin/systemctl stop nginx',
      },
      {
        at: '2026-03-01T11:00:00.000000Z',
        what: 'fact',
        entity: 'service:web-1/nginx.service',
        attribute: 'state.active',
        source: 'collector.local',
        before: 'active',
        after: 'inactive',
      },
      {
        at: '2026-03-01T11:10:00.000000Z',
        what: 'change',
        changeId: 'chg_0123456789abcdef01234567',
        action: 'service.start@1',
        approvedBy: ['operator:ada'],
      },
    ],
    more: false,
    trails: [{ trail: 'journal', status: 'refused' }],
    next: 'the reader of that host may not read all of it',
  },
  way_back: {
    ways: [
      {
        finding: 'finding_0123456789abcdef',
        target: 'host:web-1',
        ways: [
          {
            action: 'service.start@1',
            tier: 'T1',
            summary: 'Start a service that does not run',
            arguments: { unit: 'nginx.service' },
          },
        ],
      },
    ],
    left: [
      {
        finding: 'finding_fedcba9876543210',
        target: 'host:web-1',
        says: 'no action says that it takes this back',
        remediation: 'start auditd and enable it',
      },
    ],
  },
  drift_converge: {
    changes: [CHANGE_ANSWERS['run_action'] ?? null],
    left: [
      {
        finding: 'finding_fedcba9876543210',
        target: null,
        says: 'no such finding is on record: holdfast drift lists them',
        remediation: null,
      },
    ],
  },
  finding_accept: {
    finding: 'finding_0123456789abcdef',
    baseline: { id: 'baseline_1', name: 'default', digest: 'sha256:00', amended: 1 },
    findings: { open: 2, opened: [], resolved: ['finding_0123456789abcdef'] },
    next: 'it counts at once, and is in force for changes when an operator signs it: holdfast config sign',
  },
  drift_changes: {
    changes: [
      { was: null, finding: finding({}) },
      { was: 'open', finding: finding({ status: 'resolved', entity: 'user:web-1/build' }) },
    ],
    at: AT,
    more: true,
  },
  declaration_list: {
    declarations: [
      {
        id: 'git:site',
        from: '/srv/baselines',
        commit: '0123456789abcdef0123456789abcdef01234567',
        targets: 'tags web',
        signature: 'signed',
        problem: null,
      },
      {
        id: 'cis:own',
        from: 'profile own',
        commit: null,
        targets: 'all',
        signature: 'unsigned',
        problem: 'declarations/cis/own.yaml:3:5: unknown key "levle"',
      },
    ],
    rules: 2,
    next: 'holdfast declarations check',
  },
  declaration_show: {
    id: 'git:site',
    target: 'host:web-1',
    signature: 'signed',
    count: 1,
    closed: [{ kind: 'user', source: 'collector.ssh' }],
    expectations: [
      {
        entity: 'service:web-1/nginx.service',
        attribute: 'state.active',
        test: { op: 'equals', value: 'active' },
        at: 'web.yaml:7',
        title: 'The site is served',
      },
    ],
  },
  declaration_propose: {
    branch: 'holdfast/0123456789ab',
    commit: '0123456789abcdef0123456789abcdef01234567',
    diff: '-  state.active: active\n+  state.active: inactive\n',
    says: 'merge it to put it in force',
  },
  drift_scan: {
    findings: [
      finding({
        severity: 'warning',
        kind: 'missing',
        entity: 'package:web-1/curl',
        attribute: 'version',
        observed: null,
        desired: '7.88',
      }),
      finding({}),
      finding({
        kind: 'changed',
        entity: 'file:web-1/etc/ssh/sshd_config',
        attribute: 'mode',
        observed: '0666',
        desired: '0644',
      }),
      finding({
        severity: 'info',
        kind: 'unknown',
        target: 'host:web-2',
        entity: 'container:web-2/db',
        attribute: 'image',
        observed: null,
        desired: 'postgres:16',
      }),
      finding({ status: 'waived', entity: 'user:web-1/build' }),
      finding({
        baseline: 'cis:debian-12-l1',
        declared: 'cis',
        kind: 'changed',
        severity: 'warning',
        status: 'pending',
        entity: 'service:web-1/auditd.service',
        attribute: 'state.active',
        observed: 'inactive',
        desired: 'active',
        notBefore: EARLIER,
        owner: 'platform',
        because: {
          id: '4.1.1',
          title: 'Auditing is running',
          rationale: 'What nobody wrote down cannot be asked later',
          remediation: 'start auditd and enable it',
          reference: null,
          at: 'cis/debian-12-l1.yaml:12',
        },
      }),
    ],
    nextCursor: null,
    coverage: [covered('container', 'unreachable', 'connection refused')],
    baselines: [
      {
        id: BASELINE.id,
        name: 'default',
        target: 'host:web-1',
        kind: 'blessed',
        signature: 'signed',
      },
      {
        id: 'cis:debian-12-l1',
        name: 'debian-12-l1',
        target: 'host:web-1',
        kind: 'cis',
        signature: 'unsigned',
      },
    ],
    scores: [
      { scope: 'main/main', target: null, score: 91.5, worst: 88.2 },
      { scope: 'main/main', target: 'host:web-1', score: 88.2 },
    ],
  },
  target_summary: SUMMARY,
  enrolment_list: {
    hosts: [
      { ...PINS, target: 'host:web-1', state: 'enrolled' },
      { ...PINS, target: 'host:old-1', state: 'enrolled', capability: 'reader-only' },
      { ...PINS, target: 'host:web-2', state: 'pending', epoch: 3 },
    ],
  },
  run_command: {
    exit: 0,
    stdout: 'Filesystem  Use%\n/dev/sda1    41%\n',
    stderr: '',
    truncated: false,
    durationMs: 41,
  },
  describe_system: {
    now: AT,
    scopes: ['main/main'],
    targets: [
      {
        id: 'host:web-1',
        hostType: 'debian',
        environment: 'production',
        sources: ['probe'],
      },
    ],
    kinds: { port: 'a listening port' },
    limits: { factsPerPage: 1000 },
    next: 'query_facts {kind}',
  },
  ingest_observation: {
    observationId: 'obs_1',
    recordedAt: AT,
    written: 3,
    unchanged: 1,
    superseded: 2,
    retired: 1,
    altered: 1,
  },
  observe: {
    target: 'host:web-1',
    observedAt: AT,
    unreachable: null,
    facts: 4711,
    written: 12,
    unchanged: 4699,
    superseded: 3,
    retired: 1,
    collectors: [
      {
        collector: 'packages',
        facts: 4000,
        written: 0,
        unchanged: 4000,
        retired: 0,
        durationMs: 1234.5,
        shortfalls: [],
      },
      {
        collector: 'containers',
        facts: 0,
        written: 0,
        unchanged: 0,
        retired: 1,
        durationMs: 3,
        shortfalls: [{ kind: 'container', status: 'partial', reason: 'no runtime answered' }],
      },
    ],
    findings: TOLD,
  },
  target_list: {
    targets: [
      TARGET,
      {
        ...TARGET,
        id: 'host:web-2',
        transport: 'ssh',
        address: '10.0.0.2',
        owner: null,
        tags: [],
        sources: [],
      },
    ],
    inventoryDigest: 'sha256:00',
    signature: 'unsigned',
  },
  target_show: TARGET,
  target_add: { target: 'host:x', changed: true, signature: 'unsigned' },
  target_remove: { target: 'host:x', removed: true },
  baseline_bless: { baseline: DETAIL, replaced: ['baseline_00'], findings: TOLD },
  baseline_list: {
    baselines: [BASELINE, { ...BASELINE, name: 'before-upgrade', status: 'retired' }],
  },
  baseline_show: DETAIL,
  baseline_retire: { baseline: { ...BASELINE, status: 'retired' }, findings: TOLD },
  waiver_add: { waiver: WAIVER, findings: TOLD },
  waiver_list: { waivers: [WAIVER] },
  waiver_retire: { waiver: { ...WAIVER, status: 'withdrawn' }, findings: TOLD },
  events_list: {
    events: [
      {
        v: 1,
        seq: 9,
        time: AT,
        kind: 'operation',
        principal: 'assistant:lease_1',
        operation: 'baseline_bless',
        targets: ['host:web-1'],
        outcome: 'refused',
        fault: 'not-permitted',
      },
      {
        v: 1,
        seq: 8,
        time: EARLIER,
        kind: 'service.started',
        principal: 'service:holdfast',
        operation: 'start',
        targets: [],
        outcome: 'done',
        fault: null,
      },
    ],
    next: 8,
    passedOver: 0,
  },
  verify_log: { ok: true, log: LOG, facts: { ok: true, problems: [] } },
  backup: { ok: true, path: '/srv/copy', events: 1024 },
  doctor: {
    ok: false,
    version: '0.1.0',
    checks: [
      { name: 'node', ok: true, says: 'v26.10.0' },
      { name: 'space', ok: false, says: '12 MB free', mend: 'free some disk' },
    ],
  },
  ...CHANGE_ANSWERS,
  ...LEASE_ANSWERS,
};

export const BROKEN_LOG: Json = {
  ok: false,
  log: {
    ...LOG,
    ok: false,
    verdict: 'does not hold',
    firstBadRecord: 17,
    problems: [
      {
        code: 'record-changed',
        seq: 17,
        checkpoint: null,
        file: 'log/tile/entries/000',
        what: 'its hash is not the one that the next record carries',
      },
    ],
    undecided: ['whether the newest records were cut: the acknowledged head is missing'],
  },
  facts: { ok: false, problems: ['observation 3 is missing'] },
};

/** One command line per operation and one for every answer that has a form of its own. */
export const SHOWN: readonly (readonly [
  argv: string,
  operation: string,
  answer?: Json | undefined,
  typed?: string,
])[] = [
  ['query user:*', 'query_facts'],
  [
    'query nothing:*',
    'query_facts',
    {
      facts: [],
      nextCursor: null,
      coverage: [covered('nothing', 'never', 'nothing was ever observed')],
      candidates: [],
    },
  ],
  [
    'query user:alcie',
    'query_facts',
    { facts: [], nextCursor: null, coverage: [], candidates: ['user:web-1/alice'] },
  ],
  [
    'query nope',
    'query_facts',
    { facts: [], nextCursor: null, coverage: [covered('user', 'complete', null)], candidates: [] },
  ],
  ['history port:web-1/tcp/22', 'fact_history'],
  ['history port:none', 'fact_history', { versions: [], nextCursor: null }],
  ['diff --from yesterday', 'compare_facts'],
  [
    'diff --from yesterday --kind user',
    'compare_facts',
    { added: [], removed: [], changed: [], nextCursor: null },
  ],
  ['summary web-1', 'target_summary'],
  ['describe', 'describe_system'],
  ['observe', 'observe'],
  ['drift', 'drift_scan'],
  ['drift --status all', 'drift_scan'],
  [
    'drift web-1',
    'drift_scan',
    {
      findings: [],
      nextCursor: null,
      coverage: [],
      baselines: [
        { id: 'b', name: 'default', target: 'host:web-1', kind: 'blessed', signature: 'unsigned' },
      ],
      scores: [],
    },
  ],
  [
    'drift web-3',
    'drift_scan',
    { findings: [], nextCursor: null, coverage: [], baselines: [], scores: [] },
  ],
  ['drift explain finding_0123456789abcdef', 'explain_finding'],
  ['drift converge finding_0123456789abcdef finding_fedcba9876543210 --show', 'way_back'],
  ['drift converge finding_0123456789abcdef finding_fedcba9876543210', 'drift_converge'],
  ['drift accept finding_0123456789abcdef --reason right', 'finding_accept'],
  ['drift watch --for 0', 'drift_changes'],
  ['declarations list', 'declaration_list'],
  ['declarations show git:site web-1', 'declaration_show'],
  ['declarations accept finding_0123456789abcdef --reason right', 'declaration_propose'],
  ['what-changed web-1', 'what_changed'],
  [
    'what-changed web-1 --window 60',
    'what_changed',
    {
      target: 'host:web-1',
      from: '2026-03-01T11:59:00.000000Z',
      until: '2026-03-01T12:00:00.000000Z',
      changes: [],
      more: false,
      trails: [],
    },
  ],
  ['baseline bless', 'baseline_bless'],
  ['baseline list', 'baseline_list'],
  ['baseline list web-3', 'baseline_list', { baselines: [] }],
  ['baseline show default', 'baseline_show'],
  ['baseline retire default', 'baseline_retire'],
  ['waive finding_1 --reason r --until +1d', 'waiver_add'],
  ['waiver list', 'waiver_list'],
  ['waiver list web-3', 'waiver_list', { waivers: [] }],
  ['waiver retire waiver_1', 'waiver_retire'],
  ['target list', 'target_list'],
  [
    'target list --home /h',
    'target_list',
    { targets: [], inventoryDigest: '', signature: 'unsigned' },
  ],
  ['target show web-1', 'target_show'],
  ['target add host:x', 'target_add'],
  ['target remove host:x', 'target_remove'],
  ['events --limit 2', 'events_list'],
  ['events --outcome failed', 'events_list', { events: [], next: null, passedOver: 0 }],
  ['verify', 'verify_log'],
  ['verify --home /h', 'verify_log', BROKEN_LOG],
  ['backup /srv/copy', 'backup'],
  ['doctor', 'doctor'],
  ['hosts', 'enrolment_list'],
  ['hosts --home /h', 'enrolment_list', { hosts: [] }],
  ['run web-1 --line df', 'run_command'],
  ...CHANGE_SHOWN,
  ['lease profiles', 'lease_profiles'],
  ['lease issue laptop', 'lease_issue'],
  ['lease list', 'lease_list'],
  ['lease list', 'lease_list', { leases: [], more: false, barred: [] }],
  ['lease revoke lease_0123456789abcdef01234567 --reason done', 'lease_revoke'],
  ['lease revoke-tokens --subject 00u1 --client agent-7 --reason lost', 'token_revoke'],
  ['lease readmit oauth_0123456789abcdef01234567 --reason found', 'lease_readmit'],
  ['access', 'access_show'],
  ['console', 'console_status'],
  ['console', 'console_status', NO_CONSOLE],
  ['console passkeys', 'passkeys_list'],
  ['console passkeys', 'passkeys_list', { passkeys: [] }],
  ['console sessions', 'sessions_list'],
  ['console sessions list', 'sessions_list', { sessions: [] }],
  ['console sessions end-all bea', 'session_end'],
  ['console invite bea', 'invitation_make'],
  ['console recovery ada', 'recovery_make'],
  ['console admit bea', 'invitations_list', { invitations: [] }],
  ['console admit bea', 'config_page', undefined, 'no'],
];

/** What `up` tells when everything was seen. */
export const STARTED: Summary = {
  home: '/home/me/.holdfast',
  targets: [SUMMARY as never],
  changes: { operators: 0, waiting: 0 },
  http: 'http://127.0.0.1:7878/mcp',
  console: 'http://localhost:7878',
  unsigned: null,
  servedBy: null,
  command: 'bin/holdfast',
  mcpServers: {
    mcpServers: { holdfast: { command: '/srv/holdfast/bin/holdfast', args: ['mcp'] } },
  },
};
