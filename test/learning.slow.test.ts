/**
 * What becomes of a command that an assistant asks for and nobody knows: refused, counted, suggested to an
 * operator, judged in shadow, adopted, signed, and only then run. The service, the event log, the
 * signature and the reader of this machine are the real ones; the time between two refusals is not
 * waited for: the earlier ones are moved back in the store, which is what the test says of them.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { Fault } from '#base/fault';
import { aKey } from '#samples/authority';
import type { Service } from '../src/main/service.ts';
import { aChangeHome, ask, mustOpen, PERSON, TARGET } from './support/change-home.ts';
import { connectMcp } from './support/mcp-client.ts';
import { ASSISTANT } from './support/world.ts';

const CANARY = 'Zq81-canary-Tr0ub4dor';
const HOURS_25 = 25 * 3_600_000_000;
/** The home wants one; nobody asks for it. */
const NOTHING = `version: 1
actions:
  - id: mark.add
    version: 1
    summary: Makes a mark
    family: mark
    capability: actions.change
    tier: T2
    sideEffect: state
    hostTypes: [linux]
    steps:
      - run: [touch, --, /nonexistent/mark]
        effect: Marks
        inverse: none
    verify:
      probes:
        - run: [test, -f, /nonexistent/mark]
`;

type Suggested = {
  readonly suggestions: readonly {
    readonly id: string;
    readonly state: string;
    readonly count: number;
    readonly shadow: { readonly asked: number; readonly wouldRun: number } | null;
    readonly samples?: readonly string[];
    readonly trouble: string | null;
  }[];
};

const suggestions = async (service: Service): Promise<Suggested['suggestions']> =>
  (await ask<Suggested>(service, 'command_suggestions')).suggestions;

/** Signs what is on disk now, as `holdfast config sign` does. */
async function sign(service: Service): Promise<void> {
  const { order, namespace } = await ask<{ order: string; namespace: string }>(
    service,
    'config_page',
    {
      request: { kind: 'sign' },
    },
  );
  await ask(service, 'config_apply', { order, signatures: [aKey(PERSON).sign(namespace, order)] });
}

function moveBack(home: string): void {
  using db = new DatabaseSync(join(home, 'store', 'facts.sqlite'));
  // The count has to grow with each write; `first_at` may only change with the id.
  db.exec('DROP TRIGGER blocked_grows');
  db.exec(`UPDATE blocked SET first_at = first_at - ${HOURS_25}, last_at = last_at - ${HOURS_25}`);
}

describe('a command that nobody knows', () => {
  it('is refused, counted, suggested, tried in shadow, signed by an operator, and then runs', async () => {
    using home = await aChangeHome({ catalogue: () => NOTHING });
    const command = { target: TARGET, argv: ['dircolors', '--print-database'] };
    {
      await using assistant = await connectMcp(home.path);
      for (let n = 0; n < 4; n++)
        assert.equal((await assistant.ask('run_command', command)).code, 'command-refused');
      await assistant.ask('run_command', {
        target: TARGET,
        argv: ['frobnicate', '--password', CANARY, `--token=${CANARY}`, `https://u:${CANARY}@x/`],
      });
      await assert.rejects(assistant.ask('command_suggestions', {}), /not found/);
    }
    moveBack(home.path);

    await using service = await mustOpen(home.path);
    const asked = (): Promise<unknown> => ask(service, 'run_command', command, ASSISTANT);
    assert.deepEqual(await suggestions(service), []);
    const refused = await asked().catch((thrown: unknown) => thrown);
    assert.ok(refused instanceof Fault);
    assert.match(refused.message, /Risk CRITICAL, family unknown\..*Asking again changes nothing/);

    const [first] = await suggestions(service);
    assert.ok(first !== undefined);
    assert.deepEqual([first.state, first.count], ['proposed', 5]);
    const { id } = first;
    const step = (to: string): Promise<{ path: string; next: string }> =>
      ask(service, 'command_move', { id, to });
    await assert.rejects(step('active'), { code: 'suggestion-elsewhere' });

    const { path, yaml } = await ask<{ path: string; yaml: string }>(service, 'command_draft', {
      id,
    });
    assert.match(yaml, /class: "write"/);
    assert.equal(path, join(home.path, 'commands', 'suggested', `${id}.yaml`));
    writeFileSync(path, yaml.replace('class: "write"', 'class: "reed"'));
    await assert.rejects(step('shadow'), (thrown: Fault) =>
      /suggested\/.*\.yaml:\d+:\d+: /.test(thrown.message),
    );
    // A person has read the page of the manual, and says so.
    writeFileSync(
      path,
      yaml
        .replaceAll('class: "write"', 'class: "read"')
        .replace(/\n.*tier: "T2"/, '')
        .replaceAll('not known: say what it does', 'Colours for ls'),
    );
    await step('shadow');
    await assert.rejects(asked(), { code: 'command-refused' });
    const [shadow] = await suggestions(service);
    assert.equal(shadow?.state, 'shadow');
    assert.equal(shadow?.trouble, null);
    assert.deepEqual([shadow?.shadow?.asked, shadow?.shadow?.wouldRun], [1, 1]);

    assert.match((await step('active')).next, /holdfast config sign/);
    assert.equal((await suggestions(service))[0]?.state, 'adopted');
    await assert.rejects(asked(), { code: 'command-refused' });
    await sign(service);
    assert.equal((await suggestions(service))[0]?.state, 'active');
    const ran = await ask<{ exit: number; stdout: string }>(
      service,
      'run_command',
      command,
      ASSISTANT,
    );
    assert.equal(ran.exit, 0);
    assert.match(ran.stdout, /^# Configuration file for dircolors/);

    await step('disabled');
    await assert.rejects(asked(), { code: 'command-refused' });
    await sign(service);
    await assert.rejects(asked(), { code: 'command-refused' });

    const stats = await ask<{ total: number; byCode: object; suggestions: object }>(
      service,
      'command_statistics',
    );
    assert.equal(stats.total, 10);
    assert.deepEqual(stats.byCode, { 'unknown-program': 10 });
    assert.deepEqual(stats.suggestions, { disabled: 1 });
    const events = await service.events.read({ operation: 'command.suggestion' }, 100);
    assert.deepEqual(
      events.toReversed().map(({ more }) => [more?.['from'], more?.['to']]),
      [
        [null, 'suggested'],
        ['suggested', 'shadow'],
        ['shadow', 'active'],
        ['active', 'disabled'],
      ],
    );
    await service.close();
    assert.deepEqual(withCanary(home.path), []);
  });

  it('is read anew where a hand put it, and nothing but a signed entry decides', async () => {
    using home = await aChangeHome({ catalogue: () => NOTHING });
    const own = join(home.path, 'commands');
    const entry =
      'family: own\nentries:\n  - program: dircolors\n    summary: x\n    forms:\n      - { class: read, means: x, options: [{ names: [--print-database], means: x }] }\n';
    for (const folder of ['suggested', 'shadow', 'disabled']) {
      mkdirSync(join(own, folder), { recursive: true });
      writeFileSync(join(own, folder, `${folder}-one.yaml`), entry);
    }
    writeFileSync(join(own, 'shadow', 'broken.yaml'), 'family: own\nentries: 1\n');
    await using service = await mustOpen(home.path);
    const asked = ask(
      service,
      'run_command',
      { target: TARGET, argv: ['dircolors', '--print-database'] },
      ASSISTANT,
    );
    await assert.rejects(asked, { code: 'command-refused' });
    const told = await suggestions(service);
    const broken = told.find(({ id }) => id === 'broken');
    assert.match(broken?.trouble ?? '', /shadow\/broken\.yaml:2:/);
    assert.deepEqual(told.map(({ state }) => state).sort(), [
      'disabled',
      'proposed',
      'shadow',
      'shadow',
    ]);
    for (const id of ['../shadow/broken', 'paths', '', 'a/b'])
      await assert.rejects(ask(service, 'command_draft', { id }));
    const { inForce } = await ask<{ inForce?: unknown }>(service, 'config_status');
    assert.doesNotMatch(JSON.stringify(inForce ?? ''), /unsigned/);
  });
});

function withCanary(home: string): readonly string[] {
  return readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(CANARY));
}
