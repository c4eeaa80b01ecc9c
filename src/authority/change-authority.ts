/**
 * Who may sign, changed: each answer is the authority that a signed config would put in force. Refused is what would
 * leave an organisation that nobody can change any more.
 */
import { ASSURANCES } from '#model';
import type { HostPolicy, HostRule, RuleName } from './document-values.ts';
import { authorityFault } from './faults.ts';
import type { Authority } from './in-force.ts';
import { blobLine, type PublicKey, readKeyBlob, strictBase64 } from './keys.ts';
import { isOperatorId, RECOVERY, type SignerLine } from './signers.ts';

export type Profile = 'solo' | 'team';

export type AuthorityChange =
  | { readonly kind: 'add-operator'; readonly id: string; readonly key: string }
  | { readonly kind: 'revoke-operator'; readonly id: string }
  | { readonly kind: 'revoke-key'; readonly key: string }
  | { readonly kind: 'revoke-certificate'; readonly root: string; readonly serial: bigint }
  | { readonly kind: 'add-recovery'; readonly key: string }
  | { readonly kind: 'trust-root'; readonly key: string; readonly operators: readonly string[] }
  | ({ readonly kind: 'rule'; readonly rule: RuleName } & HostRule)
  | { readonly kind: 'profile'; readonly profile: Profile }
  | { readonly kind: 'origins'; readonly origins: readonly string[] };

const SKEW_SECONDS = 120;

/**
 * The authority that the first operator brings. Config and lift ask for what his key can give, since a lone
 * software key could never sign a config that asks for a touch; everything else is as the profile has it.
 */
export function firstAuthority(first: {
  readonly operator: string;
  readonly key: string;
  readonly profile: Profile;
  readonly origins: readonly string[];
}): Authority {
  const empty: Authority = {
    lines: [],
    revoked: { keys: [], serials: [] },
    policy: {
      profile: first.profile,
      rules: PROFILES.solo,
      skew: SKEW_SECONDS,
      origins: first.origins,
    },
  };
  const { lines } = addKey(empty, first.operator, first.key);
  const rules = profileRules(first.profile, lines);
  return { ...empty, lines, policy: { ...empty.policy, rules } };
}

/** One after another; only what comes out in the end has to be usable. */
export function changeAuthority(
  authority: Authority,
  ...changes: readonly AuthorityChange[]
): Authority {
  const next = changes.reduce(applied, authority);
  requireSomebody(next);
  return next;
}

function applied(authority: Authority, change: AuthorityChange): Authority {
  switch (change.kind) {
    case 'add-operator':
      if (change.id === RECOVERY)
        refuse('recovery is the name of the recovery key: choose another');
      return withSigners(addKey(authority, change.id, change.key));
    case 'add-recovery':
      return addKey(authority, RECOVERY, change.key);
    case 'trust-root':
      return withSigners(addRoot(authority, change.key, change.operators));
    case 'revoke-operator':
      return revokeOperator(authority, change.id);
    case 'revoke-key':
      return revokeKeys(authority, [readLine(change.key)]);
    case 'revoke-certificate':
      return revokeSerial(authority, readLine(change.root), change.serial);
    case 'rule': {
      const rule = { quorum: change.quorum, assurance: change.assurance };
      return withPolicy(authority, { rules: { ...authority.policy.rules, [change.rule]: rule } });
    }
    case 'profile': {
      const rules = profileRules(change.profile, authority.lines);
      return withPolicy(authority, { profile: change.profile, rules });
    }
    case 'origins':
      return withPolicy(authority, { origins: change.origins });
  }
}

/** T1 is what standing approvals are for; asked for by itself, any key of an operator will do. */
const PROFILES: Readonly<Record<Profile, HostPolicy['rules']>> = {
  solo: {
    T1: { quorum: 1, assurance: 'same-user' },
    T2: { quorum: 1, assurance: 'touch' },
    T3: { quorum: 1, assurance: 'touch' },
    standing: { quorum: 1, assurance: 'touch' },
    config: { quorum: 1, assurance: 'touch' },
    lift: { quorum: 1, assurance: 'touch' },
  },
  team: {
    T1: { quorum: 1, assurance: 'same-user' },
    T2: { quorum: 1, assurance: 'touch' },
    T3: { quorum: 2, assurance: 'separate' },
    standing: { quorum: 1, assurance: 'touch' },
    config: { quorum: 2, assurance: 'separate' },
    lift: { quorum: 1, assurance: 'touch' },
  },
};

/** A profile's rules, with as much asked of config and lift as the operators there are can give. */
function profileRules(profile: Profile, lines: readonly SignerLine[]): HostPolicy['rules'] {
  const rules = PROFILES[profile];
  return { ...rules, config: within(rules.config, lines), lift: within(rules.lift, lines) };
}

function within(rule: HostRule, lines: readonly SignerLine[]): HostRule {
  const quorum = Math.min(rule.quorum, Math.max(1, operatorsOf(lines).size));
  const upTo = ASSURANCES.slice(0, ASSURANCES.indexOf(rule.assurance) + 1);
  const assurance = upTo.findLast((each) => isMet({ quorum, assurance: each }, lines));
  return { quorum, assurance: assurance ?? 'same-user' };
}

/** Whether enough operators have keys that can give that much. A root may certify keys of any kind. */
function isMet({ quorum, assurance }: HostRule, lines: readonly SignerLine[]): boolean {
  const able = lines.filter(({ isAuthority, key }) => {
    switch (assurance) {
      case 'same-user':
        return true;
      case 'touch':
        return isAuthority || key.application !== null;
      case 'separate':
        return isAuthority || key.type === 'sk-ecdsa-sha2-nistp256@openssh.com';
    }
  });
  return operatorsOf(able).size >= quorum;
}

/** Whoever is added later: changing who may sign takes as many as T3 does, where there are as many. */
function withSigners(authority: Authority): Authority {
  const { rules } = authority.policy;
  const most = Math.min(rules.T3.quorum, operatorsOf(authority.lines).size);
  const config = { ...rules.config, quorum: Math.max(rules.config.quorum, most) };
  return isMet(config, authority.lines)
    ? withPolicy(authority, { rules: { ...rules, config } })
    : authority;
}

function addKey(authority: Authority, operator: string, text: string): Authority {
  const key = requireNew(authority, readLine(text));
  if (!isOperatorId(operator)) refuse(`not an operator id: ${JSON.stringify(operator)}`);
  return {
    ...authority,
    lines: [...authority.lines, { operators: [operator], isAuthority: false, key }],
  };
}

function addRoot(authority: Authority, text: string, operators: readonly string[]): Authority {
  const key = requireNew(authority, readLine(text));
  if (operators.length === 0) refuse('a root certifies named operators: name at least one');
  if (operators.includes(RECOVERY)) refuse('the recovery key is never certified: leave it out');
  return { ...authority, lines: [...authority.lines, { operators, isAuthority: true, key }] };
}

function requireNew({ lines, revoked }: Authority, key: PublicKey): PublicKey {
  if (lines.some((line) => line.key.blob.equals(key.blob))) {
    refuse('the key is there already: one key is one person. Use another');
  }
  if (revoked.keys.some((blob) => blob.equals(key.blob))) {
    refuse('the key was revoked, and stays so: make another');
  }
  return key;
}

/** His own lines go, with their keys into the revocations; a root may no longer certify him. */
function revokeOperator(authority: Authority, operator: string): Authority {
  if (!authority.lines.some(({ operators }) => operators.includes(operator))) {
    refuse(`no such operator: ${operator}. Run "holdfast operator list"`);
  }
  const own = authority.lines.filter((line) => !line.isAuthority && line.operators[0] === operator);
  const { lines, ...rest } = revokeKeys(
    authority,
    own.map(({ key }) => key),
  );
  return {
    ...rest,
    lines: lines.flatMap((line) => {
      const operators = line.operators.filter((each) => each !== operator);
      return operators.length === 0 ? [] : [{ ...line, operators }];
    }),
  };
}

function revokeKeys({ lines, revoked, policy }: Authority, keys: readonly PublicKey[]): Authority {
  const blobs = keys.map(({ blob }) => blob);
  const isGone = (blob: Buffer): boolean => blobs.some((each) => each.equals(blob));
  const kept = revoked.keys.filter((blob) => !isGone(blob));
  return {
    lines: lines.filter(({ key }) => !isGone(key.blob)),
    revoked: { ...revoked, keys: [...kept, ...blobs].sort((a, b) => Buffer.compare(a, b)) },
    policy,
  };
}

function revokeSerial(authority: Authority, root: PublicKey, serial: bigint): Authority {
  if (serial < 1n) refuse('a certificate without a serial cannot be revoked by it: revoke its key');
  const under = authority.revoked.serials.find((each) => each.root.equals(root.blob));
  const numbers = [...new Set([...(under?.serials ?? []), serial])];
  const others = authority.revoked.serials.filter((each) => each !== under);
  const one = { root: root.blob, serials: numbers.sort((a, b) => (a < b ? -1 : 1)) };
  const serials = [...others, one].sort((a, b) => Buffer.compare(a.root, b.root));
  return { ...authority, revoked: { ...authority.revoked, serials } };
}

function withPolicy(authority: Authority, over: Partial<Authority['policy']>): Authority {
  return { ...authority, policy: { ...authority.policy, ...over } };
}

/** Somebody must be able to meet every rule, or to recover. */
function requireSomebody({ lines, policy }: Authority): void {
  const operators = operatorsOf(lines);
  if (operators.size === 0) {
    refuse('nobody would be left who may sign: add another operator first');
  }
  for (const name of ['config', 'lift'] as const) {
    const rule = policy.rules[name];
    // Other rules may wait for people and keys to come; these two are how they come.
    if (!isMet(rule, lines)) {
      refuse(
        `the rule ${name} needs ${rule.quorum} operators with keys for ${rule.assurance}, and there are too few: add them first, or change the rule in the same step`,
      );
    }
  }
}

function operatorsOf(lines: readonly SignerLine[]): ReadonlySet<string> {
  return new Set(lines.flatMap(({ operators }) => operators).filter((each) => each !== RECOVERY));
}

/** `type base64`, and a comment that is left out, as a `.pub` file has it. */
function readLine(text: string): PublicKey {
  const [type = '', base64 = ''] = text.trim().split(/ +/);
  const blob = strictBase64(base64);
  const bad = (says: string): never =>
    refuse(
      `not a public key that is taken: ${says}. Give an Ed25519, P-256 or security key, not a certificate`,
    );
  const key = readKeyBlob(blob ?? bad('it is no base64'), bad);
  return blobLine(key.blob).startsWith(`${type} `) ? key : bad('its type is not the one it names');
}

function refuse(says: string): never {
  throw authorityFault('invalid-config', `the config cannot be made: ${says}`);
}
