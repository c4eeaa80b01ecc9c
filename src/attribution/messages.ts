/**
 * Lines of sudo, su, sshd and cron, each in the one form its program writes (sudo(8), sshd(8), cron(8)).
 * What could be read in two ways is not read: a directory may be called ` ; USER=root ; COMMAND=…`.
 */
import { type Act, isAccount, isOneLine } from './event.ts';

export type Message = {
  readonly source: 'sudo' | 'su' | 'sshd' | 'cron';
  /** The name as it stands in the line: to be held against who really wrote it. */
  readonly name: string;
  readonly act: Act;
};

/** `undefined`: nothing that happened. `ambiguous`: it says two things. */
export function readMessage(program: string, message: string): Message | 'ambiguous' | undefined {
  if (!isOneLine(message)) return 'ambiguous';
  switch (program.toLowerCase()) {
    case 'sudo':
      return sudo(message);
    case 'su':
      return su(message);
    case 'sshd':
    case 'sshd-session':
      return sshd(message);
    case 'cron':
    case 'crond':
    case '/usr/sbin/cron':
      return cron(message);
    default:
      return undefined;
  }
}

function sudo(message: string): Message | 'ambiguous' | undefined {
  const [, name = '', rest = ''] = /^ *([^ ;]{1,64}) : (.*)$/.exec(message) ?? [];
  if (!isAccount(name) || !rest.includes('COMMAND=')) return undefined;
  for (const key of [' COMMAND=', ' USER=', ' PWD='])
    if (` ${rest}`.split(key).length > 2) return 'ambiguous';
  // What comes first where sudo refused is a reason in words.
  const [, cwd = '', asRoot = '', command = ''] =
    /^(?:TTY=[^ ;]+ ; )?PWD=(.*?) ; USER=([^ ;]+)(?: ; GROUP=[^ ;]+)?(?: ; TSID=[^ ;]+)?(?: ; ENV=[^;]*)? ; COMMAND=(.+)$/.exec(
      rest,
    ) ?? [];
  if (command === '' || command === 'list' || command === 'validate') return undefined;
  const words = command.split(' ').filter((word) => word !== '');
  const act = {
    kind: 'command' as const,
    words,
    cwd: cwd.startsWith('/') ? cwd : null,
    asRoot: asRoot === 'root',
  };
  return { source: 'sudo', name, act };
}

const SESSION: Act = { kind: 'session' };

function su(message: string): Message | undefined {
  const [, name = ''] =
    /^\(to [A-Za-z0-9_.-]{1,64}\) ([A-Za-z0-9_.-]{1,64}) on [a-z0-9/]{1,32}$/.exec(message) ?? [];
  return isAccount(name) ? { source: 'su', name, act: SESSION } : undefined;
}

function sshd(message: string): Message | undefined {
  const [, name = ''] =
    /^Accepted [a-z/-]{1,40} for ([A-Za-z0-9_.-]{1,64}) from [0-9a-fA-F.:%a-z]{2,64} port \d{1,5} ssh2(?:: .*)?$/.exec(
      message,
    ) ?? [];
  return isAccount(name) ? { source: 'sshd', name, act: SESSION } : undefined;
}

function cron(message: string): Message | undefined {
  const [, name = '', text = ''] =
    /^\(([A-Za-z0-9_.-]{1,64})\) CMD \( ?(.+)\)$/.exec(message) ?? [];
  return isAccount(name) ? { source: 'cron', name, act: { kind: 'shell', text } } : undefined;
}
