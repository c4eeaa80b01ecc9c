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
      origins: [],
    });
    return {
      authority,
      operators: withPerson(registry, request, now),
      says: [`${request.id} is the first operator: ${fingerprint(request.key)}`],
    };
  }
  const authority = authorityOf(current);
  switch (request.kind) {
    case 'sign':
      return { authority, operators: operatorsText, says: [] };
    case 'add-operator':
      return {
        authority: changeAuthority(authority, request),
        operators: withPerson(registry, request, now),
        says: [`operator ${request.id} is added: ${fingerprint(request.key)}`],
      };
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
  { readonly kind: 'sign' | 'add-operator' | 'revoke-operator' }
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
