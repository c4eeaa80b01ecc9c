/**
 * The door between a browser and who stands behind it. Whoever mounts these under an address hands in what the
 * request said, as it came, and what it knows of the connection itself; every answer may be sent as it is, but for
 * `secret`, which goes into the cookie and nowhere else.
 *
 * Nothing here approves anything. The one document that is put in force through this door is the first one,
 * signed by the passkey that it names.
 */
import type { Reach } from '#access';
import type { Json, JsonObject } from '#base/json';
import type { Instant } from '#base/time';
import type { BreakGlass, Session } from '#identity';

/** Where the console is opened. A passkey is bound to both for as long as it lives. */
export type Place = {
  /** `https://holdfast.example.org:8443`, as browsers write it. */
  readonly origin: string;
  readonly rpId: string;
};

/** What is known of the connection; the words of the browser are data. */
export type From = {
  readonly address: string;
  readonly userAgent: string;
  /** The public half of the key that the page made for this sign-in; without a good one nobody is signed in. */
  readonly pageKey?: string | undefined;
};

/** One request, and what a page shows that it is its own; worth something once, and for this request only. */
export type Shown = {
  readonly method: string;
  /** Path and query, as the request line has them. */
  readonly target: string;
  readonly proof: string | undefined;
};

/** What a browser shows for one call: the nonce that it was given, and `AuthenticationResponseJSON` over that call. */
export type Ceremony = { readonly nonce: unknown; readonly response: unknown };
/** One call, as it is confirmed. */
export type Confirming = { readonly operation: string; readonly input: Json };

export type SignedIn = {
  readonly session: Session;
  /** Of the cookie; answered once. */
  readonly secret: string;
  /** What this session cannot do, in words; `null` where it is a whole one. */
  readonly limit: string | null;
};

/** A session whose person may be here at this moment. */
export type Person = {
  readonly session: Session;
  readonly name: string;
  /** What the roles give, or everything while their glass is broken; nothing by a recovery code. */
  readonly reach: Reach;
  /** As events and policies name what the person holds: `owner`, the roles, `recovery`, `break-glass`. */
  readonly holds: string;
  readonly breakGlass: BreakGlass | null;
  readonly limit: string | null;
  /** The keys in force that this person can sign with here. */
  readonly keys: readonly {
    readonly credentialId: string;
    readonly key: string;
    readonly fingerprint: string;
    readonly label: string;
    readonly transports: readonly string[];
  }[];
};

/** A page that the passkey signs, as `config_page` answers it. */
export type PageToSign = JsonObject;

/** Where an invitation stands. A code that is unknown, spent or over is refused (`invitation-over`). */
export type OpenInvitation = {
  readonly operator: string;
  readonly name: string;
  /** Nobody may sign yet: this person will sign for themselves. */
  readonly isFirst: boolean;
  readonly expiresAt: Instant;
  readonly place: Place;
} & (
  | { readonly step: 'register' }
  /** A passkey is registered and waits for its own first signature. */
  | { readonly step: 'sign'; readonly passkey: NewPasskey; readonly page: PageToSign }
);

export type NewPasskey = {
  readonly credentialId: string;
  readonly transports: readonly string[];
  /** `sk-ecdsa-sha2-nistp256@openssh.com <base64>` */
  readonly key: string;
  readonly fingerprint: string;
};

export type Registered =
  | { readonly step: 'sign'; readonly passkey: NewPasskey; readonly page: PageToSign }
  /** Somebody in force signs for it: in the console, or with `holdfast console admit <operator>`. */
  | { readonly step: 'pending'; readonly passkey: NewPasskey; readonly says: string };

export type Finished = SignedIn & {
  /** Shown once. They sign in, and nothing more. */
  readonly recoveryCodes: readonly string[];
  /** The answer of `config_apply`. */
  readonly config: Json;
};

/** Every method rejects with a Fault; what fails leaves an event. */
export type SignIn = {
  readonly passkey: {
    /** `PublicKeyCredentialRequestOptionsJSON` (WebAuthn Level 3, section 5.1): discoverable, user verification required. */
    options(): Promise<JsonObject>;
    /** `AuthenticationResponseJSON`, as the browser gave it. */
    verify(response: unknown, from: From): Promise<SignedIn>;
  };
  recovery(operator: string, code: string, from: From): Promise<SignedIn>;
  /**
   * Somebody the identity provider vouched for; what it said is checked before. `from.pageKey` is of the page that went
   * there, which shows that it came back: whoever sent somebody else's browser gets no session out of it.
   */
  vouched(
    person: { readonly operator: string; readonly groups: readonly string[] },
    from: From,
    shown: Shown,
  ): Promise<SignedIn>;
  /**
   * Who is behind a cookie at this moment; `undefined`: nobody any more. Asked at each request. Rejects with
   * `proof-needed` where the page did not show, with the key of the session, that the request is its own, and with
   * `proof-spent` where that very request was here before.
   */
  whoIs(secret: string, shown: Shown): Promise<Person | undefined>;
  /** What pages make their next proofs with. Told to anybody. */
  nonce(): string;
  /** The same by the session's id, for what stays open: `false` ends it. */
  isHere(sessionId: string): Promise<boolean>;
  /** How far whoever is behind it reaches by what is in force now; `undefined`: nobody any more. */
  reachNow(sessionId: string): Promise<Person['reach'] | undefined>;
  signOut(session: Session, from: From): Promise<void>;
  readonly invitation: {
    open(code: string): Promise<OpenInvitation>;
    /** `PublicKeyCredentialCreationOptionsJSON`: ES256, resident, user verification, no attestation. */
    options(code: string): Promise<JsonObject>;
    /** `RegistrationResponseJSON`, and what the person calls this passkey. */
    register(code: string, response: unknown, label: string, from: From): Promise<Registered>;
    /** For the first person: the page's order with the passkey's own signature (armoured SSHSIG). */
    finish(
      code: string,
      signed: { readonly order: string; readonly signature: string },
      from: From,
    ): Promise<Finished>;
    /**
     * For a person who is signed in: the code of an invitation to a further passkey of their own. Whoever has a passkey
     * confirms it as `passkey_add` without arguments; others have signed in within the last minutes.
     */
    own(
      session: Session,
      ceremony: Ceremony | undefined,
      from: From,
    ): Promise<{ readonly code: string; readonly expiresAt: Instant }>;
  };
  readonly confirm: {
    /** Begins a ceremony: a nonce for one call of this session, and the passkeys that may sign for it. */
    options(session: Session): Promise<JsonObject>;
    /**
     * The fingerprint of the passkey that signed for exactly this call. Rejects with `sign-in-refused`; the nonce is
     * spent either way.
     */
    verify(session: Session, call: Confirming, ceremony: Ceremony): Promise<string>;
    /** Whether a passkey of this session's person signed anything in it within the last minutes. */
    isRecent(session: Session): boolean;
  };
  readonly breakGlass: {
    /** For a session of a person with a narrower role, confirmed as `break_glass_open` with the same reason and minutes. */
    open(
      session: Session,
      asked: {
        readonly reason: string;
        readonly minutes: number;
        readonly ceremony: Ceremony | undefined;
      },
    ): Promise<BreakGlass>;
    close(session: Session): Promise<boolean>;
  };
};
