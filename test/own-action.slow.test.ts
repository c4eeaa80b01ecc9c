/**
 * Actions of an operator's own on a lab machine: tried by the real commands through the real host
 * script there, and published only when they keep their contract.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Host, labUnavailable } from '#test/lab';
import { startHost } from '../lab/hosts.ts';

const FLEET = `version: 1
targets:
  host:this: { hostType: debian, environment: lab, transport: local }
`;

const action = (inverse: string): string => `version: 1
actions:
  - id: site.close
    version: 1
    summary: Show the maintenance page of a site instead of the site
    family: site
    tier: T2
    sideEffect: state
    hostTypes: [debian]
    arguments:
      site: { type: name, summary: The site }
      unit: { type: unit, suffixes: [service], summary: The service that shows it }
    steps:
      - run: [ln, --symbolic, --, closed.html, "/srv/sites/{site}/now.html"]
        effect: Shows the maintenance page of {site}
        inverse:
          run: [${inverse}, --, "/srv/sites/{site}/now.html"]
          effect: Shows {site} again
      - run: [systemctl, reload, --, "{unit}"]
        effect: Lets {unit} read its configuration again
        inverse: none
    verify:
      probes:
        - run: [readlink, --, "/srv/sites/{site}/now.html"]
          says: closed.html
`;
const RUNBOOK = `version: 1
runbook:
  id: runbook.drain
  version: 1
  summary: Write that a site is drained
  idempotent: true
  family: site
  tier: T2
  sideEffect: state
  hostTypes: [debian]
  arguments:
    site: { type: name, summary: The site }
  steps:
    - script: drain.sh
      args: [drained, --, "{site}"]
      effect: Writes that {site} is drained
      inverse:
        script: drain.sh
        args: [open, --, "{site}"]
        effect: Writes that {site} is open
  verify:
    probes:
      - run: [cat, "/srv/sites/{site}/state"]
        says: drained
`;
const DRAIN = '#!/bin/sh\nset -eu\nprintf "%s\\n" "$1" > "/srv/sites/$3/state"\n';
const BEFORE = `mkdir -p /srv/sites/www
rm -f /srv/sites/www/now.html
echo open > /srv/sites/www/state
systemctl start nginx.service
`;

const HOME = '/root/hf';
const skip = await labUnavailable();

describe('an action of an operator’s own, on a lab machine', { skip }, () => {
  let host: Host;
  before(async () => {
    host = await startHost('own-action');
    await host.must(['install', '-d', '-m', '0700', HOME]);
    await host.copy(FLEET, `${HOME}/fleet.yaml`, '0600');
    await host.copy(BEFORE, '/root/before.sh');
    await host.copy(action('rm'), '/root/good.yaml');
    await host.copy(action('"true"'), '/root/bad.yaml');
    await host.copy(action('rm'), `${HOME}/catalogue/site.yaml`);
    await host.copy(RUNBOOK, `${HOME}/runbooks/drain.yaml`);
    await host.copy(DRAIN, `${HOME}/runbooks/drain.sh`, '0755');
    // Units are known by looking, so reload of a unit that is there is accepted.
    await host.must(['sh', '-eu', '/root/before.sh']);
  });
  after(async () => {
    await host[Symbol.asyncDispose]();
  });

  const holdfast = (...words: string[]): ReturnType<Host['exec']> =>
    host.exec(['/opt/holdfast/bin/holdfast', '--home', HOME, ...words], { timeoutMs: 120_000 });
  const HOW = ['--arg', 'site=www', '--prepare', '/root/before.sh', '--json'];
  const CLOSE = [...HOW, '--arg', 'unit=nginx.service'];

  it('passes, is published and is a draft no more', async () => {
    const tested = await holdfast('action', 'test', '/root/good.yaml', ...CLOSE);
    assert.equal(tested.exit, 0, tested.stdout + tested.stderr);
    const { tries, result } = JSON.parse(tested.stdout) as { tries: object[]; result: string };
    assert.deepEqual([result, tries.length], ['passed', 6]);
    await host.copy(tested.stdout, '/root/report.json');
    const published = await holdfast(
      'action',
      'publish',
      'site.close',
      '--report',
      '/root/report.json',
    );
    assert.equal(published.exit, 0, published.stderr);
    const drafts = await holdfast('action', 'drafts', '--json');
    const { actions } = JSON.parse(drafts.stdout) as {
      actions: { action: string; draft: boolean }[];
    };
    assert.deepEqual(
      actions.map((each) => [each.action, each.draft]),
      [
        ['site.close@1', false],
        ['runbook.drain@1', true],
      ],
    );
  });

  it('fails, and is not published, when its inverse leaves something', async () => {
    const tested = await holdfast('action', 'test', '/root/bad.yaml', ...CLOSE);
    assert.equal(tested.exit, 3, tested.stderr);
    assert.match(tested.stdout, /taken back, it has left something.*now\.html/);
    await host.copy(tested.stdout, '/root/failed.json');
    const published = await holdfast(
      'action',
      'publish',
      '/root/bad.yaml',
      '--report',
      '/root/failed.json',
      '--json',
    );
    assert.equal(published.exit, 3);
    assert.match(published.stderr, /contract-broken/);
  });

  it('passes as a runbook with a script, too', async () => {
    const published = await holdfast('action', 'publish', 'runbook.drain', ...HOW);
    assert.equal(published.exit, 0, published.stderr);
  });

  it('leaves nothing of its own behind', async () => {
    assert.doesNotMatch(await host.must(['ls', HOME]), /rehearsal/);
  });
});
