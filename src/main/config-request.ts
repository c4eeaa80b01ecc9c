/** What is asked of the configuration, as the authority and the registry that it would lead to. */
import {
  type Authority,
  type AuthorityChange,
  authorityOf,
  changeAuthority,
  fingerprint,
  firstAuthority,
  formatOperators,
  type Operators,
  parseOperators,
} from '#authority';
import { Fault } from '#base/fault';
import type { ConfigRequest } from '#operations';
import type { AuthorityRecord } from './authority-record.ts';

export type Wanted = {
  readonly authority: Authority;
  /** `operators.yaml` as it would be. */
  readonly operators: string;
  readonly says: readonly string[];
};

export function wantedOf(
  current: AuthorityRecord | undefined,
  request: ConfigRequest,
  operatorsText: string,
  now: string,
): Wanted {
  const registry = registryOf(operatorsText);
  if (current === undefined) {
    if (request.kind !== 'add-operator') {
      throw new Fault(
        'conflict',
        'no-operator',
        'nobody may sign yet: begin with holdfast operator add <id>, at a terminal',
      );
    }
    const authority = firstAuthority({
      operator: request.id,
      key: request.key,
      profile: 'solo',
      origins: request.origins ?? [],
    });
    return {
      authority,
      operators: withPerson(registry, request, now),
      says: [
        `${request.id} is the first operator: ${fingerprint(request.key)}`,
        ...saysOfOrigins(request.origins ?? []),
      ],
    };
  }
  const authority = authorityOf(current);
  switch (request.kind) {
    case 'sign':
      return { authority, operators: operatorsText, says: [] };
    case 'add-operator': {
      const { origins } = authority.policy;
      const further = (request.origins ?? []).filter((one) => !origins.includes(one));
      const isThere = authority.lines.some(({ operators }) => operators.includes(request.id));
      return {
        authority: changeAuthority(
          authority,
          request,
          ...(further.length === 0
            ? []
            : [{ kind: 'origins', origins: [...origins, ...further] } as const]),
        ),
        operators: withPerson(registry, request, now),
        says: [
          isThere
            ? `operator ${request.id} gets a further key: ${fingerprint(request.key)}`
            : `operator ${request.id} is added: ${fingerprint(request.key)}`,
          ...saysOfOrigins(further),
        ],
      };
    }
    case 'revoke-key': {
      const line = authority.lines.find(({ key }) => fingerprint(key.blob) === request.fingerprint);
      if (line === undefined) {
        throw new Fault(
          'missing',
          'no-such-key',
          `no key in force has this fingerprint: ${request.fingerprint}. holdfast operator list names them`,
        );
      }
      const key = publicLine(line.key);
      return {
        authority: changeAuthority(authority, { kind: 'revoke-key', key }),
        operators: operatorsText,
        says: [
          `the key ${request.fingerprint} of ${line.operators.join(', ')} is revoked for good`,
        ],
      };
    }
    case 'revoke-operator':
      return {
        authority: changeAuthority(authority, request),
        operators: formatOperators(registry.filter(({ id }) => id !== request.id)),
        says: [`operator ${request.id} is taken out, and the keys are revoked for good`],
      };
    case 'add-recovery':
    case 'trust-root':
    case 'rule':
    case 'profile':
    case 'origins':
      return {
        authority: changeAuthority(authority, changeOf(request)),
        operators: operatorsText,
        says: [saysOf(request)],
      };
  }
}

function publicLine({ type, blob }: Authority['lines'][number]['key']): string {
  return `${type} ${blob.toString('base64')}`;
}

function saysOfOrigins(origins: readonly string[]): readonly string[] {
  return origins.map((origin) => `hosts take signatures of passkeys made at ${origin}`);
}

/** No file is nobody. */
export function registryOf(text: string): Operators {
  return text === '' ? [] : parseOperators(text);
}

function withPerson(
  registry: Operators,
  { id, name, accounts }: Extract<ConfigRequest, { kind: 'add-operator' }>,
  since: string,
): string {
  const before = registry.find((one) => one.id === id);
  const others = registry.filter((one) => one.id !== id);
  const taken = new Set(others.flatMap((one) => one.accounts));
  const free = [...new Set([...(before?.accounts ?? []), ...accounts])].filter(
    (account) => !taken.has(account),
  );
  return formatOperators([...others, { id, name, accounts: free, since: before?.since ?? since }]);
}

type OtherRequest = Exclude<
  ConfigRequest,
  { readonly kind: 'sign' | 'add-operator' | 'revoke-operator' | 'revoke-key' }
>;

function changeOf(request: OtherRequest): AuthorityChange {
  return request.kind === 'rule'
    ? { kind: 'rule', rule: request.rule, quorum: request.quorum, assurance: request.least }
    : request;
}

function saysOf(request: OtherRequest): string {
  switch (request.kind) {
    case 'add-recovery':
      return `the recovery key is named: ${fingerprint(request.key)}`;
    case 'trust-root':
      return `the root ${fingerprint(request.key)} may certify ${request.operators.join(', ')}`;
    case 'rule':
      return `${request.rule} needs ${request.quorum} of at least ${request.least}`;
    case 'profile':
      return `the rules of the profile ${request.profile} hold`;
    case 'origins':
      return `passkeys are accepted from ${request.origins.join(', ') || 'nowhere'}`;
  }
}
