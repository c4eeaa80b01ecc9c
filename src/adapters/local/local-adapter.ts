/**
 * The machine Holdfast runs on, as a host like any other: reached without a network, checked by the
 * same script with the same files.
 */
import { Fault } from '#base/fault';
import type { MachineFiles, Programs } from '#base/ports';
import type { Adapter, Host } from '../adapter.ts';
import { framedHost } from '../framed-host.ts';

export type LocalHost = {
  readonly programs: Programs;
  readonly machineFiles: Pick<MachineFiles, 'stat'>;
  /** Absolute path of `host/holdfast-host`. */
  readonly script: string;
  /** The host directory, made by `enrolLocal`. */
  readonly directory: string;
  /** User id of the account this process runs as. */
  readonly uid: number;
};

export function localAdapter(local: LocalHost): Adapter {
  return {
    name: 'local',
    async host(): Promise<Host> {
      await mustBeOurs(local);
      const { programs, script, directory } = local;
      return framedHost({
        name: 'local',
        exchange: (stdin, timeoutMs, maxBytes) =>
          programs.run({ argv: ['sh', script, directory], stdin, timeoutMs, maxBytes }),
        look: (run) => programs.run(run),
      });
    },
  };
}

/** A directory that others may write would let them say who may sign. */
async function mustBeOurs({ machineFiles, script, directory, uid }: LocalHost): Promise<void> {
  const program = await machineFiles.stat(script);
  if (program?.kind !== 'file') {
    throw notReady('the host script is missing', `${script}. Install Holdfast anew`);
  }
  if ((program.mode & 0o022) !== 0) {
    throw notReady(
      'the host script can be written by others',
      `${script}. Take that right away with chmod go-w`,
    );
  }
  const found = await machineFiles.stat(directory);
  if (found === undefined) {
    throw notReady('this machine is not enrolled', `${directory} is missing. Enrol it`);
  }
  if (found.kind !== 'directory' || found.uid !== uid || (found.mode & 0o7777) !== 0o700) {
    throw notReady(
      'the host directory is not ours alone',
      `${directory}. It must belong to the account that runs Holdfast, with mode 0700`,
    );
  }
}

function notReady(says: string, more: string): Fault {
  return new Fault('unavailable', 'host-unavailable', `${says}: ${more}`);
}
