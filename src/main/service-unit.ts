/** `holdfast service`: a systemd unit, of the system or of the account. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { ServiceAction, ServiceManager } from '#cli';
import { ROOT } from './program-version.ts';

const run = promisify(execFile);
const UNIT = 'holdfast.service';

export async function serviceUnit(
  home: string,
  action: ServiceAction,
  manager: ServiceManager,
): Promise<Json> {
  const path = unitPath(manager);
  switch (action) {
    case 'install': {
      const text = unitText(home, manager);
      const before = await readFile(path, 'utf8').catch(() => undefined);
      await mkdir(dirname(path), { recursive: true });
      if (before !== text) await writeFile(path, text, { mode: 0o644 });
      const started = await systemctl(manager, ['daemon-reload'], ['enable', '--now', UNIT]);
      return { unit: path, changed: before !== text, running: started.ok, note: started.note };
    }
    case 'uninstall': {
      const stopped = await systemctl(manager, ['disable', '--now', UNIT]);
      await rm(path, { force: true });
      await systemctl(manager, ['daemon-reload']);
      return { unit: path, removed: true, note: stopped.note };
    }
    case 'status': {
      const text = await readFile(path, 'utf8').catch(() => undefined);
      const active = await systemctl(manager, ['is-active', UNIT]);
      return {
        unit: path,
        installed: text !== undefined,
        running: active.ok,
        upToDate: text === unitText(home, manager),
        note: active.note,
      };
    }
  }
}

function unitPath(manager: ServiceManager): string {
  if (manager === 'system') {
    if (process.getuid?.() !== 0) {
      throw new Fault(
        'refused',
        'needs-root',
        'a unit of the system is written by root: run as root, or give --user for a unit of this account',
      );
    }
    return join('/etc/systemd/system', UNIT);
  }
  return join(process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'systemd', 'user', UNIT);
}

/**
 * The unit. When it stops, only the service is ended: jobs of changes go on, watched by their own
 * supervisors, and the next start asks what became of them. It shares the machine's view of mounts and
 * processes on purpose: a sandboxed view would be recorded as the machine's.
 */
export function unitText(home: string, manager: ServiceManager): string {
  const quoted = (text: string): string =>
    `"${text.replaceAll(/["\\]/g, '\\$&').replaceAll('%', '%%')}"`;
  return `[Unit]
Description=Holdfast: observes this machine and answers what is true of it
Documentation=file://${ROOT}/README.md
After=network.target

[Service]
ExecStart=${quoted(join(ROOT, 'bin', 'holdfast'))} --home ${quoted(home)} up
Restart=on-failure
RestartSec=5
KillMode=process
TimeoutStopSec=30
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
Nice=5

[Install]
WantedBy=${manager === 'system' ? 'multi-user.target' : 'default.target'}
`;
}

async function systemctl(
  manager: ServiceManager,
  ...commands: readonly string[][]
): Promise<{ ok: boolean; note: string }> {
  const scope = manager === 'user' ? ['--user'] : [];
  for (const command of commands) {
    try {
      await run('systemctl', [...scope, '--no-pager', ...command], { timeout: 30_000 });
    } catch (error) {
      const { code, stderr } = error as { code?: string | number; stderr?: string };
      const why =
        code === 'ENOENT'
          ? 'systemd is not on this machine'
          : (stderr ?? '').trim().slice(0, 300) || 'systemd did not answer';
      return { ok: false, note: `systemctl ${command.join(' ')}: ${why}` };
    }
  }
  return { ok: true, note: 'systemd runs it' };
}
