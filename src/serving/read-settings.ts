/** `server.yaml` read strictly: whatever it does not say in so many words is refused with file, line and what to write instead. */
import { parseAddress, parseBlock } from '#base/address';
import { show } from '#base/nearest';
import { allowProblem } from '#egress';
import { readYaml, type Value, type Yaml } from '#strict-yaml';
import { serverFile } from './faults.ts';
import {
  DEFAULT_SERVER,
  type Listen,
  MOST_GROUPS_HOURS,
  type OAuthSettings,
  type OidcSettings,
  type ServerSettings,
  type ServerUrl,
} from './settings.ts';

const KEYS = [
  'version',
  'url',
  'listen',
  'expose',
  'hosts',
  'tls',
  'proxy',
  'oidc',
  'oauth',
  'egress',
] as const;
const NAME =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const FILE = /^\/?[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;
const CLIENT_ID = /^[\x21-\x7e]{1,200}$/;
const AUDIENCE = /^[\x21-\x7e]{1,300}$/;
const CLAIM = /^[A-Za-z_][A-Za-z0-9_:./-]{0,99}$/;
const MOST = 64;

/** Throws `invalid-server` with every problem as `file:line:column: …`. */
export function readServer(text: string, file: string): ServerSettings {
  return readYaml(text, serverFile(file), (yaml, root) => {
    const given = yaml.record(root, 'server.yaml', KEYS, ['version']);
    if (given.version !== undefined && yaml.whole(given.version, 'version', 0, 1) !== 1)
      yaml.problem(given.version.at, 'version must be 1: this is the only form there is');
    const url = readUrl(yaml, given.url);
    const oidc = readOidc(yaml, given.oidc);
    const oauth = readOAuth(yaml, given.oauth, oidc);
    return {
      url: url ?? DEFAULT_SERVER.url,
      listen: readListen(yaml, given.listen),
      expose: yaml.flag(given.expose, 'expose'),
      hosts: list(yaml, given.hosts, 'hosts', (each) => readName(yaml, each, 'a host')),
      tls: readTls(yaml, given.tls),
      proxy: readProxy(yaml, given.proxy),
      oidc,
      oauth,
      egress: readEgress(yaml, given.egress),
      isDefaultUrl: given.url === undefined,
    };
  });
}

function list<T>(
  yaml: Yaml,
  value: Value | undefined,
  what: string,
  read: (value: Value) => T | null,
): readonly T[] {
  const items = yaml.list(value, what);
  if (items.length > MOST)
    yaml.problem(value?.at ?? 0, `${what} has more than ${MOST} items: take some out`);
  return items.slice(0, MOST).flatMap((each) => read(each) ?? []);
}

function readUrl(yaml: Yaml, value: Value | undefined): ServerUrl | null {
  const text = yaml.text(value, 'url');
  if (value === undefined || text === null) return null;
  const wrong = (why: string): null => {
    yaml.problem(value.at, `url ${show(text)} ${why}`);
    return null;
  };
  const [, scheme, host = '', port] =
    /^(https?):\/\/([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([1-9][0-9]{0,4}))?\/?$/.exec(text) ?? [];
  if (scheme === undefined)
    return wrong(
      'is not an address that people open: write it like https://holdfast.example.org, in lower case and without a path',
    );
  if (host.startsWith('[') || parseAddress(host) !== null)
    return wrong('has an address for a name, and no passkey is bound to an address: give a name');
  if (!NAME.test(host)) return wrong('has no host name in it: write it like holdfast.example.org');
  if (Number(port ?? 1) > 65_535) return wrong('has a port above 65535: correct it');
  const isSecure = scheme === 'https';
  const usual = isSecure ? 443 : 80;
  const at = Number(port ?? usual);
  return { origin: `${scheme}://${host}${at === usual ? '' : `:${at}`}`, host, port: at, isSecure };
}

function readListen(yaml: Yaml, value: Value | undefined): Listen | null {
  const text = yaml.text(value, 'listen');
  if (value === undefined || text === null) return null;
  const [, six, other, digits] = /^(?:\[([^\]]*)\]|([^:]*)):([0-9]{1,5})$/.exec(text) ?? [];
  const host = six ?? other ?? '';
  const isKnown =
    six === undefined
      ? host === 'localhost' || (parseAddress(host) !== null && !host.includes(':'))
      : parseAddress(six) !== null && six.includes(':');
  const port = Number(digits ?? 0);
  if (isKnown && port > 0 && port <= 65_535) return { host, port };
  yaml.problem(
    value.at,
    `listen ${show(text)} is no address with a port: write it like 127.0.0.1:7425, localhost:7425 or "[::]:7443"`,
  );
  return null;
}

function readName(yaml: Yaml, value: Value, what: string): string | null {
  const name = yaml.text(value, what);
  if (name === null || (NAME.test(name) && parseAddress(name) === null)) return name;
  yaml.problem(
    value.at,
    `${what} ${show(name)} is no host name: write it like holdfast.example.org, without scheme and port`,
  );
  return null;
}

function readFile(yaml: Yaml, value: Value | undefined, what: string): string | null {
  return yaml.textThat(value, what, FILE, 'tls/console.key, without . and ..');
}

function readTls(yaml: Yaml, value: Value | undefined): ServerSettings['tls'] {
  if (value === undefined) return null;
  const keys = ['certificate', 'key'] as const;
  const given = yaml.record(value, 'tls', keys, keys);
  const certificate = readFile(yaml, given.certificate, 'certificate');
  const key = readFile(yaml, given.key, 'key');
  return certificate === null || key === null ? null : { certificate, key };
}

function readProxy(yaml: Yaml, value: Value | undefined): ServerSettings['proxy'] {
  if (value === undefined) return null;
  const given = yaml.record(value, 'proxy', ['from'], ['from']);
  const from = list(yaml, given.from, 'from', (each) => readBlock(yaml, each, 'an address'));
  if (given.from !== undefined && from.length === 0)
    yaml.problem(given.from.at, 'from is empty: name the addresses of the proxy');
  return { from };
}

function readBlock(yaml: Yaml, value: Value, what: string): string | null {
  const text = yaml.text(value, what);
  if (text === null || parseBlock(text) !== null) return text;
  yaml.problem(
    value.at,
    `${what} ${show(text)} is neither an address nor a block: write it like 10.0.0.5 or 10.0.0.0/24`,
  );
  return null;
}

function readIssuer(yaml: Yaml, value: Value | undefined): string | null {
  const text = yaml.text(value, 'issuer', 500);
  if (value === undefined || text === null) return null;
  if (/^https:\/\/[a-z0-9.-]+(?::[1-9][0-9]{0,4})?(?:\/[A-Za-z0-9._~/-]*)?$/.test(text))
    return text;
  // A provider on this very machine may be spoken to as it is.
  if (
    /^http:\/\/(?:localhost|127\.0\.0\.1)(?::[1-9][0-9]{0,4})?(?:\/[A-Za-z0-9._~/-]*)?$/.test(text)
  )
    return text;
  yaml.problem(
    value.at,
    `issuer ${show(text)} is no issuer: write it as the provider names itself, like https://id.example.org`,
  );
  return null;
}

function readOidc(yaml: Yaml, value: Value | undefined): OidcSettings | null {
  if (value === undefined) return null;
  const given = yaml.record(
    value,
    'oidc',
    ['issuer', 'clientId', 'clientSecretFile', 'groups', 'groupsHours'],
    ['issuer', 'clientId'],
  );
  const issuer = readIssuer(yaml, given.issuer);
  const clientId = yaml.textThat(given.clientId, 'clientId', CLIENT_ID, 'holdfast');
  const clientSecretFile = readFile(yaml, given.clientSecretFile, 'clientSecretFile');
  const groups = yaml.textThat(given.groups, 'groups', CLAIM, 'groups');
  const groupsHours = yaml.whole(
    given.groupsHours,
    'groupsHours',
    MOST_GROUPS_HOURS,
    MOST_GROUPS_HOURS,
  );
  return issuer === null || clientId === null
    ? null
    : { issuer, clientId, clientSecretFile, groups, groupsHours };
}

function readOAuth(yaml: Yaml, value: Value | undefined, oidc: OidcSettings | null): OAuthSettings {
  if (value === undefined) return DEFAULT_SERVER.oauth;
  const given = yaml.record(value, 'oauth', ['mode', 'issuer', 'tokens', 'audience'], ['mode']);
  const mode = yaml.oneOf(given.mode, 'mode', ['embedded', 'external', 'off'] as const);
  if (mode !== 'external') {
    for (const name of ['issuer', 'tokens', 'audience'] as const) {
      const at = given[name]?.at;
      if (mode !== null && at !== undefined)
        yaml.problem(at, `${name} has no meaning with mode ${mode}: leave it out`);
    }
    return { mode: mode ?? 'off' };
  }
  const issuer = readIssuer(yaml, given.issuer);
  if (given.issuer === undefined)
    yaml.problem(value.at, 'issuer is missing in oauth with mode external: add it');
  const tokens =
    given.tokens === undefined
      ? 'rfc9068'
      : yaml.oneOf(given.tokens, 'tokens', ['rfc9068', 'jwt'] as const);
  const audience = yaml.textThat(given.audience, 'audience', AUDIENCE, 'api://holdfast');
  // ID tokens are made for the client: they would have our audience as well.
  if (given.audience !== undefined && audience !== null && audience === oidc?.clientId)
    yaml.problem(
      given.audience.at,
      `audience is the clientId of oidc: ${show(audience)}. Register this service as an API of its own at the provider, and name that`,
    );
  return { mode, issuer: issuer ?? '', tokens: tokens ?? 'rfc9068', audience };
}

function readEgress(yaml: Yaml, value: Value | undefined): ServerSettings['egress'] {
  if (value === undefined) return DEFAULT_SERVER.egress;
  const given = yaml.record(value, 'egress', ['allow'], ['allow']);
  return { allow: list(yaml, given.allow, 'allow', (each) => readPlace(yaml, each)) };
}

function readPlace(yaml: Yaml, value: Value): string | null {
  const text = yaml.text(value, 'a place of egress');
  const problem = text === null ? null : allowProblem(text);
  if (problem === null) return text;
  yaml.problem(value.at, problem);
  return null;
}
