/** Why there is no key. Codes are promises; no message, fact or cause holds anything that a file or a broker said. */
import { Fault, type FaultFacts } from '#base/fault';

const CODES = {
  /** No answer in time, or none that was whole and small enough. */
  'broker-unreachable': [
    'no answer from the broker of keys',
    'Look whether it runs, and whether address and caFile in transport.yaml are right',
  ],
  'broker-sealed': [
    'broker of keys is sealed or under maintenance',
    'Unseal it; nothing has to be done here afterwards',
  ],
  /** It limits how often it is asked, or this node is not up to date yet. */
  'broker-busy': ['broker of keys is busy', 'It is asked again in a moment'],
  /** It failed inside. */
  'broker-failed': ['broker of keys failed', 'Look into its own log'],
  /** It sends us to another node; we do not go where we are sent. */
  'broker-elsewhere': [
    'broker of keys answers at another address',
    'Give the address of the active node or of its load balancer in transport.yaml',
  ],
  /** Its answer is not what its documentation says. */
  'broker-answer': [
    'broker of keys answered something else than was asked',
    'Look what is at that address, and which version it is',
  ],
  /** The token is unknown, expired, or may not do this. */
  'broker-denied': [
    'broker of keys does not let us',
    'Give us a live token, or its policy the path that is named',
  ],
  /** It understood, and does not do it: principals, lifetime, or the login itself. */
  'broker-refused': [
    'broker of keys refused the request',
    'Compare the role there with transport.yaml: principals, ttl, kind of key; or give a new secret id',
  ],
  'broker-missing': [
    'broker of keys has no such thing',
    'Compare mount, path, role and namespace in transport.yaml with what is there',
  ],
  'secret-deleted': [
    'version of the secret was deleted or destroyed',
    'Put a new one there, or name another version in transport.yaml',
  ],
  'secret-field': [
    'secret has no such field, or no text in it',
    'Compare field in transport.yaml with what is there',
  ],
  'key-unusable': [
    'private key cannot be used without being asked for anything',
    'Give an OpenSSH private key without a passphrase',
  ],
  'certificate-refused': [
    'certificate is not the one that was asked for',
    'Mend the role of the authority (docs/transport.md)',
  ],
  /** A file that holds a secret, or a pin, is absent or not ours alone. */
  'secret-file': [
    'file cannot be trusted',
    'It must be there, a regular file, belong to the account that runs Holdfast, and be closed to others: chmod 600',
  ],
  'agent-unreachable': [
    'no usable ssh-agent',
    'Start it as the account that runs Holdfast, and compare its socket with transport.yaml',
  ],
  'agent-key-missing': ['ssh-agent does not hold the key', 'Load it: ssh-add'],
  'key-making': [
    'no key can be made or kept',
    'Install the package openssh-client, and look at the place for keys',
  ],
  'keys-closed': ['keys are not given any more', 'Start the service again'],
} as const satisfies Record<string, readonly [says: string, mend: string]>;
export type KeyFaultCode = keyof typeof CODES;

/** `what` is ours or the operator's: an account, a path, an address; never what was read there. */
export function keyFault(code: KeyFaultCode, what: string, facts: FaultFacts = {}): Fault {
  const [says, mend] = CODES[code];
  return new Fault('unavailable', code, `${says}: ${what}. ${mend}`, { facts });
}

const NOBODY_SAID_NO: ReadonlySet<string> = new Set<KeyFaultCode>([
  'broker-unreachable',
  'broker-sealed',
  'broker-busy',
  'broker-failed',
  'broker-elsewhere',
  'broker-answer',
  'certificate-refused',
]);

/** The key that we have may be used to its end: the broker is away. Otherwise somebody took it back. */
export function isAway(fault: Fault): boolean {
  return NOBODY_SAID_NO.has(fault.code);
}
