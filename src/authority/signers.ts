/**
 * The signers file: OpenSSH allowed_signers lines with a version and the digest of the version before.
 * ssh-keygen skips a line that it cannot read; here such a line breaks the whole file.
 */
import { authorityFault } from './faults.ts';
import { hash, number, textLines, token } from './form.ts';
import { blobLine, type PublicKey, readKeyBlob, strictBase64 } from './keys.ts';

export const NAMESPACES = {
  change: 'holdfast-change@1',
  run: 'holdfast-run@1',
  standing: 'holdfast-standing@1',
  config: 'holdfast-config@1',
  lift: 'holdfast-lift@1',
  enrolment: 'holdfast-enrolment@1',
  receipt: 'holdfast-receipt@1',
} as const;
export type Namespace = (typeof NAMESPACES)[keyof typeof NAMESPACES];

/** The principal of the offline key that puts a lost organisation right. */
export const RECOVERY = 'recovery';

const OPERATOR_MAY: readonly Namespace[] = [
  NAMESPACES.change,
  NAMESPACES.standing,
  NAMESPACES.config,
  NAMESPACES.lift,
  NAMESPACES.enrolment,
];
/** As lines were written before enrolments were signed; the next config that is signed writes them anew. */
const OLDER_OPERATOR_MAY = OPERATOR_MAY.filter((each) => each !== NAMESPACES.enrolment);
const RECOVERY_MAY: readonly Namespace[] = [NAMESPACES.config, NAMESPACES.lift];
export type SignerLine = {
  /** One, or with `isAuthority` every operator this root may certify. */
  readonly operators: readonly string[];
  readonly isAuthority: boolean;
  readonly key: PublicKey;
  /** May sign everything but enrolments. */
  readonly isOlder?: true;
};

export type Signers = {
  readonly version: number;
  readonly previous: string;
  readonly lines: readonly SignerLine[];
};

/** A token: no comma, pattern or quote, so ssh-keygen reads exactly this principal. */
export function isOperatorId(word: string): boolean {
  return token.read(word) !== undefined;
}

/** Of an operator, by the line that covers them. */
export function namespacesOf(
  operator: string,
  line: Pick<SignerLine, 'isOlder'>,
): readonly Namespace[] {
  if (operator === RECOVERY) return RECOVERY_MAY;
  return line.isOlder === true ? OLDER_OPERATOR_MAY : OPERATOR_MAY;
}

export function formatSigners({ version, previous, lines }: Signers): string {
  const text = [
    '# holdfast-signers 1',
    `# version ${number.write(version)}`,
    `# previous ${previous}`,
    ...lines.map(formatLine),
    '',
  ].join('\n');
  // What cannot be read back was never a signers file.
  parseSigners(text);
  return text;
}

export function parseSigners(text: string): Signers {
  const all = textLines(text, broken);
  if (all[0] !== '# holdfast-signers 1') broken(1, 'it must begin "# holdfast-signers 1"');
  const version = number.read(headed(all, 1, '# version '));
  if (version === undefined || version === 0)
    return broken(2, 'the version must be a whole number from 1');
  const previous = hash.read(headed(all, 2, '# previous '));
  if (previous === undefined) return broken(3, 'the digest of the version before is malformed');
  const lines = all.slice(3).map((each, i) => parseLine(each, i + 4));
  if (lines.length === 0) broken(3, 'it lists nobody');
  const seen = new Set<string>();
  lines.forEach(({ key }, i) => {
    const blob = key.blob.toString('base64');
    // One key on two lines would be two people to a host that counts them.
    if (seen.has(blob)) broken(i + 4, 'this key stands on an earlier line already');
    seen.add(blob);
  });
  return { version, previous, lines };
}

function headed(lines: readonly string[], at: number, head: string): string {
  const each = lines[at] ?? '';
  return each.startsWith(head)
    ? each.slice(head.length)
    : broken(at + 1, `here must stand "${head}…"`);
}

function parseLine(text: string, at: number): SignerLine {
  const [who = '', options = '', type = '', base64 = '', ...more] = text.split(' ');
  const operators = who.split(',');
  if (!operators.every(isOperatorId)) broken(at, 'an operator id is malformed');
  const blob = strictBase64(base64);
  if (more.length > 0 || blob === undefined) {
    return broken(at, 'it must be: operators, options, key type, key');
  }
  const key = readKeyBlob(blob, (says) => broken(at, says));
  const written = { operators, isAuthority: options.startsWith('cert-authority,'), key };
  const older = { ...written, isOlder: true } as const;
  const line: SignerLine =
    formatLine(older) === text && formatLine(written) !== text ? older : written;
  const isOnePerson = line.isAuthority || operators.length === 1;
  if (!isOnePerson) broken(at, 'only a cert-authority may stand for several operators');
  if (operators.length > 1 && operators.includes(RECOVERY)) {
    broken(at, 'the recovery key stands for nobody else');
  }
  if (key.type !== type || formatLine(line) !== text) {
    broken(at, `it must be: ${formatLine(line).split(' ').slice(0, 3).join(' ')} and the key`);
  }
  return line;
}

function formatLine(line: SignerLine): string {
  const { operators, isAuthority, key } = line;
  const namespaces = namespacesOf(operators[0] ?? '', line).join(',');
  const options = `${isAuthority ? 'cert-authority,' : ''}namespaces="${namespaces}"`;
  return `${operators.join(',')} ${options} ${blobLine(key.blob)}`;
}

function broken(at: number, says: string): never {
  throw authorityFault(
    'signers-broken',
    `malformed signers: line ${at}: ${says}. Nothing is accepted until the file of the signed config is back`,
    { facts: { document: 'signers', line: at } },
  );
}
