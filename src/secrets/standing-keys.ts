/** Sources that nothing is asked of: a key file of the operator's or our own, and an ssh-agent. */
import type { HeldKey, KeySource, SecretsParts } from './broker.ts';
import { keyFault } from './faults.ts';
import { mustBePrivate, readPin } from './private-file.ts';

type Parts = Pick<SecretsParts, 'look' | 'programs' | 'uid'>;

/** Looked at each time: a file that others may read is not used. */
export function fileKey(parts: Parts, file: string): KeySource {
  let isClosed = false;
  return {
    source: `file ${file}`,
    trouble: null,
    async key() {
      if (isClosed) throw keyFault('keys-closed', file);
      await mustBePrivate(parts, file);
      return { keyFile: file };
    },
    [Symbol.asyncDispose]: async () => {
      isClosed = true;
    },
  };
}

/** The agent is asked what it holds each time; private halves never leave it. */
export function agentKey(
  parts: Parts,
  { socket, publicKeyFile }: { readonly socket: string; readonly publicKeyFile: string | null },
): KeySource {
  let isClosed = false;
  return {
    source: `agent ${socket}`,
    trouble: null,
    async key(): Promise<HeldKey> {
      if (isClosed) throw keyFault('keys-closed', socket);
      const info = await parts.look.stat(socket).catch(() => undefined);
      if (info?.kind !== 'socket' || info.uid !== parts.uid)
        throw keyFault('agent-unreachable', socket);
      const held = await keysIn(parts, socket);
      if (publicKeyFile === null) {
        if (held.length === 0) throw keyFault('agent-key-missing', socket);
        return { agentSocket: socket };
      }
      const wanted = keyOfLine(await readPin(parts, publicKeyFile));
      if (!held.includes(wanted)) throw keyFault('agent-key-missing', publicKeyFile);
      return { agentSocket: socket, publicKeyFile };
    },
    [Symbol.asyncDispose]: async () => {
      isClosed = true;
    },
  };
}

/** ssh-add ends with 1 when it holds none, and with 2 when there is no agent. */
async function keysIn({ programs }: Parts, socket: string): Promise<readonly string[]> {
  const { exit, stdout } = await programs.run({
    argv: ['ssh-add', '-L'],
    timeoutMs: 5_000,
    maxBytes: 262_144,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', SSH_AUTH_SOCK: socket },
  });
  if (exit === 1) return [];
  if (exit !== 0) throw keyFault('agent-unreachable', socket);
  return Buffer.from(stdout).toString('latin1').split('\n').map(keyOfLine);
}

function keyOfLine(line: string): string {
  return line.trim().split(' ').slice(0, 2).join(' ');
}
