/** An operator's own actions and runbooks: tried on a lab machine, and published. */
import { resolve } from 'node:path';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { LIMITS } from '#base/limits';
import type { Desk } from '../desk.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import type { TestAsked } from '../program.ts';
import { renderDrafts, renderPublished, renderReport } from '../render/action.ts';
import { ARG, repeated, split, typed } from './change.ts';
import { readText } from './reading.ts';
import type { CommandSpec, GroupSpec, OptionSpec, Options } from './spec.ts';

const REPORT_BYTES = 1_048_576;

const HOW: readonly OptionSpec[] = [
  ARG,
  {
    flags: '--arg-file <pair>',
    about: 'an argument as name=path, whose value is the text of that file',
    read: 'repeated',
  },
  {
    flags: '--prepare <path>',
    about: 'a script that puts the machine into the state that each try begins from',
  },
  {
    flags: '--watch <directory>',
    about:
      'a directory to watch besides /etc, /usr/local, /srv, /root, /home, /var/tmp; once for each',
    read: 'repeated',
  },
  { flags: '--only <id>', about: 'the one of the file that is meant' },
];

const test: CommandSpec = {
  usage: 'test <what>',
  summary:
    'try an action on this machine: done, done twice, stopped and killed in each step, undone',
  more: `What is a YAML file, or an id of the catalogue. This machine must be a lab: a target of transport local and of
environment lab in fleet.yaml. What is tried really happens here. T0 only has to be readable.
Exits with 3 when it does not keep its contract.`,
  examples: [
    'action test ./site.yaml --arg site=www --prepare ./as-before.sh',
    'action test site.close --arg site=www --json',
  ],
  options: HOW,
  async run(desk, [what = ''], options) {
    const report = (await desk.commands.rehearsals.test(
      desk.home,
      await askedOf(desk, what, options),
    )) as { readonly result: string };
    desk.show(report as never, renderReport);
    return report.result === 'passed' ? EXIT_CODES.ok : EXIT_CODES.refused;
  },
};

const publish: CommandSpec = {
  usage: 'publish <what>',
  summary: 'try an action, and write down that it keeps its contract; then sign the catalogue',
  more: 'With --report, what was tried elsewhere is taken instead, if it is the same action to the letter.',
  examples: [
    'action publish ./site.yaml --arg site=www',
    'action publish site.close --report ./report.json',
  ],
  options: [
    ...HOW,
    {
      flags: '--report <path>',
      about: 'what action test --json said on a lab machine; - is stdin',
    },
  ],
  async run(desk, [what = ''], options) {
    const { report } = options;
    const brought =
      typeof report === 'string' ? await readText(desk.io, report, REPORT_BYTES) : null;
    const asked = await askedOf(desk, what, options);
    const done = await desk.commands.rehearsals.publish(desk.home, asked, brought);
    desk.show(done as never, renderPublished);
  },
};

const drafts: CommandSpec = {
  usage: 'drafts',
  summary: 'list your own actions and runbooks, and which of them are not published',
  examples: ['action drafts', 'action drafts --json'],
  async run(desk) {
    desk.show((await desk.commands.rehearsals.drafts(desk.home)) as never, renderDrafts);
  },
};

export const action: GroupSpec = {
  usage: 'action',
  summary: 'try, publish and list actions of your own',
  commands: [test, publish, drafts],
};

async function askedOf(desk: Desk, what: string, options: Options): Promise<TestAsked> {
  const { prepare, only } = options;
  const given = new Map<string, Json>();
  const give = (name: string, value: Json): void => {
    if (given.has(name))
      throw new Fault('invalid', 'invalid-input', `argument given twice: ${name.slice(0, 100)}`);
    given.set(name, value);
  };
  for (const pair of repeated(options, 'arg')) {
    const [name, value] = split(pair);
    give(name, typed(value));
  }
  for (const pair of repeated(options, 'argFile')) {
    const [name, path] = split(pair);
    give(name, await readText(desk.io, path, LIMITS.valueBytes));
  }
  const isFile = what.includes('/') || /\.ya?ml$/.test(what);
  return {
    what: isFile ? resolve(desk.io.cwd, what) : what,
    only: typeof only === 'string' ? only : null,
    arguments: Object.fromEntries(given),
    prepare: typeof prepare === 'string' ? resolve(desk.io.cwd, prepare) : null,
    watch: repeated(options, 'watch').map((path) => resolve(desk.io.cwd, path)),
  };
}
