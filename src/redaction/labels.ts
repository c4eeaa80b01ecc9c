/**
 * Says whether a name announces a secret: `DB_PASSWORD`, `clientSecret`, `x-api-key`.
 *
 * A name is read as words. A noun such as `password` anywhere in it makes it a label, unless what
 * follows the noun speaks about the secret and not for it: `password_age`, `token_type`,
 * `secretName`, `systemd-ask-password.service`.
 */

/**
 * - `password`  people choose these: a plain word or a number may be one
 * - `secret`    tokens, keys, secrets: redacted unless plainly a remark
 * - `header`    a credential header: its whole value, scheme kept
 * - `cookie`    name=value pairs
 * - `weak`      a secret only when the value looks random
 */
export type LabelKind = 'password' | 'secret' | 'header' | 'cookie' | 'weak';
export type Label = { readonly kind: LabelKind; readonly name: LabelName };

/** The closed list of names that a marker can carry. */
export const LABEL_NAMES = [
  'password',
  'passphrase',
  'secret',
  'token',
  'key',
  'private-key',
  'credential',
  'authorization',
  'cookie',
  'signature',
  'session',
  'hash',
  'otp',
] as const;
export type LabelName = (typeof LABEL_NAMES)[number];

const label = (kind: LabelKind, name: LabelName): Label => ({ kind, name });
const PASSWORD = label('password', 'password');
const PASSPHRASE = label('password', 'passphrase');
const SECRET = label('secret', 'secret');
const TOKEN = label('secret', 'token');
const KEY = label('secret', 'key');
const PRIVATE_KEY = label('secret', 'private-key');
const CREDENTIAL = label('weak', 'credential');
const HEADER = label('header', 'authorization');
const COOKIE = label('cookie', 'cookie');
const SIGNATURE = label('weak', 'signature');
const SESSION = label('weak', 'session');
const HASH = label('secret', 'hash');
const OTP = label('secret', 'otp');
const WEAK_KEY = label('weak', 'key');

/** Whole words. */
const WORDS = new Map<string, Label>([
  ['pass', PASSWORD],
  ['pw', label('weak', 'password')],
  ['psk', KEY],
  ['otp', OTP],
  ['jwt', TOKEN],
  ['auth', label('weak', 'credential')],
  ['apitoken', TOKEN],
  ['sig', SIGNATURE],
  ['signature', SIGNATURE],
  ['cookie', COOKIE],
  ['cookies', COOKIE],
  ['setcookie', COOKIE],
  ['authorization', HEADER],
  ['authorisation', HEADER],
  ['proxyauthorization', HEADER],
  ['sid', SESSION],
  ['session', SESSION],
  ['sessionid', SESSION],
  ['sessid', SESSION],
  ['phpsessid', SESSION],
  ['jsessionid', SESSION],
  ['key', WEAK_KEY],
  ['bearer', TOKEN],
  ['mnemonic', PASSPHRASE],
]);

/** Ends of words, so that glued names are found too: `PGPASSWORD`, `sshpass`, `authtoken`. */
const ENDINGS: readonly (readonly [string, Label])[] = [
  ['password', PASSWORD],
  ['passwords', PASSWORD],
  ['passwort', PASSWORD],
  ['kennwort', PASSWORD],
  ['motdepasse', PASSWORD],
  ['passwd', PASSWORD],
  ['pwd', PASSWORD],
  ['rootpw', PASSWORD],
  ['bindpw', PASSWORD],
  ['userpw', PASSWORD],
  ['adminpw', PASSWORD],
  ['passphrase', PASSPHRASE],
  ['passcode', PASSWORD],
  ['requirepass', PASSWORD],
  ['masterauth', PASSWORD],
  ['sshpass', PASSWORD],
  ['dbpass', PASSWORD],
  ['userpass', PASSWORD],
  ['rootpass', PASSWORD],
  ['adminpass', PASSWORD],
  ['smtppass', PASSWORD],
  ['storepass', PASSWORD],
  ['keypass', PASSWORD],
  ['authpass', PASSWORD],
  ['privpass', PASSWORD],
  ['passin', PASSWORD],
  ['passout', PASSWORD],
  ['secret', SECRET],
  ['secrets', SECRET],
  ['token', TOKEN],
  ['tokens', TOKEN],
  ['apikey', KEY],
  ['apikeys', KEY],
  ['secretkey', KEY],
  ['accesskey', KEY],
  ['privatekey', PRIVATE_KEY],
  ['privkey', PRIVATE_KEY],
  ['accountkey', KEY],
  ['sharedkey', KEY],
  ['presharedkey', KEY],
  ['masterkey', KEY],
  ['encryptionkey', KEY],
  ['signingkey', KEY],
  ['authkey', KEY],
  ['sessionkey', KEY],
  ['licensekey', KEY],
  ['wepkey', KEY],
  ['sharedaccesssignature', TOKEN],
  ['credential', CREDENTIAL],
  ['credentials', CREDENTIAL],
  ['creds', CREDENTIAL],
];

/** `<word> key` is a secret key for these words only; a key alone is a weak label. */
const KEYED = new Set(
  (
    'api secret access private account storage shared preshared pre encryption decryption encrypt signing sign master auth ' +
    'authentication session service app application client hmac aes des jwt license licence deploy subscription ' +
    'functions function consumer product customer cipher crypto crypt root seed unseal recovery backup ssh rsa dsa wep wpa pgp gpg tls ssl ' +
    'admin integration instrumentation sas bot webhook write rest tsig rndc hex'
  ).split(' '),
);
const OPEN_KEYS = new Set(
  'public pub host authorized foreign primary sort cache partition index trusted known lookup row map dict hash object s3 routing'.split(
    ' ',
  ),
);

/** After the noun: words that speak about a secret. */
const ABOUT = new Set(
  (
    'age ages file files filename path paths dir directory folder type types kind name names length len size count counts policy policies expires expire expiry ' +
    'expiration expired expiring ttl lifetime validity duration id ids arn identifier url uri endpoint host port auth authentication authenticator algorithm alg min max minimum maximum ' +
    'days day changed changes change date reset prompt prompts required enabled disabled enable disable ref refs reference store stores manager ' +
    'provider bucket buckets rotation rotated rotate limit limits budget usage used cost index state status valid invalid strength hint ' +
    'label header headers version mount source at time timeout created updated warn warning inactive last helper mode method methods format formats ' +
    'authenticator authentications service socket timer target slice scope device unit stdin less protected protection complexity quality quota ' +
    'attempts attempt tries retries retry failures failed failure fd env lookup input field fields form encoding scheme schemes class factory handler ' +
    'generator validator validation checker check parser stream lexer list lists server agent issuer audience review reviews request requests ' +
    'response grant access_denied info information metadata meta fingerprint fingerprints usages engine engines backend plugin rights right ' +
    'lock locked unlock locktime history free rule rules needed cmd command prefix suffix key_id keyid public pub pem_file location projection ' +
    'secs seconds minutes hours ms bytes bits per rate speed acquire acquired acquisition cleaner controller sync synced namespace kinds annotation exec dump santa garden society agent'
  ).split(' '),
);

/** After the noun: words that keep it a secret though they stand in the list above for others. */
const STILL = new Set('hash hashed value data'.split(' '));

/** Before the noun: a count or a limit. `max_tokens`, `min_password`, `num_secrets`. */
const COUNTED = new Set(
  'max min num number total count prompt completion input output n is has no needs requires public cached reasoning'.split(
    ' ',
  ),
);

const FILE_ENDING =
  /\.(?:service|socket|timer|path|target|mount|slice|scope|device|swap|log|txt|conf|cfg|ini|json|ya?ml|toml|xml|html?|py|pyc|c|h|cc|cpp|go|rs|js|ts|tsx|jsx|java|kt|rb|php|sh|so|md|sql|db|lock|gz|pub|crt|cer|cs|vue|svelte|scss|css|lua|pl|pm|tf|d)$/i;

/** What this name announces, or `undefined` when it is no label. */
export function labelOf(name: string): Label | undefined {
  const known = seen.get(name);
  if (known !== undefined) return known === 'none' ? undefined : known;
  const found = read(name);
  // Names repeat; the memory of them is small and starts over when full.
  if (seen.size >= 4096) seen.clear();
  if (name.length <= 64) seen.set(name, found ?? 'none');
  return found;
}
const seen = new Map<string, Label | 'none'>();

function read(name: string): Label | undefined {
  if (FILE_ENDING.test(name)) return undefined;
  // sudo's tag says that there is none.
  if (/^no_?pass(?:wd|word)$/i.test(name)) return undefined;
  const words = wordsOf(name);
  for (let i = words.length - 1; i >= 0; i--) {
    const found = nounAt(words, i);
    if (found === undefined) continue;
    return stands(words, i, found) ? found : undefined;
  }
  return undefined;
}

function nounAt(words: readonly string[], i: number): Label | undefined {
  const word = words[i] as string;
  if (word === 'key' || word === 'keys') {
    const before = words[i - 1];
    if (before === undefined) return word === 'key' ? WEAK_KEY : undefined;
    if (OPEN_KEYS.has(before)) return undefined;
    if (before === 'private') return PRIVATE_KEY;
    if (KEYED.has(before) || ENDINGS.some(([end]) => before === end)) return KEY;
    return word === 'key' ? WEAK_KEY : undefined;
  }
  const whole = WORDS.get(word);
  if (whole !== undefined) return sessionOf(words, i, whole);
  if (word === 'hash' && ENDINGS.some(([end]) => words[i - 1] === end)) return HASH;
  if (word === 'data' && words[i - 1] === 'key') return KEY;
  for (const [end, found] of ENDINGS) if (word.endsWith(end)) return found;
  const glued = words[i - 1];
  if (glued === 'pass' && (word === 'word' || word === 'wd')) return PASSWORD;
  if (glued === 'pass' && (word === 'phrase' || word === 'code')) return PASSPHRASE;
  return undefined;
}

/** `connect.sid`, `auth_cookie`: what follows a dot or a name is the same noun. */
function sessionOf(words: readonly string[], i: number, found: Label): Label {
  if (found === HEADER || found === COOKIE) {
    return i === 0 || words[i - 1] === 'proxy' || words[i - 1] === 'set' || words[i - 1] === 'http'
      ? found
      : found === HEADER
        ? HEADER
        : SESSION;
  }
  return found;
}

function stands(words: readonly string[], noun: number, found: Label): boolean {
  const plural = (words[noun] as string).endsWith('s');
  if (noun > 0 && COUNTED.has(words[noun - 1] as string) && (plural || noun === 1)) return false;
  for (let i = noun + 1; i < words.length; i++) {
    const word = words[i] as string;
    if (STILL.has(word)) continue;
    if (ABOUT.has(word)) return false;
    // `session` and `key` name too many things to be followed by just anything.
    if (found.kind === 'weak' && word !== 'id') return false;
  }
  return true;
}

const WORD = /[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]+/g;

/** `DB_Password`, `clientSecret`, `x-api-key`, `HTTPToken` as lower-case words; digits part words. */
function wordsOf(name: string): readonly string[] {
  const words: string[] = [];
  for (const part of name.matchAll(WORD)) words.push(part[0].toLowerCase());
  // Mixed case inside one word (`PassWord`, `pAsSwOrD`) must not hide it.
  const flat = name.toLowerCase().split(/[^a-z]+/);
  if (words.length > 1 && !words.some((_, i) => nounAt(words, i) !== undefined)) {
    return flat.filter((word) => word !== '');
  }
  return words;
}
