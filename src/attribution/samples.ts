/** Lines as the programs write them, and events in short, for tests. */
import { type Instant, instant } from '#base/time';
import type { RanChange } from '#model';
import type { TrailEvent, TrailsRead } from './index.ts';

export const AT: Instant = instant('2026-11-21T12:00:00Z');
export const later = (seconds: number): Instant => (AT + seconds * 1_000_000) as Instant;

/** One entry as `journalctl -o json` prints it. */
export function journalLine(
  comm: string,
  message: unknown,
  more: Readonly<Record<string, unknown>> = {},
  at: Instant = AT,
): string {
  return JSON.stringify({
    __REALTIME_TIMESTAMP: String(at),
    MESSAGE: message,
    SYSLOG_IDENTIFIER: comm === 'cron' ? 'CRON' : comm,
    _COMM: comm,
    _TRANSPORT: 'syslog',
    _UID: comm === 'sudo' ? '1000' : '0',
    ...(comm === 'sudo' ? { _AUDIT_LOGINUID: '1000' } : {}),
    ...more,
  });
}

export const sudoMessage = (name: string, command: string): string =>
  `     ${name} : TTY=pts/0 ; PWD=/home/${name} ; USER=root ; COMMAND=${command}`;

export const ACCOUNTS = new Map([
  [0, 'root'],
  [1000, 'ops'],
  [1001, 'bob'],
  [997, 'holdfast-runner'],
]);

export const JOURNAL_READ: TrailsRead['trails'] = [
  { trail: 'journal', status: 'read' },
  { trail: 'dpkg.log', status: 'read' },
];

export function anEvent(more: Partial<TrailEvent> & Pick<TrailEvent, 'act'>): TrailEvent {
  return {
    at: AT,
    within: 1,
    trail: 'journal',
    source: 'sudo',
    account: 'ops',
    forgeable: false,
    says: 'said',
    ...more,
  };
}

export function ran(account: string, command: string, at: Instant = AT): TrailEvent {
  return anEvent({
    at,
    account,
    act: { kind: 'command', words: command.split(' '), cwd: `/home/${account}`, asRoot: true },
    says: `sudo: ${account}: ${command}`,
  });
}

export function aChange(more: Partial<RanChange> = {}): RanChange {
  return {
    id: 'chg_1',
    action: 'service.stop@1',
    approvedBy: ['operator:ada'],
    standing: null,
    ran: [{ from: AT, until: later(2) }],
    steps: [['systemctl', 'stop', 'nginx.service']],
    facts: [],
    ...more,
  };
}
