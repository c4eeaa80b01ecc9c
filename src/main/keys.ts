/**
 * Operators' keys, through the OpenSSH that is already there. This program never reads a private key:
 * `ssh-keygen` does, and asks the person at their own terminal for a passphrase or a touch.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, chmod, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault } from '#base/fault';
import type { Keys } from '#cli';

const TIMEOUT_MS = 5 * 60_000;
const MOST_BYTES = 64 * 1024;

export const nodeKeys: Keys = {
  async sign(key, namespace, text) {
    const run = await keygen(['-Y', 'sign', '-f', key, '-n', namespace], text);
    if (run.exit === 0 && run.stdout.startsWith('-----BEGIN SSH SIGNATURE-----')) return run.stdout;
    throw new Fault(
      'refused',
      'not-signed',
      `nothing was signed with ${key}: ${lastLine(run.stderr)}. Name the key with --key, or load it into ssh-agent and name its public half`,
    );
  },

  async make(path, comment) {
    // A public half alone belongs to a key that is in an agent or away.
    if ((await there(path)) || (await there(`${path}.pub`))) {
      throw new Fault(
        'conflict',
        'key-exists',
        `a key is there already: ${path}. Use it, or name another path`,
      );
    }
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const made = await keygen(['-q', '-t', 'ed25519', '-C', comment, '-f', path], '', 'terminal');
    if (made.exit !== 0)
      throw new Fault('refused', 'key-not-made', `no key was made: ${path}. Try again`);
    // A key that opens with an empty passphrase is everybody's who reads the file.
    const open = await keygen(['-y', '-P', '', '-f', path], '');
    if (open.exit === 0) {
      await rm(path, { force: true });
      await rm(`${path}.pub`, { force: true });
      throw new Fault(
        'refused',
        'key-unprotected',
        `an operator's key needs a passphrase, so none was kept: ${path}. Try again with one`,
      );
    }
    await chmod(path, 0o600);
    return publicLine(path);
  },

  publicLine,

  exists: there,
};

async function publicLine(path: string): Promise<string> {
  const half = path.endsWith('.pub') ? path : `${path}.pub`;
  const text = await readKey(half);
  const [type, blob] = text.trim().split(/\s+/);
  if (
    type !== undefined &&
    blob !== undefined &&
    /^[a-z0-9@.-]+$/.test(type) &&
    /^[A-Za-z0-9+/]+=*$/.test(blob)
  )
    return `${type} ${blob}`;
  throw new Fault(
    'invalid',
    'not-a-public-key',
    `no public key stands there: ${path}. Give the file that ends in .pub`,
  );
}

async function readKey(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new Fault(
      'missing',
      'no-key',
      `no public key can be read there: ${path}. Name the file that ends in .pub, or a key that has it beside it`,
      {
        cause,
      },
    );
  }
}

type Ran = { readonly exit: number | null; readonly stdout: string; readonly stderr: string };

/** `terminal`: the person talks to ssh-keygen; otherwise it still reaches /dev/tty for a passphrase. */
function keygen(args: readonly string[], input: string, mode?: 'terminal'): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn('ssh-keygen', args, {
      stdio: mode === 'terminal' ? 'inherit' : ['pipe', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (bytes: Buffer) => {
      if (stdout.length < MOST_BYTES) stdout += bytes.toString('latin1');
    });
    child.stderr?.on('data', (bytes: Buffer) => {
      if (stderr.length < MOST_BYTES) stderr += bytes.toString('latin1');
    });
    child.on('error', (cause) =>
      reject(
        new Fault(
          'unavailable',
          'no-ssh-keygen',
          'ssh-keygen cannot be run: install the package openssh-client',
          { cause },
        ),
      ),
    );
    child.on('close', (exit) => resolve({ exit, stdout, stderr }));
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.slice(0, 200) || 'ssh-keygen gave no reason';
}

async function there(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
