/** The data directory: where everything of one Holdfast lives. Mode 0700, one owner process. */
import { join } from 'node:path';

export type Paths = {
  readonly home: string;
  /** Whoever can edit it decides what is a target and which sources are trusted. */
  readonly inventory: string;
  /** Whoever can write here can alter what is remembered; `verify` finds it. */
  readonly facts: string;
  readonly logHead: string;
  readonly log: string;
  /** Whoever can read here can sign checkpoints as this service. */
  readonly keys: string;
  /** Whoever can read it may observe and ingest, and nothing more. */
  readonly observerToken: string;
  /** Whoever can edit it and sign decides what may be done; so with the next four. */
  readonly policy: string;
  readonly catalogue: string;
  readonly runbooks: string;
  /** The operator's own command entries, and `paths.yaml` beside them. */
  readonly commands: string;
  /** Whoever can edit it and sign decides what Ansible, OpenTofu and Talos may do from here. */
  readonly automation: string;
  /** Whoever can edit it and sign decides which reports of tools are read, and where. */
  readonly collectors: string;
  /** Whoever can edit it decides what is done by the clock, and who is told. */
  readonly notices: string;
  /** Whoever can edit it decides how the service is reached, and which inside addresses requests may go to. */
  readonly server: string;
  /** Whoever can edit it decides what people may ask for, and so what they may lend. */
  readonly access: string;
  readonly operators: string;
  /** Whoever can edit it, or a file below the folder, and sign decides what should be. */
  readonly declarations: string;
  readonly declarationFiles: string;
  /** What was in force when an operator last signed, part by part: tells which file was edited since. */
  readonly declarationsSigned: string;
  readonly evidence: string;
  /** Whoever can edit it decides which keys hosts are entered with. */
  readonly transport: string;
  /** What operators signed, as it is in force. */
  readonly authority: string;
  /** Whoever can read it can be nobody: passkeys, sessions and leases as hashes. */
  readonly identity: string;
  /** Hosts that operators signed for, and those that wait for it. */
  readonly enrolment: string;
  /** This machine as a host: what it checks by itself before anything runs on it. */
  readonly host: string;
  /** Outputs of steps, sealed. */
  readonly outputs: string;
  /** What tools keep for us: plans that wait to be applied, with the secrets in them. Not part of a backup. */
  readonly tools: string;
  /** Present after a restore until an operator signs. */
  readonly restored: string;
  readonly run: string;
  readonly ownerLock: string;
  readonly socket: string;
  readonly http: string;
};

export function pathsOf(home: string): Paths {
  const run = join(home, 'run');
  return {
    home,
    inventory: join(home, 'fleet.yaml'),
    facts: join(home, 'store', 'facts.sqlite'),
    logHead: join(home, 'store', 'log-head'),
    log: join(home, 'log'),
    keys: join(home, 'keys'),
    observerToken: join(home, 'keys', 'observer-token'),
    policy: join(home, 'policy'),
    catalogue: join(home, 'catalogue'),
    runbooks: join(home, 'runbooks'),
    commands: join(home, 'commands'),
    automation: join(home, 'automation.yaml'),
    collectors: join(home, 'collectors.yaml'),
    notices: join(home, 'notices.yaml'),
    server: join(home, 'server.yaml'),
    access: join(home, 'access.yaml'),
    operators: join(home, 'operators.yaml'),
    declarations: join(home, 'declarations.yaml'),
    declarationFiles: join(home, 'declarations'),
    declarationsSigned: join(home, 'authority', 'declarations-signed.json'),
    evidence: join(home, 'evidence.yaml'),
    transport: join(home, 'transport.yaml'),
    authority: join(home, 'authority'),
    identity: join(home, 'identity'),
    enrolment: join(home, 'enrolment'),
    host: join(home, 'host'),
    outputs: join(home, 'outputs'),
    tools: join(home, 'tools'),
    restored: join(home, 'restored'),
    run,
    ownerLock: join(run, 'owner.lock'),
    socket: join(run, 'holdfast.sock'),
    http: join(run, 'http.json'),
  };
}
