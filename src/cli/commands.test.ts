import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault, type FaultKind } from '#base/fault';
import type { Json } from '#base/json';
import { OPERATIONS } from '#operations';
import { CHANGE, CHANGE_ANSWERS } from './commands/samples.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { ANSWERS, BROKEN_LOG } from './render/samples.ts';
import { cli } from './samples.ts';
import { CHAPTERS } from './tree.ts';

/** Each line is what a person types, and exactly what the service is asked. */
const ASKED: readonly (readonly [argv: string, operation: string, input: Json])[] = [
  ['query', 'query_facts', {}],
  ['ask approvals_inbox', 'approvals_inbox', {}],
  ['ask get_change {"changeId":"chg_1"}', 'get_change', { changeId: 'chg_1' }],
  [
    'query package:*/openssl --json --limit 2 --cursor abc',
    'query_facts',
    { entity: 'package:*/openssl', limit: 2, cursor: 'abc' },
  ],
  [
    'query user:* --kind user --target web-1 --source probe --attribute shell* --text ssh --type known_good --as-of -15m --known-at 2026-03-01T11:00:00+02:00 --limit 5 --cursor c --scope main/main',
    'query_facts',
    {
      entity: 'user:*',
      kind: 'user',
      target: 'web-1',
      source: 'probe',
      attribute: 'shell*',
      text: 'ssh',
      type: 'known_good',
      asOf: '2026-03-01T11:45:00.000000Z',
      knownAt: '2026-03-01T09:00:00.000000Z',
      limit: 5,
      cursor: 'c',
      scope: 'main/main',
    },
  ],
  ['history host:a', 'fact_history', { entity: 'host:a' }],
  [
    'history host:a os.* --target a --source s --type drift --limit 3 --cursor c --scope o/s',
    'fact_history',
    {
      entity: 'host:a',
      attribute: 'os.*',
      target: 'a',
      source: 's',
      type: 'drift',
      limit: 3,
      cursor: 'c',
      scope: 'o/s',
    },
  ],
  ['diff --from -1h', 'compare_facts', { from: { asOf: '2026-03-01T11:00:00.000000Z' }, to: {} }],
  [
    'diff port:* --from 2026-01-01T00:00:00Z --to now --from-known-at -2h --to-known-at -1h --kind port --target t --limit 9 --cursor c --scope o/s',
    'compare_facts',
    {
      from: { asOf: '2026-01-01T00:00:00.000000Z', knownAt: '2026-03-01T10:00:00.000000Z' },
      to: { asOf: '2026-03-01T12:00:00.000000Z', knownAt: '2026-03-01T11:00:00.000000Z' },
      entity: 'port:*',
      kind: 'port',
      target: 't',
      limit: 9,
      cursor: 'c',
      scope: 'o/s',
    },
  ],
  [
    'summary web-1 --as-of -1h --known-at -1h',
    'target_summary',
    {
      target: 'web-1',
      asOf: '2026-03-01T11:00:00.000000Z',
      knownAt: '2026-03-01T11:00:00.000000Z',
    },
  ],
  ['describe', 'describe_system', {}],
  [
    'describe kinds --kind port --scope o/s',
    'describe_system',
    { section: 'kinds', kind: 'port', scope: 'o/s' },
  ],
  ['observe', 'observe', {}],
  ['observe web-1', 'observe', { target: 'web-1' }],
  ['observe web-1 --kinds playbook', 'observe', { target: 'web-1', kinds: ['playbook'] }],
  ['drift', 'drift_scan', {}],
  [
    'drift web-1 --baseline b --source cis --status all --limit 3 --cursor c --scope o/s',
    'drift_scan',
    {
      target: 'web-1',
      baseline: 'b',
      source: 'cis',
      status: 'all',
      limit: 3,
      cursor: 'c',
      scope: 'o/s',
    },
  ],
  ['drift explain finding_1', 'explain_finding', { finding: 'finding_1' }],
  [
    'drift converge finding_1 finding_2 --action service.start --reason why --dry-run --batch 2 --wait 5',
    'drift_converge',
    {
      findings: ['finding_1', 'finding_2'],
      action: 'service.start',
      reason: 'why',
      dryRun: true,
      rollout: { batch: 2, waitSeconds: 5 },
    },
  ],
  ['drift converge finding_1 --show', 'way_back', { findings: ['finding_1'] }],
  [
    'drift accept finding_1 --reason right',
    'finding_accept',
    { finding: 'finding_1', reason: 'right' },
  ],
  [
    'drift watch web-1 --for 0 --scope o/s',
    'drift_changes',
    { target: 'web-1', scope: 'o/s', since: '2026-03-01T12:00:00.000000Z' },
  ],
  ['declarations list', 'declaration_list', {}],
  ['declarations list --target web-1', 'declaration_list', { target: 'web-1' }],
  [
    'declarations show git:site web-1',
    'declaration_show',
    { declaration: 'git:site', target: 'web-1' },
  ],
  [
    'declarations accept finding_1 --reason right',
    'declaration_propose',
    { finding: 'finding_1', reason: 'right' },
  ],
  ['what-changed web-1', 'what_changed', { target: 'web-1' }],
  [
    'what-changed web-1 service:web-1/x --before -1h --window 60',
    'what_changed',
    {
      target: 'web-1',
      entity: 'service:web-1/x',
      before: '2026-03-01T11:00:00.000000Z',
      window: 60,
    },
  ],
  ['baseline bless', 'baseline_bless', {}],
  [
    'baseline bless web-1 --name n --reason r --as-of -1h --kinds user,port',
    'baseline_bless',
    {
      target: 'web-1',
      name: 'n',
      reason: 'r',
      asOf: '2026-03-01T11:00:00.000000Z',
      kinds: ['user', 'port'],
    },
  ],
  ['baseline list', 'baseline_list', {}],
  ['baseline list web-1', 'baseline_list', { target: 'web-1' }],
  ['baseline show n --target t', 'baseline_show', { baseline: 'n', target: 't' }],
  [
    'baseline retire n --reason r --target t',
    'baseline_retire',
    { baseline: 'n', reason: 'r', target: 't' },
  ],
  [
    'waive finding_1 --reason r --until +7d',
    'waiver_add',
    { finding: 'finding_1', reason: 'r', until: '2026-03-08T12:00:00.000000Z' },
  ],
  [
    'waive --entity user:* --attribute shell --target t --owner me --reason r --until 2026-12-31T00:00:00Z',
    'waiver_add',
    {
      target: 't',
      entity: 'user:*',
      attribute: 'shell',
      reason: 'r',
      owner: 'me',
      until: '2026-12-31T00:00:00.000000Z',
    },
  ],
  ['waiver list', 'waiver_list', {}],
  ['waiver list web-1', 'waiver_list', { target: 'web-1' }],
  ['waiver retire w --reason r', 'waiver_retire', { waiver: 'w', reason: 'r' }],
  ['target add host:x --source probe', 'target_add', { target: 'host:x', source: 'probe' }],
  [
    'target add host:x --source probe --kinds a,b --kinds c --trusted --host-type debian --environment lab --transport ssh --address 10.0.0.1 --owner me --tags e,f',
    'target_add',
    {
      target: 'host:x',
      hostType: 'debian',
      environment: 'lab',
      transport: 'ssh',
      address: '10.0.0.1',
      owner: 'me',
      tags: ['e', 'f'],
      source: 'probe',
      kinds: ['a', 'b', 'c'],
      trusted: true,
    },
  ],
  ['target list', 'target_list', {}],
  ['target show x', 'target_show', { target: 'x' }],
  ['target remove host:x', 'target_remove', { target: 'host:x' }],
  ['events', 'events_list', {}],
  [
    'events --operation observe --principal p --target t --outcome refused --request r --trace x --limit 4 --before 90',
    'events_list',
    {
      operation: 'observe',
      principal: 'p',
      target: 't',
      outcome: 'refused',
      limit: 4,
      before: 90,
      requestId: 'r',
      traceId: 'x',
    },
  ],
  ['verify', 'verify_log', {}],
  ['backup copy', 'backup', { path: '/desk/copy' }],
  ['doctor', 'doctor', {}],
  ['actions', 'find_actions', {}],
  [
    'actions restart --tier T2 --family service --target web-1 --limit 3',
    'find_actions',
    { query: 'restart', tier: 'T2', family: 'service', target: 'web-1', limit: 3 },
  ],
  [
    'propose service.restart web-1,web-2 --arg unit=a,b=c.service --arg lines=40 --arg mode=0644 --arg on=true --reason because --dry-run --idempotency-key k',
    'run_action',
    {
      action: 'service.restart',
      targets: ['web-1', 'web-2'],
      args: { unit: 'a,b=c.service', lines: 40, mode: '0644', on: true },
      reason: 'because',
      dryRun: true,
      idempotencyKey: 'k',
    },
  ],
  ['changes', 'changes_list', {}],
  [
    'changes --pending --state previewed --target web-1 --limit 3 --before chg_1',
    'changes_list',
    { pending: true, state: 'previewed', target: 'web-1', limit: 3, before: 'chg_1' },
  ],
  [`changes ${CHANGE}`, 'get_change', { changeId: CHANGE }],
  ['approvals', 'changes_list', { pending: true }],
  [`reject ${CHANGE} --reason because`, 'change_reject', { changeId: CHANGE, reason: 'because' }],
  [`cancel ${CHANGE} --reason because`, 'change_cancel', { changeId: CHANGE, reason: 'because' }],
  [`undo ${CHANGE} --reason because`, 'change_undo', { changeId: CHANGE, reason: 'because' }],
  [
    `undo ${CHANGE} --only web-1,web-2 --reason because`,
    'change_undo',
    { changeId: CHANGE, reason: 'because', only: ['web-1', 'web-2'] },
  ],
  [`undo ${CHANGE} --show`, 'undo_look', { changeId: CHANGE }],
  [
    'propose service.restart web-1,web-2 --arg unit=x.service --reason because --batch 1 --wait 60 --max-failures 2 --in-order',
    'run_action',
    {
      action: 'service.restart',
      targets: ['web-1', 'web-2'],
      args: { unit: 'x.service' },
      reason: 'because',
      rollout: { batch: 1, waitSeconds: 60, maxFailures: 2, order: 'as-asked' },
    },
  ],
  [
    `rollout pause ${CHANGE} --reason because`,
    'rollout_pause',
    { changeId: CHANGE, reason: 'because' },
  ],
  [
    `rollout resume ${CHANGE} --reason because --max-failures 3`,
    'rollout_resume',
    { changeId: CHANGE, reason: 'because', maxFailures: 3 },
  ],
  [
    `rollout end ${CHANGE} --reason because`,
    'rollout_end',
    { changeId: CHANGE, reason: 'because' },
  ],
  [`close ${CHANGE} --reason because`, 'change_close', { changeId: CHANGE, reason: 'because' }],
  [
    'unflap service.restart host:web-1',
    'flapping_clear',
    { action: 'service.restart', target: 'host:web-1' },
  ],
  ['stop now --reason because', 'emergency_stop', { subject: 'fleet', reason: 'because' }],
  [
    'stop now target host:web-1 --reason because',
    'emergency_stop',
    { subject: 'target', name: 'host:web-1', reason: 'because' },
  ],
  ['stop list', 'stops_list', {}],
  ['standing list', 'standing_list', {}],
  ['lease profiles', 'lease_profiles', {}],
  ['lease issue laptop', 'lease_issue', { label: 'laptop', profile: 'observer' }],
  [
    'lease issue dns --profile assistant --targets a,b --tags dns --scopes main/main --ceiling T1 --for 2h',
    'lease_issue',
    {
      label: 'dns',
      profile: 'assistant',
      targets: ['a', 'b'],
      tags: ['dns'],
      scopes: ['main/main'],
      ceiling: 'T1',
      seconds: 7_200,
    },
  ],
  ['lease list', 'lease_list', {}],
  [
    'lease list --status active --issued-by bea',
    'lease_list',
    { status: 'active', issuedBy: 'bea' },
  ],
  [
    'lease revoke lease_1 --reason because',
    'lease_revoke',
    { leaseId: 'lease_1', reason: 'because' },
  ],
  [
    'lease revoke-tokens --jti 7f3a --reason because',
    'token_revoke',
    { jti: '7f3a', reason: 'because' },
  ],
  [
    'lease revoke-tokens --subject 00u1 --client agent-7 --issuer https://id.example.org --reason because',
    'token_revoke',
    {
      issuer: 'https://id.example.org',
      subject: '00u1',
      client: 'agent-7',
      reason: 'because',
    },
  ],
  [
    'lease revoke-tokens --everything --reason because',
    'token_revoke',
    { everything: true, reason: 'because' },
  ],
  [
    'lease readmit oauth_1 --reason because',
    'lease_readmit',
    { leaseId: 'oauth_1', reason: 'because' },
  ],
  ['access', 'access_show', {}],
  [
    'standing revoke std_1 --reason because',
    'standing_revoke',
    { standingId: 'std_1', reason: 'because' },
  ],
  ['operator list', 'operators_list', {}],
  ['console', 'console_status', {}],
  ['console passkeys', 'passkeys_list', {}],
  ['console passkeys bea', 'passkeys_list', { operator: 'bea' }],
  ['console sessions', 'sessions_list', {}],
  ['console sessions list', 'sessions_list', {}],
  ['console sessions end ses_1', 'session_end', { id: 'ses_1' }],
  ['console sessions end-all bea', 'session_end', { operator: 'bea' }],
  ['config status', 'config_status', {}],
  ['policy test', 'policy_test', {}],
  ['catalogue suggestions', 'command_suggestions', {}],
  ['catalogue stats', 'command_statistics', {}],
  ['catalogue draft foo-1', 'command_draft', { id: 'foo-1' }],
  ['catalogue shadow foo-1', 'command_move', { id: 'foo-1', to: 'shadow' }],
  ['catalogue adopt foo-1', 'command_move', { id: 'foo-1', to: 'active' }],
  ['catalogue disable foo-1', 'command_move', { id: 'foo-1', to: 'disabled' }],
  [`policy explain ${CHANGE}`, 'policy_explain', { changeId: CHANGE }],
  ['policy replay --limit 9', 'policy_replay', { limit: 9 }],
  [`bundle ${CHANGE}`, 'change_bundle', { changeId: CHANGE }],
  ['evidence status', 'evidence_status', {}],
  [`evidence output ${'0'.repeat(64)}`, 'evidence_output', { sha256: '0'.repeat(64) }],
  [
    'evidence hold all --reason audit --release',
    'evidence_hold',
    { change: 'all', reason: 'audit', release: true },
  ],
  [
    'diagnose web-1,web-2 --checks disk,time',
    'run_action',
    {
      action: 'host.diagnose',
      targets: ['web-1', 'web-2'],
      args: { checks: 'disk,time' },
      reason: 'looking',
    },
  ],
  [
    'logs web-1 --unit nginx.service --since 2h --grep oom --lines 5 --reason slow',
    'run_action',
    {
      action: 'logs.read',
      targets: ['web-1'],
      args: { unit: 'nginx.service', since: '2h', grep: 'oom', lines: 5 },
      reason: 'slow',
    },
  ],
  [
    'compare web-1 web-2 --parts packages',
    'run_action',
    {
      action: 'host.compare',
      targets: ['web-1', 'web-2'],
      args: { parts: 'packages' },
      reason: 'looking',
    },
  ],
  ['hosts', 'enrolment_list', {}],
  [
    'run web-1 --seconds 5 -- df -h /var',
    'run_command',
    { target: 'web-1', argv: ['df', '-h', '/var'], seconds: 5 },
  ],
  [
    'run web-1 --line df --reason because --idempotency-key k',
    'run_command',
    { target: 'web-1', line: 'df', reason: 'because', idempotencyKey: 'k' },
  ],
  ['evidence prune --before -1d', 'evidence_prune', { before: '2026-02-28T12:00:00.000000Z' }],
  [
    'evidence export syslog --after 9',
    'evidence_export',
    { format: 'syslog', after: 9, limit: 1000 },
  ],
];

/** What commands ask on the way to a signature; signing.test.ts tries them. */
const SIGNED_FOR = [
  'approval_page',
  'change_approve',
  'stop_lift_page',
  'stop_lift',
  'standing_page',
  'standing_add',
  'config_page',
  'config_apply',
  'config_wait',
];

/** What lets a person in; commands/console.test.ts tries them. */
const FOR_EYES = ['server_confirm', 'invitation_make', 'invitations_list', 'recovery_make'];

/** What commands ask that go into hosts; commands/enrol.test.ts tries them. */
const ENROLLED_BY = [
  'enrolment_start',
  'enrolment_add',
  'enrolment_remove',
  'enrolment_page',
  'enrolment_apply',
  'enrolment_keys',
];

/** What pages of the console ask; a person at a terminal has `holdfast ask`. */
const BY_ASK: ReadonlySet<string> = new Set([
  'passkey_rename',
  'passkey_remove',
  'break_glass_status',
  'break_glass_close',
  'changes_regroup',
  'config_waiting',
  'policy_show',
  'policy_matrix',
  'policy_check',
  'policy_save',
  'assistant_activity',
  'log_checkpoint',
  'log_proof',
  'fleet_overview',
  'fleet_list',
  'fleet_map',
  'fleet_changes',
  'fact_sparkline',
  'fact_differences',
]);

/** For assistants, where the command line analyses without a service; and for schedules. */
const OTHERWISE = ['analyze_command', 'drift_refresh'];

describe('a command', () => {
  for (const [line, operation, input] of ASKED) {
    it(`asks exactly: ${line}`, async () => {
      // JSON mode, so that an empty answer needs no rendering.
      const { asked, opened, closed } = await cli(['--json', ...line.split(' ')], {
        answer: () => ({
          findings: [],
          changes: [],
          ...(ANSWERS['run_action'] as object),
          notices: [],
        }),
      });
      assert.deepEqual(asked, [{ operation, input }]);
      assert.deepEqual([opened, closed], [1, 1]);
    });
  }

  it('is tried above for everything that asks an operation', () => {
    const tried = new Set(ASKED.map(([line]) => line.split(' ')[0]));
    const others = [
      'init',
      'up',
      'ingest',
      'restore',
      'mcp',
      'service',
      'redact',
      'completions',
      'version',
      'witness',
      'analyze', // Asks nobody, as catalogue.
      'look',
      'enroll', // In commands/enrol.test.ts, as the three below.
      'unenroll',
      'rotate-keys',
      'upgrade-hosts',
      'action', // In commands/action.test.ts.
      'approve', // Together with what it signs, in signing.test.ts.
    ];
    const all = CHAPTERS.flatMap(({ commands }) =>
      commands.map(({ usage }) => usage.split(' ')[0] ?? ''),
    );
    assert.deepEqual(all.filter((name) => !tried.has(name)).toSorted(), others.toSorted());
  });

  it('asks only what the operation takes, and the answers that the tests show are what it gives', () => {
    const operations = new Map(OPERATIONS.map((operation) => [operation.name, operation]));
    for (const [line, name, input] of ASKED) {
      const asked = operations.get(name)?.input.safeParse(input);
      assert.ok(asked?.success === true, `${line}: ${asked?.error?.message}`);
    }
    for (const [name, answer] of Object.entries(ANSWERS)) {
      if (name === 'events_list') continue; // Shortened: an event is the log's own record.
      const told = operations.get(name)?.output.safeParse(answer);
      assert.ok(told?.success === true, `${name}: ${told?.error?.message}`);
    }
    const commanded = new Set(
      ASKED.map(([, name]) => name).concat(
        'ingest_observation',
        SIGNED_FOR,
        FOR_EYES,
        ENROLLED_BY,
        OTHERWISE,
      ),
    );
    assert.deepEqual(
      [...operations.keys()].filter((name) => !commanded.has(name) && !BY_ASK.has(name)),
      [],
    );
  });

  it('sends an observation as it was written, from a file or from standard input', async () => {
    const observation = {
      source: 'p',
      target: 'host:x',
      observedAt: 'now',
      facts: [{ value: '\u0000' }],
    };
    const text = JSON.stringify(observation);
    const answer = (): Json => ({
      observationId: 'o',
      recordedAt: '2026-03-01T12:00:00.000000Z',
      written: 1,
      unchanged: 0,
      superseded: 0,
      retired: 0,
    });
    const fromFile = await cli(['ingest', 'o.json'], { files: { '/desk/o.json': text }, answer });
    const fromInput = await cli(['ingest', '-'], {
      stdin: [text.slice(0, 9), text.slice(9)],
      answer,
    });
    for (const ran of [fromFile, fromInput]) {
      assert.deepEqual(ran.asked, [{ operation: 'ingest_observation', input: observation }]);
      assert.equal(ran.exit, 0);
      assert.match(ran.out, /1 written, 0 unchanged/);
    }
  });

  it('refuses a file that is not there, not UTF-8 or not JSON, and asks nothing', async () => {
    const files = { '/desk/a': '{"a":', '/desk/b': Uint8Array.of(0x22, 0xff, 0x22) };
    for (const [file, code, exit] of [
      ['a', 'invalid-json', 2],
      ['b', 'invalid-json', 2],
      ['c', 'unreadable-file', 4],
    ] as const) {
      const ran = await cli(['ingest', file], { files });
      assert.deepEqual(
        [ran.exit, ran.asked.length, ran.err.startsWith(`holdfast: ${code}: `)],
        [exit, 0, true],
      );
    }
  });

  it('prints with --json exactly the object of the operation, on one line', async () => {
    const value = {
      facts: [{ entity: 'a:b', value: 'x\u001b[31m\u202e\u0085é漢' }],
      nextCursor: null,
      coverage: [],
    };
    const { out, err, exit } = await cli(['query', '--json'], {
      answer: () => value,
      terminal: true,
    });
    assert.deepEqual(JSON.parse(out), value);
    assert.equal(out.indexOf('\n'), out.length - 1);
    for (const raw of ['\u001b', '\u202e', '\u0085']) assert.ok(!out.includes(raw));
    assert.match(out, /é漢/);
    assert.deepEqual([err, exit], ['', 0]);
    const pretty = await cli(['query', '--pretty'], { answer: () => value });
    assert.deepEqual(JSON.parse(pretty.out), value);
    assert.ok(pretty.out.split('\n').length > 5);
  });

  it('finds the data directory: option, then HOLDFAST_HOME, then ~/.holdfast', async () => {
    const homeOf = async (argv: readonly string[], env = {}): Promise<unknown> =>
      (await cli(['query', '--json', ...argv], { env })).called[0]?.[1];
    assert.equal(await homeOf([]), '/home/me/.holdfast');
    assert.equal(await homeOf([], { HOLDFAST_HOME: '/data' }), '/data');
    assert.equal(await homeOf([], { HOLDFAST_HOME: '' }), '/home/me/.holdfast');
    assert.equal(await homeOf(['--home', 'x'], { HOLDFAST_HOME: '/data' }), '/desk/x');
    assert.equal(await homeOf(['--home', '~/y']), '/home/me/y');
  });

  it('hands what is not an operation to the program', async () => {
    const called = async (line: string, root = false): Promise<unknown> =>
      (await cli(line.split(' '), { root })).called[0];
    const home = '/home/me/.holdfast';
    assert.deepEqual(await called('init'), ['init', home]);
    assert.deepEqual(await called('up'), [
      'up',
      home,
      { once: false, port: undefined, http: true },
    ]);
    assert.deepEqual(await called('up --once --port 7878 --no-http'), [
      'up',
      home,
      { once: true, port: 7878, http: false },
    ]);
    assert.deepEqual(await called('mcp'), ['mcp', home]);
    assert.deepEqual(await called('witness serve w --name w.example/1 --logs l --port 7431'), [
      'witness',
      { directory: '/desk/w', name: 'w.example/1', logs: '/desk/l', host: '127.0.0.1', port: 7431 },
    ]);
    assert.deepEqual(await called('restore b'), ['restore', home, '/desk/b']);
    assert.deepEqual(await called('service install'), ['service', home, 'install', 'user']);
    assert.deepEqual(await called('service status', true), ['service', home, 'status', 'system']);
    assert.deepEqual(await called('service uninstall --user', true), [
      'service',
      home,
      'uninstall',
      'user',
    ]);
    assert.deepEqual(await called('service install --system'), [
      'service',
      home,
      'install',
      'system',
    ]);
  });

  it('takes one manager for a service, and 6 says that an installed one does not run', async () => {
    const both = await cli(['service', 'install', '--system', '--user']);
    assert.deepEqual([both.exit, both.called], [2, []]);
    const answering = (running: boolean) => ({
      commands: {
        service: async () => ({ unit: '/u', changed: true, running, note: 'no systemd' }),
      },
    });
    const idle = await cli(['service', 'install'], answering(false));
    assert.equal(idle.exit, 6);
    assert.match(idle.out, /NOT running/);
    assert.equal((await cli(['service', 'install'], answering(true))).exit, 0);
    assert.equal((await cli(['service', 'status'], answering(false))).exit, 0);
  });

  it('tells what the system refuses apart from a bug', async () => {
    const refusing = (code: string) => ({
      commands: {
        init: () => Promise.reject(Object.assign(new Error(code), { code, path: '/ro/h' })),
      },
    });
    const { err, exit } = await cli(['init'], refusing('EROFS'));
    assert.match(err, /path-unusable: .*\/ro\/h: the filesystem is read-only\./);
    assert.equal(exit, 6);
    assert.match((await cli(['init'], refusing('ERR_OTHER'))).err, /internal/);
  });

  it('helps with a command by name, and with nothing that is not one', async () => {
    assert.match((await cli(['help', 'baseline', 'bless'])).out, /Usage: holdfast baseline bless/);
    const wrong = await cli(['help', 'bogus']);
    assert.deepEqual([wrong.exit, wrong.out], [2, '']);
    assert.match((await cli(['drift', '--all'])).err, /See: holdfast drift --help/);
  });

  it('tells its version, asked either way', async () => {
    assert.equal((await cli(['version'])).out, 'holdfast 0.1.0\n');
    assert.equal((await cli(['--version'])).out, 'holdfast 0.1.0\n');
    assert.equal((await cli(['--version', '--json'])).out, '{"version":"0.1.0"}\n');
  });

  it('shows notices on standard error, also with --json', async () => {
    const { out, err } = await cli(['doctor', '--json'], { notices: ['not on record\u001b[2J'] });
    assert.deepEqual([out, err], ['{}\n', 'holdfast: note: not on record\n']);
  });

  it('shows progress on a terminal only, and wipes it', async () => {
    const answer = (ask: { progress: (note: string) => void }): Json => {
      ask.progress('looking\u001b]0;x\u0007 at users');
      return {};
    };
    const shown = await cli(['doctor', '--json'], { answer, terminal: true });
    assert.equal(shown.err, '\r\u001b[K  looking at users\r\u001b[K');
    assert.equal((await cli(['doctor', '--json'], { answer })).err, '');
  });

  it('cleans lines without a data directory', async () => {
    const ran = await cli(['redact', '--jsonl'], {
      stdin: ['{"id":1,"te', 'xt":"a\\u001b[31mb"}\n\n{"id":"z","text":"é"}'],
    });
    assert.deepEqual(
      [ran.out, ran.exit, ran.opened],
      ['{"id":1,"text":"ab"}\n{"id":"z","text":"é"}\n', 0, 0],
    );
    const bad = await cli(['redact', '--jsonl'], { stdin: ['{"id":1}\n'] });
    assert.equal(bad.exit, EXIT_CODES.invalid);
  });
});

describe('the exit code', () => {
  const CODES: Readonly<Record<FaultKind, number>> = {
    broken: 1,
    invalid: 2,
    refused: 3,
    missing: 4,
    conflict: 5,
    unavailable: 6,
    uncertain: 7,
  };
  for (const [kind, code] of Object.entries(CODES)) {
    it(`is ${code} for what is ${kind}, with the fault on standard error and nothing on standard output`, async () => {
      const answer = (): never => {
        throw new Fault(kind as FaultKind, 'some-code', 'some words: and more', {
          facts: { n: 1 },
        });
      };
      const told = await cli(['query'], { answer });
      assert.deepEqual(
        [told.exit, told.out, told.err],
        [code, '', 'holdfast: some-code: some words: and more\n'],
      );
      assert.equal(told.closed, 1);
      const json = await cli(['query', '--json'], { answer });
      assert.deepEqual([json.exit, json.out], [code, '']);
      assert.deepEqual(JSON.parse(json.err), {
        error: { kind, code: 'some-code', message: 'some words: and more', facts: { n: 1 } },
      });
    });
  }

  it('is 8 when the log does not verify', async () => {
    assert.equal((await cli(['verify'], { answer: () => ANSWERS['verify_log'] ?? null })).exit, 0);
    assert.equal((await cli(['verify'], { answer: () => BROKEN_LOG })).exit, 8);
    assert.equal((await cli(['verify', '--json'], { answer: () => ({}) })).exit, 8);
    const answer = (): never => {
      throw new Fault(
        'broken',
        'log-cut',
        'the event log is not the one that was acknowledged: cut',
      );
    };
    assert.equal((await cli(['query'], { answer })).exit, 8);
  });

  it('is 0 for drift, and 10 for open findings with --exit-code', async () => {
    const finding = {
      id: 'finding_1',
      target: 'host:a',
      entity: 'user:a/eve',
      attribute: '*',
      kind: 'unexpected',
      severity: 'critical',
      observed: {},
      desired: null,
      firstSeen: '',
      lastSeen: '',
    };
    const drifted =
      (status: string, kind = 'unexpected') =>
      (): Json => ({
        findings: [{ ...finding, status, kind }],
        coverage: [],
        nextCursor: null,
        baselines: [
          { id: 'b', name: 'b', target: 'host:a', kind: 'blessed', signature: 'unsigned' },
        ],
      });
    assert.equal((await cli(['drift'], { answer: drifted('open') })).exit, 0);
    assert.equal((await cli(['drift', '--exit-code'], { answer: drifted('open') })).exit, 10);
    assert.equal((await cli(['drift', '--exit-code'], { answer: drifted('waived') })).exit, 0);
    assert.equal((await cli(['drift', '--exit-code'], { answer: drifted('pending') })).exit, 0);
    const unseen = { answer: drifted('pending', 'unknown') };
    assert.equal((await cli(['drift', '--exit-code'], unseen)).exit, 10);
    assert.match((await cli(['drift'], unseen)).out, /No drift that could be seen/);
  });

  it('is 2 for wrong usage, which asks nothing and says what was meant', async () => {
    for (const [line, hint] of [
      ['qery', 'Did you mean query?'],
      ['query --targt x', 'Did you mean --target?'],
      ['baseline blss', 'Did you mean bless?'],
      ['query a b', 'too many arguments'],
      ['query --limit many', 'whole number'],
      ['drift converge finding_1 --limit 3', 'takes no --limit'],
      ['drift explain finding_1 --scope o/s', 'takes no --scope'],
      ['query --type guess', 'Allowed choices'],
      ['query --as-of soon', 'not a time'],
      ['diff', '--from'],
      ['history', 'entity'],
      ['up --port 70000', '65535'],
      ['waive f --reason r', '--until'],
      ['completions tcsh', 'bash'],
      ['propose a web-1', '--reason'],
      ['propose a web-1 --arg unit --reason because', 'name=value'],
      ['propose a web-1 --arg a=1 --arg a=2 --reason because', 'given twice'],
      ['stop now host:web-1 --reason because', 'fleet, scope, target'],
      ['stop now target --reason because', 'say which target'],
      ['stop now fleet x --reason because', 'no name'],
      ['config rule T9 --least touch', 'Allowed choices'],
      ['config rule T2', '--least'],
      ['standing add a b --days 1 --runs 1 --per often --reason because', '10m, 1h or 1d'],
    ] as const) {
      const ran = await cli(line.split(' '));
      assert.deepEqual([ran.exit, ran.out, ran.asked.length], [2, '', 0], line);
      assert.ok(ran.err.includes(hint), `${line}: ${ran.err}`);
      assert.ok(ran.err.startsWith('holdfast: '), ran.err);
    }
    const { error } = JSON.parse((await cli(['qery', '--json'])).err) as {
      error: { kind: string; code: string };
    };
    assert.deepEqual([error.kind, error.code], ['invalid', 'usage']);
  });

  it('is told in the help, all of them', async () => {
    const { out, exit } = await cli(['--help']);
    assert.equal(exit, 0);
    for (const code of Object.values(EXIT_CODES)) assert.match(out, new RegExp(`^  ${code} `, 'm'));
    assert.equal((await cli([])).out, out);
  });
});

describe('help', () => {
  const leaves = CHAPTERS.flatMap(({ commands }) =>
    commands.flatMap((spec) =>
      'commands' in spec
        ? spec.commands.map((each) => ({
            path: `${spec.usage} ${each.usage.split(' ')[0]}`,
            spec: each,
          }))
        : [{ path: spec.usage.split(' ')[0] ?? '', spec }],
    ),
  );

  it('of every command has examples, and the examples are commands', async () => {
    assert.ok(leaves.length > 25);
    for (const { path, spec } of leaves) {
      const { out, exit, err } = await cli([...path.split(' '), '--help']);
      assert.deepEqual([exit, err], [0, ''], path);
      assert.ok(spec.examples.length > 0, path);
      for (const example of spec.examples) {
        assert.ok(out.includes(`$ holdfast ${example}`), path);
        assert.ok(
          example.startsWith(path) || example.includes(`holdfast ${path}`),
          `${path}: ${example}`,
        );
        const ran = await cli(wordsOf(example), {
          answer: (ask) => ({
            findings: [],
            coverage: [],
            facts: [],
            versions: [],
            added: [],
            removed: [],
            changed: [],
            baselines: [],
            waivers: [],
            targets: [],
            events: [],
            entities: {},
            odd: [],
            notSeen: [],
            collectors: [],
            ok: true,
            ...(ask.operation in CHANGE_ANSWERS ? (ANSWERS[ask.operation] as object) : {}),
          }),
          terminal: true,
          typed: 'sign',
          files: { '/desk/motd': 'hello\n', '/desk/my-cases.yaml': '' },
        });
        assert.doesNotMatch(ran.err, /usage|not a time/, example);
      }
    }
  });
});

/** The words of an example up to where the shell takes over. */
function wordsOf(example: string): string[] {
  const [command = ''] = example.split(/ (?:[<>|]|&&) ?/);
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}
