/**
 * `transport.yaml`: where the keys come from that hosts are entered with.
 *
 * Whoever can write this file decides which keys and which broker we use, and so can keep us out of hosts; what a
 * host lets happen is not decided by these keys. It holds no secret, only paths of files that do.
 */
import { ACCOUNTS, type Account } from './broker.ts';
import { type Fields, type Place, SettingsReader } from './settings-reader.ts';
import type { VaultPlace } from './vault/api.ts';
import type { KvSecret } from './vault/kv.ts';
import type { VaultAuth } from './vault/login.ts';
import type { VaultSettings } from './vault/source.ts';
import type { SshSecret } from './vault/ssh-ca.ts';

export type SourceSettings =
  /** The service's own key, which enrolment puts on hosts. */
  | { readonly kind: 'own' }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'agent'; readonly socket: string; readonly publicKeyFile: string | null }
  | ({ readonly kind: 'vault' } & VaultSettings);

export type TransportSettings = Readonly<Record<Account, SourceSettings>>;

export const OWN_KEYS: TransportSettings = { reader: { kind: 'own' }, runner: { kind: 'own' } };

const TTL_SECONDS = 900;
const PRINCIPALS_MOST = 16;
const SOURCES = ['file', 'agent', 'vault'] as const;

/** What ssh takes as a path that means itself. */
const PATH = /^\/(?!(?:.*\/)?\.\.(?:\/|$))[A-Za-z0-9 ._/+,=@:-]{1,1023}$/;
const SEGMENTS =
  /^(?!(?:.*\/)?\.{1,2}(?:\/|$))[A-Za-z0-9._-]{1,128}(?:\/[A-Za-z0-9._-]{1,128}){0,15}$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const WORD = /^[\x21-\x7e]{1,512}$/;

/** Reads the settings, or throws `invalid-transport-settings` with every problem as `file:line: …`. */
export function parseTransportSettings(text: string, file = 'transport.yaml'): TransportSettings {
  const read = new SettingsReader(file);
  const top: Place = { node: null, at: 0, name: 'the file' };
  const root = read.open(text, ['version', 'keys']);
  const version = read.needed(root, 'version', top);
  if (version !== undefined) read.number(version, 1, 1);
  const place = read.needed(root, 'keys', top);
  const keys: Fields = place === undefined ? new Map() : read.mapping(place, ACCOUNTS);
  const settings = {
    reader: readSource(read, keys.get('reader')),
    runner: readSource(read, keys.get('runner')),
  };
  const second = keys.get('runner');
  if (second !== undefined && isSame(settings))
    read.problem(
      second,
      'reader and runner must not be the same key or have a principal in common: who has one would have the other',
    );
  read.end();
  return settings;
}

function readSource(read: SettingsReader, place: Place | undefined): SourceSettings {
  if (place === undefined) return { kind: 'own' };
  const fields = read.mapping(place, SOURCES);
  const [only, another] = fields.values();
  if (only === undefined || another !== undefined) {
    read.problem(place, `${place.name} must have exactly one of ${SOURCES.join(', ')}`);
    return { kind: 'own' };
  }
  switch (only.name as (typeof SOURCES)[number]) {
    case 'file':
      return { kind: 'file', file: path(read, only) };
    case 'agent': {
      const agent = read.mapping(only, ['socket', 'publicKeyFile']);
      const publicKey = agent.get('publicKeyFile');
      return {
        kind: 'agent',
        socket: path(read, read.needed(agent, 'socket', only)),
        publicKeyFile: publicKey === undefined ? null : path(read, publicKey),
      };
    }
    case 'vault':
      return { kind: 'vault', ...readVault(read, only) };
  }
}

function readVault(read: SettingsReader, place: Place): VaultSettings {
  const fields = read.mapping(place, ['address', 'caFile', 'namespace', 'auth', 'kv', 'ssh']);
  const namespace = fields.get('namespace');
  const [kv, ssh] = [fields.get('kv'), fields.get('ssh')];
  if ((kv === undefined) === (ssh === undefined))
    read.problem(place, 'vault must have exactly one of kv, ssh');
  return {
    ...readPlace(read, fields, place),
    namespace:
      namespace === undefined ? null : read.text(namespace, SEGMENTS, 'a path of namespaces'),
    auth: readAuth(read, read.needed(fields, 'auth', place)),
    secret: ssh === undefined ? readKv(read, kv) : readSsh(read, ssh),
  };
}

function readPlace(
  read: SettingsReader,
  fields: Fields,
  place: Place,
): Omit<VaultPlace, 'namespace'> {
  const at = read.needed(fields, 'address', place);
  const address = read.text(
    at,
    /^https?:\/\/[A-Za-z0-9.:[\]-]{1,255}$/,
    'https:// and a host, with a port or without, and nothing behind',
  );
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const ca = fields.get('caFile');
  const caFile = ca === undefined ? null : path(read, ca);
  if (at === undefined || address === '') return { address, caFile };
  if (url === undefined) read.problem(at, 'address is not one');
  const isLoopback = url !== undefined && /^(?:127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url?.protocol === 'http:' && !isLoopback)
    read.problem(at, 'address may be http:// only to 127.0.0.1 or [::1]: use https:// and caFile');
  if (url?.protocol === 'https:' && ca === undefined)
    read.problem(
      at,
      'caFile is missing: the PEM file of the authority that its certificate comes from',
    );
  if (url?.protocol === 'http:' && ca !== undefined)
    read.problem(ca, 'caFile means nothing over http://');
  return { address, caFile };
}

function readAuth(read: SettingsReader, place: Place | undefined): VaultAuth {
  const none: VaultAuth = { kind: 'token-file', tokenFile: '' };
  if (place === undefined) return none;
  const fields = read.mapping(place, ['tokenFile', 'appRole']);
  const [tokenFile, appRole] = [fields.get('tokenFile'), fields.get('appRole')];
  if ((tokenFile === undefined) === (appRole === undefined)) {
    read.problem(place, 'auth must have exactly one of tokenFile, appRole');
    return none;
  }
  if (appRole === undefined) return { kind: 'token-file', tokenFile: path(read, tokenFile) };
  const role = read.mapping(appRole, ['mount', 'roleId', 'secretIdFile']);
  return {
    kind: 'approle',
    mount: role.has('mount') ? read.text(role.get('mount'), SEGMENTS, 'a mount') : 'approle',
    roleId: read.text(read.needed(role, 'roleId', appRole), WORD, 'one word'),
    secretIdFile: path(read, read.needed(role, 'secretIdFile', appRole)),
  };
}

function readKv(read: SettingsReader, place: Place | undefined): KvSecret {
  if (place === undefined) return { kind: 'kv', mount: '', path: '', field: '', version: null };
  const fields = read.mapping(place, ['mount', 'path', 'field', 'version']);
  const version = fields.get('version');
  return {
    kind: 'kv',
    mount: read.text(read.needed(fields, 'mount', place), SEGMENTS, 'a mount'),
    path: read.text(read.needed(fields, 'path', place), SEGMENTS, 'a path of plain names'),
    field: read.text(read.needed(fields, 'field', place), NAME, 'a plain name'),
    version: version === undefined ? null : read.number(version, 1, 1_000_000_000),
  };
}

function readSsh(read: SettingsReader, place: Place): SshSecret {
  const fields = read.mapping(place, ['mount', 'role', 'principals', 'ttlSeconds', 'authority']);
  const [ttl, authority] = [fields.get('ttlSeconds'), fields.get('authority')];
  return {
    kind: 'ssh',
    mount: read.text(read.needed(fields, 'mount', place), SEGMENTS, 'a mount'),
    role: read.text(read.needed(fields, 'role', place), NAME, 'a plain name'),
    principals: read
      .list(read.needed(fields, 'principals', place), PRINCIPALS_MOST)
      .map((each) => read.text(each, /^[A-Za-z0-9._@-]{1,64}$/, 'a plain name')),
    ttlSeconds: ttl === undefined ? TTL_SECONDS : read.number(ttl, 60, 86_400),
    authority:
      authority === undefined
        ? null
        : read.text(
            authority,
            /^(?:ssh-ed25519|ecdsa-sha2-nistp256) [A-Za-z0-9+/]{60,200}={0,2}$/,
            'the ed25519 or P-256 public key of the authority: type and base64',
          ),
  };
}

function path(read: SettingsReader, place: Place | undefined): string {
  return read.text(place, PATH, 'an absolute path of plain letters');
}

/** The same key, or certificates that open the same door. */
function isSame({ reader, runner }: TransportSettings): boolean {
  if (reader.kind === 'vault' && runner.kind === 'vault') {
    const [a, b] = [reader.secret, runner.secret];
    if (a.kind === 'ssh' && b.kind === 'ssh')
      return a.principals.some((each) => b.principals.includes(each));
    const isOnePlace = reader.address === runner.address && reader.namespace === runner.namespace;
    return isOnePlace && JSON.stringify(a) === JSON.stringify(b);
  }
  if (reader.kind === 'agent' && runner.kind === 'agent')
    return reader.publicKeyFile !== null && reader.publicKeyFile === runner.publicKeyFile;
  return reader.kind === 'file' && runner.kind === 'file' && reader.file === runner.file;
}
