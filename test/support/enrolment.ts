/** A data directory with an operator, whose command line reaches lab hosts by its own ssh. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '#base/json';
import { aKey, aPrivateKey } from '#samples/authority';
import { CLI_CALLER } from '../../src/main/callers.ts';
import { mustOpen, PERSON, putInForce } from './change-home.ts';
import { type Ended, endOf, holdfast, startOwner } from './holdfast.ts';
import { opensshKey } from './openssh-key.ts';

export type Enroller = AsyncDisposable & {
  readonly home: string;
  readonly key: string;
  /** With --json; answers what it printed. */
  cli(...argv: readonly string[]): Promise<Ended>;
  /** The same, and throws unless it ended with `code`. */
  must<Value>(code: number, ...argv: readonly string[]): Promise<Value>;
  /** What an operation answers, asked as by the command line. */
  ask<Value>(operation: string, input: object): Promise<Value>;
  /** Signs for everything that waits. */
  sign(): Promise<void>;
};

/** `fleet`: name and address of each target, and the target it is reached through. */
export async function anEnroller(
  fleet: readonly (readonly [name: string, address: string, via?: string])[],
): Promise<Enroller> {
  const lines = fleet.map(
    ([name, address, via]) =>
      `  host:${name}:\n    hostType: debian\n    environment: lab\n    transport: ssh\n    address: ${address}\n${via === undefined ? '' : `    via: [${via}]\n`}`,
  );
  const place = mkdtempSync(join(tmpdir(), 'hf-enrol-'));
  const home = join(place, 'home');
  mkdirSync(join(home, 'policy'), { recursive: true, mode: 0o700 });
  writeFileSync(
    join(home, 'fleet.yaml'),
    `version: 1\ntargets:\n  host:this:\n    hostType: linux\n    environment: test\n    transport: local\n${lines.join('')}`,
  );
  writeFileSync(join(home, 'policy', 'settings.yaml'), 'version: 1\norganisation: acme\n');
  const key = join(place, PERSON);
  writeFileSync(key, opensshKey(aPrivateKey(PERSON)), { mode: 0o600 });
  writeFileSync(`${key}.pub`, `${aKey(PERSON).line}\n`);
  const service = await mustOpen(home);
  try {
    await putInForce(service);
  } finally {
    await service.close();
  }
  const owner = await startOwner(home);
  const cli = (...argv: readonly string[]): Promise<Ended> => holdfast(home, ['--json', ...argv]);
  const must = async <Value>(code: number, ...argv: readonly string[]): Promise<Value> => {
    const ended = await cli(...argv);
    if (ended.code !== code)
      throw new Error(
        `holdfast ${argv.join(' ')} ended with ${ended.code}: ${ended.out}${ended.err}`,
      );
    return (ended.out === '' ? {} : JSON.parse(ended.out)) as Value;
  };
  const ask = async <Value>(operation: string, input: object): Promise<Value> =>
    (await owner.service.perform({ operation, input: input as Json, caller: CLI_CALLER }))
      .value as Value;
  return {
    home,
    key,
    cli,
    must,
    ask,
    async sign() {
      const { digestWords } = await ask<{ digestWords: string }>('enrolment_page', {});
      await must(0, 'enroll', '--sign', '--key', key, '--words', digestWords);
    },
    async [Symbol.asyncDispose]() {
      owner.child.kill('SIGTERM');
      await endOf(owner.child);
      rmSync(place, { recursive: true, force: true });
    },
  };
}
