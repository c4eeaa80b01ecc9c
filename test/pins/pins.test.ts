/**
 * What others rely on, frozen. A red test here is a question: did you mean to change a promise?
 * If so: `UPDATE_PINS=1 bin/holdfast-node --test test/pins/pins.test.ts`, and CHANGELOG.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Command } from 'commander';
import { parseSync, Visitor } from 'oxc-parser';
import * as z from 'zod/v4';
import { OPERATIONS } from '#operations';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { commandTree } from '../../src/cli/tree.ts';

const ROOT = join(import.meta.dirname, '..', '..');

describe('a promise', () => {
  pin('fault-codes.txt', 'which fault codes exist', () => [...faultCodes()].sort().join('\n'));

  pin('operations.txt', 'what may be asked, and in which form it is answered', () =>
    JSON.stringify(
      OPERATIONS.map(({ name, effect, capability, assistants, taints, input, output }) => ({
        name,
        effect,
        capability,
        assistants,
        taints,
        input: z.toJSONSchema(input, { io: 'input' }),
        output: z.toJSONSchema(output, { io: 'output' }),
      })),
      null,
      1,
    ),
  );

  pin('commands.txt', 'which words the command line takes', () => {
    const output = { out: () => {}, err: () => {}, columns: 80 };
    return describeCommand(
      commandTree(() => Promise.resolve(), output),
      '',
    ).join('\n');
  });

  pin('exit-codes.txt', 'what an exit code means', () => JSON.stringify(EXIT_CODES, null, 1));

  pin('shipped-packages.txt', 'which packages run in production', () => {
    const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version: string; dev?: boolean }>;
    };
    return Object.entries(packages)
      .filter(([path, { dev }]) => path !== '' && dev !== true)
      .map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')} ${version}`)
      .sort()
      .join('\n');
  });
});

function pin(file: string, what: string, make: () => string): void {
  it(`stands: ${what}`, () => {
    const path = join(import.meta.dirname, file);
    const now = `${make()}\n`;
    assert.ok(now.length > 20, 'nothing to pin was found');
    if (process.env['UPDATE_PINS'] === '1' && process.env['CI'] !== 'true')
      writeFileSync(path, now);
    const pinned = readFileSync(path, 'utf8');
    assert.deepEqual(
      now.split('\n'),
      pinned.split('\n'),
      `${file} does not say what the code says`,
    );
  });
}

/** Literal codes given to a Fault, and every code-like literal of a `faults.ts`. */
function faultCodes(): Set<string> {
  const codes = new Set<string>();
  const files = globSync('src/**/*.ts', { cwd: ROOT });
  for (const file of files.filter((each) => !/(\.test|\.contract|samples)\.ts$/.test(each))) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    if (!file.endsWith('faults.ts') && !/\bnew Fault\b/.test(text)) continue;
    const { program } = parseSync(file, text);
    new Visitor({
      NewExpression({ callee, arguments: given }) {
        if (callee.type !== 'Identifier' || callee.name !== 'Fault') return;
        const code = given[1];
        if (code?.type === 'Literal' && typeof code.value === 'string') codes.add(code.value);
      },
      Literal({ value }) {
        if (!file.endsWith('faults.ts') || typeof value !== 'string') return;
        if (/^[a-z]+(-[a-z]+)+$/.test(value)) codes.add(value);
      },
    }).visit(program);
  }
  return codes;
}

function describeCommand(command: Command, above: string): string[] {
  const words = command.registeredArguments.map((argument) =>
    argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
  );
  const name = `${above}${command.name()}`;
  return [
    [name, ...words].join(' '),
    ...command.options.map(
      ({ flags, mandatory, argChoices }) =>
        `    ${flags}${mandatory ? ', needed' : ''}${argChoices === undefined ? '' : `: ${argChoices.join(' ')}`}`,
    ),
    ...command.commands.flatMap((each) => describeCommand(each, `${name} `)),
  ];
}
