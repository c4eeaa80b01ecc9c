/** The diagnoses at the command line: each is one action that only reads, asked as an assistant asks it. */
import type { JsonObject } from '#base/json';
import type { ChangeView } from '#execution';
import type { Desk } from '../desk.ts';
import { renderDiagnosis } from '../render/diagnosis.ts';
import { exitOf } from './change.ts';
import { type CommandSpec, given, type OptionSpec, type Options } from './spec.ts';

const CHECKS = ['services', 'network', 'disk', 'memory', 'time', 'security'];
const PARTS = ['packages', 'units', 'kernel', 'ports', 'sysctl', 'mounts', 'accounts', 'sshd'];
const BECAUSE: OptionSpec = { flags: '--reason <reason>', about: 'why; it is on record' };

export const diagnose: CommandSpec = {
  usage: 'diagnose <targets>',
  summary: 'look at everything that is usually looked at first, and tell what looks wrong',
  more: `Targets are comma separated. Lines behind | are the host's own words, cleaned; what could not be seen is said, and never counts as well.`,
  examples: ['diagnose web-1', 'diagnose web-1,web-2 --checks services,disk'],
  options: [
    { flags: '--checks <list>', about: `some of ${CHECKS.join(', ')}; default all`, read: 'list' },
    BECAUSE,
  ],
  run: (desk, [targets = ''], options) =>
    asked(desk, 'host.diagnose', targets, listed(options, 'checks'), options),
};

export const logs: CommandSpec = {
  usage: 'logs <targets>',
  summary: 'read the newest lines of a unit, of a log file, or of the whole journal',
  examples: [
    'logs web-1 --unit nginx.service --since 2h',
    'logs web-1 --file /var/log/syslog --grep oom --lines 20',
  ],
  options: [
    { flags: '--unit <unit>', about: 'of this unit' },
    { flags: '--file <path>', about: 'of this file, in place of a unit' },
    {
      flags: '--since <time>',
      about: '30m, 2h, 3d, today, yesterday, or a moment; not with --file',
    },
    { flags: '--grep <text>', about: 'only with this text, upper or lower case' },
    { flags: '--lines <n>', about: 'at most this many; default 100', read: 'whole number' },
    BECAUSE,
  ],
  run: (desk, [targets = ''], options) =>
    asked(
      desk,
      'logs.read',
      targets,
      given(options, 'unit', 'file', 'since', 'grep', 'lines'),
      options,
    ),
};

export const compare: CommandSpec = {
  usage: 'compare <one> <other>',
  summary: 'tell what differs between two hosts, as they were last observed',
  examples: ['compare web-1 web-2', 'compare web-1 web-2 --parts packages,kernel'],
  options: [
    { flags: '--parts <list>', about: `some of ${PARTS.join(', ')}; default all`, read: 'list' },
    BECAUSE,
  ],
  run: (desk, [one = '', other = ''], options) =>
    asked(desk, 'host.compare', `${one},${other}`, listed(options, 'parts'), options),
};

async function asked(
  desk: Desk,
  action: string,
  targets: string,
  args: JsonObject,
  options: Options,
): Promise<number> {
  const view = await desk.answer<ChangeView>(
    'run_action',
    {
      action,
      targets: targets
        .split(',')
        .map((each) => each.trim())
        .filter((each) => each !== ''),
      args,
      reason: typeof options['reason'] === 'string' ? options['reason'] : 'looking',
    },
    renderDiagnosis,
  );
  return exitOf(view);
}

function listed(options: Options, name: string): JsonObject {
  const list = options[name];
  return Array.isArray(list) ? { [name]: list.join(',') } : {};
}
