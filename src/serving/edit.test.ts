/** What is edited for an operator: only the parts that are meant, with every comment kept. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { throwsFault } from '#test/throws-fault';
import { editServer } from './edit.ts';
import { readServer } from './read-settings.ts';

const EDIT = {
  url: 'https://holdfast.example.org:7443',
  listen: '0.0.0.0:7443',
  expose: true,
  hosts: ['holdfast.example.org'],
  tls: { certificate: 'tls/console.crt', key: 'tls/console.key' },
  proxy: null,
} as const;

describe('an edit of server.yaml', () => {
  it('makes a file where there is none', () => {
    const { url, listen, expose, hosts, tls } = readServer(editServer(null, EDIT), 'server.yaml');
    assert.deepEqual(
      [url.origin, listen, expose, hosts, tls],
      [EDIT.url, { host: '0.0.0.0', port: 7443 }, true, EDIT.hosts, EDIT.tls],
    );
  });

  it('keeps comments and what it is not about', () => {
    const before = `# ours
version: 1
url: https://old.example.org  # the name
tls:
  certificate: /etc/a.crt
  key: /etc/a.key

# inside
egress:
  allow:
    - 10.0.0.0/8   # the office
proxy: {from: [10.0.0.5]} # gone
hosts: [
  old.example.org,
]
`;
    assert.equal(
      editServer(before, EDIT),
      `# ours
version: 1
url: https://holdfast.example.org:7443  # the name
tls: {certificate: tls/console.crt, key: tls/console.key}

# inside
egress:
  allow:
    - 10.0.0.0/8   # the office
hosts: [holdfast.example.org]
listen: "0.0.0.0:7443"
expose: true
`,
    );
    assert.equal(editServer(editServer(before, EDIT), EDIT), editServer(before, EDIT));
  });

  it('is of a file that holds, and comes out as one', async () => {
    for (const text of [
      'version: 1\nurl: x\n',
      '{version: 1}',
      'version: 1\n- a\n',
      'version: 1\nurl: https://a.b\nurl: https://c.d\n',
      '',
    ])
      await throwsFault(() => editServer(text, EDIT), 'invalid-server');
    await throwsFault(() => editServer(null, { url: 'https://x y' }), 'invalid-server');
    await throwsFault(
      () => editServer(null, { tls: { certificate: '/a b', key: 'c' } }),
      'invalid-server',
    );
  });
});
