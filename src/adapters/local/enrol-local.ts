/**
 * Makes this machine a host: its directory, its random id and its own receipt key. Nothing is in force
 * there until the first config, which is judged by the files it brings (docs/host-contract.md).
 */
import { posix } from 'node:path';
import { Fault } from '#base/fault';
import type { Files, Programs, Random } from '#base/ports';
import type { HostIdentity } from '../adapter.ts';

export type Enrolment = {
  readonly programs: Programs;
  readonly files: Files;
  readonly random: Random;
  readonly directory: string;
  readonly organisation: string;
  /** The control plane's public key, `<type> <base64>`: it signs runs under standing approvals. */
  readonly controlPlaneKey: string;
  /** One more than before, when this machine was a host already. Default 1. */
  readonly epoch?: number;
};

export type Enrolled = HostIdentity & {
  /** Public half of the receipt key, one OpenSSH line: remembered by whoever enrols. */
  readonly receiptKey: string;
};

const KEY_LINE = /^(?:ssh-ed25519|ecdsa-sha2-nistp256) [A-Za-z0-9+/]+={0,2}$/;
const TOKEN = /^(?!-)[A-Za-z0-9._:@/-]{1,128}$/;

/** Refuses where a host directory already is: a new epoch is a new directory, never a patched one. */
export async function enrolLocal(enrolment: Enrolment): Promise<Enrolled> {
  const { programs, files, random, directory, organisation, controlPlaneKey } = enrolment;
  const { epoch = 1 } = enrolment;
  if (!TOKEN.test(organisation) || !KEY_LINE.test(controlPlaneKey)) {
    throw new Fault(
      'invalid',
      'invalid-enrolment',
      'cannot enrol with this: give an organisation that is a token and one public key line',
    );
  }
  const at = (name: string): string => posix.join(directory, name);
  const there = await files.list(directory);
  if (there !== undefined && there.length > 0) {
    throw new Fault(
      'conflict',
      'already-enrolled',
      `something is there already: ${directory}. Move it away to enrol this machine anew`,
    );
  }
  await files.makeDirectory(directory);
  // The receipt key is a host's own, used while nobody is there; only operators' keys are never without a passphrase.
  const made = await programs.run({
    argv: [
      'ssh-keygen',
      '-q',
      '-t',
      'ed25519',
      '-N',
      '',
      '-C',
      'receipts',
      '-f',
      at('receipt-key'),
    ],
    timeoutMs: 30_000,
    maxBytes: 65_536,
  });
  const receiptKey = await files.read(at('receipt-key.pub'));
  if (made.exit !== 0 || receiptKey === undefined) {
    throw new Fault(
      'unavailable',
      'host-unavailable',
      'the receipt key cannot be made: ssh-keygen did not do it. Install OpenSSH and try again',
    );
  }
  const hostId = Buffer.from(random.bytes(16)).toString('hex');
  const write = (name: string, text: string): Promise<void> =>
    files.replace(at(name), Buffer.from(text), 0o600);
  await write('control-plane', `${controlPlaneKey}\n`);
  await write('enrolling', 'the next config is the first\n');
  // Last: without it there is no host.
  await write(
    'identity',
    `holdfast-identity 1\norganisation ${organisation}\ntarget ${hostId}\nepoch ${epoch}\nend\n`,
  );
  return {
    organisation,
    hostId,
    epoch,
    receiptKey: Buffer.from(receiptKey).toString('utf8').trim(),
  };
}
