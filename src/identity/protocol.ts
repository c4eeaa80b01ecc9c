/**
 * What is remembered of people who sign in and of what they lend to assistants. Secrets are answered once, when they
 * are made, and kept as SHA-256; whoever reads the file can be nobody.
 *
 * None of this approves anything: authority is a signature of a key that is in force (`#authority`).
 */
import type { Capability, TargetReach } from '#access';
import type { Instant } from '#base/time';
import type { Scope, Tier } from '#model';

export type Passkey = {
  /** base64url, as the authenticator named it. */
  readonly credentialId: string;
  readonly operator: string;
  /** `sk-ecdsa-sha2-nistp256@openssh.com <base64>`: the same key as signers and hosts know it. */
  readonly key: string;
  /** COSE, for sign-in. */
  readonly cose: Uint8Array;
  readonly rpId: string;
  readonly counter: number;
  readonly transports: readonly string[];
  readonly label: string;
  readonly backedUp: boolean;
  readonly createdAt: Instant;
  readonly lastUsedAt: Instant | null;
};

export type SignInMethod = 'passkey' | 'oidc' | 'recovery' | 'invitation';

export type Session = {
  readonly id: string;
  readonly operator: string;
  readonly method: SignInMethod;
  /** The passkey that opened it: once that one is gone, so is this. */
  readonly credentialId: string | null;
  /** Groups that the identity provider vouched for at sign-in. */
  readonly groups: readonly string[];
  /**
   * The public half of a key that the page made and never shows (SubjectPublicKeyInfo, base64url): the cookie is worth
   * something only beside what that key signed lately.
   */
  readonly pageKey: string;
  readonly createdAt: Instant;
  readonly lastSeenAt: Instant;
  readonly expiresAt: Instant;
  readonly userAgent: string;
  readonly address: string;
};

export type Invitation = {
  readonly id: string;
  readonly operator: string;
  readonly name: string;
  /** Accounts of the same person, for the registry of operators. */
  readonly accounts: readonly string[];
  readonly invitedBy: string;
  readonly expiresAt: Instant;
  /** A passkey registered with it that nobody signed for yet. */
  readonly pendingKey: string | null;
};

export type LeaseStatus = 'active' | 'expired' | 'revoked';

/** profile + targets + ceiling + deadline behind one bearer. */
export type Lease = {
  readonly id: string;
  readonly label: string;
  readonly profile: string;
  readonly capabilities: readonly Capability[];
  readonly scopes: readonly Scope[] | 'all';
  readonly targets: TargetReach;
  readonly ceiling: Tier;
  /** The operator who answers for it. */
  readonly issuedBy: string;
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
  /** The only resource it is good for (RFC 8707); `null`: any of this service. */
  readonly resource: string | null;
  /** `paste`, or the OAuth client that it was given to. */
  readonly via: string;
  readonly revoked: { readonly at: Instant; readonly by: string; readonly reason: string } | null;
  readonly uses: number;
  readonly lastUsedAt: Instant | null;
  readonly lastOperation: string | null;
  readonly failures: number;
};

export type NewLease = Omit<
  Lease,
  'id' | 'revoked' | 'uses' | 'lastUsedAt' | 'lastOperation' | 'failures'
>;

/** What a token of an identity provider says of itself, once it was believed. */
export type ExternalToken = {
  readonly issuer: string;
  readonly subject: string;
  readonly client: string;
  readonly jti: string;
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
  /** Who answers for it here. */
  readonly operator: string;
  readonly profile: string;
};

export type ExternalPair = Pick<ExternalToken, 'issuer' | 'subject' | 'client'>;

/** Whoever asks with such tokens: one subject through one client, whichever token is brought. */
export type ExternalLease = ExternalPair &
  Pick<ExternalToken, 'operator' | 'profile'> & {
    readonly id: string;
    readonly firstAt: Instant;
    /** Of the token that lasts longest. */
    readonly expiresAt: Instant;
    readonly revoked: Lease['revoked'];
    readonly uses: number;
    readonly failures: number;
    readonly lastUsedAt: Instant | null;
    readonly lastOperation: string | null;
  };

/** Tokens that are refused though their issuer stands by them: one, or all that it made until some moment. */
export type TokenBar = {
  readonly issuer: string;
  readonly jti: string | null;
  readonly notBefore: Instant | null;
  readonly at: Instant;
  readonly by: string;
  readonly reason: string;
};

export type ExternalTokens = {
  idOf(pair: ExternalPair): string;
  /** A token that was believed was brought. */
  seen(token: ExternalToken): void;
  /** Asked at each request, and again for what stays open. */
  isBarred(token: Omit<ExternalToken, 'expiresAt' | 'operator' | 'profile'>): boolean;
  get(id: string): ExternalLease | undefined;
  list(): readonly ExternalLease[];
  used(id: string, operation: string, at: Instant, failed: boolean): void;
  /** Every token of the pair, those that are still to come as well, until it is readmitted. Answers its id. */
  revoke(pair: ExternalPair, by: string, reason: string, at: Instant): string;
  readmit(id: string): boolean;
  /** One token, for as long as any token lasts. */
  bar(token: Pick<ExternalToken, 'issuer' | 'jti'>, by: string, reason: string, at: Instant): void;
  /** Everything that the issuer made before; for good. */
  barBefore(issuer: string, by: string, reason: string, at: Instant): void;
  bars(): readonly TokenBar[];
};

export type BreakGlass = {
  readonly operator: string;
  readonly reason: string;
  readonly openedAt: Instant;
  readonly expiresAt: Instant;
};

export type Identity = AsyncDisposable & {
  readonly sessions: {
    /** Always a new one, for twelve hours; the oldest of that operator ends where there are too many. */
    open(
      session: Pick<
        Session,
        'operator' | 'method' | 'credentialId' | 'groups' | 'pageKey' | 'userAgent' | 'address'
      >,
    ): {
      readonly session: Session;
      readonly secret: string;
    };
    /**
     * `undefined`: unknown, ended, idle for too long or over. Whoever is found was seen just now, unless `judge` throws
     * about it first.
     */
    find(secret: string, judge?: (session: Session) => void): Session | undefined;
    get(id: string): Session | undefined;
    isOpen(id: string): boolean;
    list(operator?: string): readonly Session[];
    end(id: string): boolean;
    endAll(operator: string): number;
  };
  readonly passkeys: {
    /** Throws `passkey-known` where the credential or its key is here already. */
    add(passkey: Omit<Passkey, 'createdAt' | 'lastUsedAt'>): Passkey;
    byCredential(credentialId: string): Passkey | undefined;
    of(operator: string): readonly Passkey[];
    list(): readonly Passkey[];
    /** A counter that did not rise is answered with `false`: a copy may be about. `backedUp`: as it said this time. */
    used(credentialId: string, counter: number, backedUp?: boolean): boolean;
    /** What its person calls it. `false`: there is none of that id. */
    rename(credentialId: string, label: string): boolean;
    remove(credentialId: string): boolean;
  };
  readonly invitations: {
    /** For a quarter of an hour; one that waits for the same operator is withdrawn. */
    make(invitation: Pick<Invitation, 'operator' | 'name' | 'accounts' | 'invitedBy'>): {
      readonly invitation: Invitation;
      readonly code: string;
    };
    /** `undefined`: unknown, spent or over. */
    find(code: string): Invitation | undefined;
    /** Those that can still be used, and those with a passkey that nobody looked at yet. */
    list(): readonly Invitation[];
    /** A passkey was registered with it, the only one: together, or not at all. */
    register(id: string, passkey: Omit<Passkey, 'createdAt' | 'lastUsedAt'>): Passkey;
    /** Its code is good for nothing from here on. `false`: it was not before. */
    spend(id: string): boolean;
    /** Forgets it. The passkey stays what it is. */
    remove(id: string): boolean;
  };
  readonly recovery: {
    /** Ten new codes in place of the old ones. */
    make(operator: string): readonly string[];
    /** Throws `too-many-attempts` after five wrong ones in a quarter of an hour. */
    spend(operator: string, code: string): boolean;
    left(operator: string): number;
  };
  readonly leases: {
    issue(lease: NewLease): { readonly lease: Lease; readonly bearer: string };
    /** Also one that is expired or revoked: the caller asks `statusOf`. Compared in constant time. */
    find(bearer: string): Lease | undefined;
    get(id: string): Lease | undefined;
    list(): readonly Lease[];
    /** Counted at once, and on disk within seconds: a death may lose the last of it. */
    used(id: string, operation: string, at: Instant, failed: boolean): void;
    /** For good. `false`: unknown, or revoked already. */
    revoke(id: string, by: string, reason: string, at: Instant): boolean;
    readonly external: ExternalTokens;
  };
  /** Groups as the identity provider said them last. */
  readonly attested: {
    keep(operator: string, issuer: string, groups: readonly string[]): void;
    /** Of that issuer, where it said so less than `within` microseconds ago; else none. */
    of(operator: string, issuer: string, within: number): readonly string[];
    forget(operator: string): boolean;
  };
  readonly challenges: {
    /** Single use, five minutes, for one purpose and one subject. */
    make(purpose: string, subject: string): string;
    take(purpose: string, challenge: string): string | undefined;
  };
  readonly breakGlass: {
    /** Throws `glass-too-long` beyond an hour. */
    open(glass: BreakGlass): void;
    of(operator: string, at: Instant): BreakGlass | undefined;
    close(operator: string): boolean;
    /** Those whose time is over at that moment, each answered once. */
    takeOver(at: Instant): readonly BreakGlass[];
  };
  /** Called after each change, with its topic: sessions, leases. */
  onChange(listener: (topic: 'sessions' | 'leases') => void): void;
};
