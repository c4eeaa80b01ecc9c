/**
 * The operator's own way into a host: their ssh, with their configuration, agent and known_hosts. What is started
 * there is one of two constants, and what it reads is our own script; nothing that varies is part of a command.
 */
import { execFile, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Fault } from '#base/fault';
import type { HostDoor, HostMaterial, OperatorSsh } from '#cli';
import type { HostFile } from '#enrolment';
import { grammarForHosts } from './analyst.ts';
import { programVersion, ROOT } from './program-version.ts';

const TIMEOUT_MS = 180_000;
const MOST_BYTES = 128 * 1024;
/** Not for hosts, or sent by other ways. */
const STAYS = new Set(['README.md', 'install.sh']);
const HOST = /^[A-Za-z0-9_](?:[A-Za-z0-9._@:%-]{0,250})$/;
const JUMP = /^[A-Za-z0-9_[](?:[A-Za-z0-9._@:%[\]-]{0,250})$/;

export const operatorSsh: OperatorSsh = { send, addressOf, material };

function send(door: HostDoor, script: string, mostBytes = MOST_BYTES): Promise<Uint8Array> {
  const argv = argvOf(door);
  return new Promise((resolve, reject) => {
    const child = spawn('ssh', argv, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    const out: Buffer[] = [];
    let length = 0;
    let says = '';
    child.stdout.on('data', (bytes: Buffer) => {
      length += bytes.length;
      if (length <= mostBytes) out.push(bytes);
      else child.kill('SIGKILL');
    });
    child.stderr.on('data', (bytes: Buffer) => {
      says = (says + bytes.toString('latin1')).slice(-2_048);
    });
    child.stdin.on('error', () => {});
    child.on('error', (cause) =>
      reject(
        new Fault(
          'unavailable',
          'no-ssh',
          'ssh cannot be run: install the package openssh-client',
          { cause },
        ),
      ),
    );
    child.on('close', (exit) => {
      if (exit === 0) resolve(Buffer.concat(out));
      else
        reject(
          new Fault(
            'unavailable',
            'ssh-failed',
            `the host was not reached with your ssh: ${door.host}: ${lastLine(says)}. See that "ssh ${door.host}" works, then try again`,
          ),
        );
    });
    child.stdin.end(script);
  });
}

/** `ssh -G` answers from files alone; nobody is reached. */
async function addressOf(door: HostDoor): Promise<string> {
  const flags = argvOf(door).slice(0, -1);
  const { stdout } = await promisify(execFile)('ssh', ['-G', ...flags], { timeout: 10_000 }).catch(
    (cause: unknown) => {
      throw new Fault(
        'unavailable',
        'no-ssh',
        `ssh does not say where the host is: ${door.host}. See that "ssh -G ${door.host}" works`,
        { cause },
      );
    },
  );
  const [, name = door.host] = /^hostname ([A-Za-z0-9._:-]{1,253})$/m.exec(stdout) ?? [];
  const [, port = '22'] = /^port ([0-9]{1,5})$/m.exec(stdout) ?? [];
  const host = name.includes(':') ? `[${name}]` : name;
  return port === '22' ? host : `${host}:${port}`;
}

function argvOf({ host, port, jump, config, isBatch, withSudo }: HostDoor): readonly string[] {
  if (!HOST.test(host) || !jump.every((each) => JUMP.test(each))) {
    throw new Fault(
      'invalid',
      'invalid-input',
      `not a name that ssh is given: ${host.slice(0, 80)}. Give the alias of your ssh configuration with --ssh`,
    );
  }
  return [
    '-T',
    '-o',
    'ConnectTimeout=15',
    ...(isBatch ? ['-o', 'BatchMode=yes'] : []),
    ...(config === null ? [] : ['-F', config]),
    ...(port === null ? [] : ['-p', String(port)]),
    ...(jump.length === 0 ? [] : ['-J', jump.join(',')]),
    '--',
    host,
    withSudo ? 'sudo -n sh -s' : 'sh -s',
  ];
}

/** Of this release, from its own folder: a service could not slip another program under an operator's hand. */
async function material(home: string): Promise<HostMaterial> {
  const folder = join(ROOT, 'host');
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const names = readdirSync(folder, { withFileTypes: true })
    .filter(
      (entry) => entry.isFile() && !STAYS.has(entry.name) && /^[a-z][a-z0-9.-]*$/.test(entry.name),
    )
    .map(({ name }) => name)
    .toSorted();
  const own = names.map((name): HostFile => {
    const text = read(name);
    return { name, mode: text.startsWith('#!') ? '0755' : '0644', text };
  });
  let grammar: Promise<string> | undefined;
  return {
    version: programVersion(),
    script: { library: read('install-lib.sh'), script: read('install.sh') },
    files: async () => {
      grammar ??= grammarForHosts(home);
      return [...own, { name: 'grammar', mode: '0644', text: await grammar }];
    },
  };
}

function lastLine(text: string): string {
  const line = text.trim().split('\n').at(-1) ?? '';
  return line.replace(/[^\x20-\x7e]/g, '').slice(0, 200) || 'it gave no reason';
}
