/**
 * People at terminals, for tests: a command run behind a real pseudo-terminal (`script` of bsdutils),
 * what they type, and a passphrase that OpenSSH asks for through SSH_ASKPASS.
 */
import type { Host } from './lab.ts';

export const PASSPHRASE = 'correct horse';
const ASKPASS = '/root/askpass';

/** A person of a lab host. */
export class Person {
  readonly #host: Host;

  private constructor(host: Host) {
    this.#host = host;
  }

  static async at(host: Host): Promise<Person> {
    await host.copy(`#!/bin/sh\necho '${PASSPHRASE}'\n`, ASKPASS, '0755');
    return new Person(host);
  }

  /** Runs `holdfast …` at a terminal, types the lines, and answers what was on the screen. */
  async types(argv: readonly string[], lines: readonly string[] = []): Promise<string> {
    const command = argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    const ran = await this.#host.exec(
      [
        'env',
        `SSH_ASKPASS=${ASKPASS}`,
        'SSH_ASKPASS_REQUIRE=force',
        'HOME=/root',
        'TERM=dumb',
        'COLUMNS=200',
        'script',
        '-qec',
        `/opt/holdfast/bin/holdfast ${command}`,
        '/dev/null',
      ],
      { stdin: lines.map((line) => `${line}\n`).join(''), timeoutMs: 120_000 },
    );
    if (ran.exit !== 0)
      throw new Error(`holdfast ${argv.join(' ')} exited ${ran.exit}: ${ran.stdout}${ran.stderr}`);
    return ran.stdout;
  }
}

/** Starts the service in the host and waits until it answers. */
export async function serve(host: Host): Promise<void> {
  await host.must([
    'systemd-run',
    '--unit=holdfast',
    '--setenv=HOME=/root',
    '/opt/holdfast/bin/holdfast',
    'up',
    '--no-http',
  ]);
  for (let tries = 0; tries < 120; tries++) {
    const up = await host.exec(['test', '-S', '/root/.holdfast/run/holdfast.sock']);
    if (up.exit === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(await host.must(['journalctl', '-u', 'holdfast', '--no-pager']));
}
