/** What the ceremonies are handed. Who is in force is asked anew each time; nothing of it is remembered here. */
import type { Reach } from '#access';
import type { Json, JsonObject } from '#base/json';
import type { Clock, Random } from '#base/ports';
import type { EventLog } from '#evidence';
import type { Identity } from '#identity';
import type { Place } from './protocol.ts';

export type Standing =
  | { readonly is: 'in-force'; readonly name: string }
  /** Was, until a signed configuration took them out. */
  | { readonly is: 'revoked' }
  | { readonly is: 'unknown' };

export type People = {
  /** Whether there is a configuration that somebody signed. */
  isAnybody(): Promise<boolean>;
  standing(operator: string): Promise<Standing>;
  /** Whose own line this key stands on, of the signers in force. */
  ownerOf(key: string): Promise<string | undefined>;
  /** What the roles give; `undefined`: none. */
  roles(
    operator: string,
    groups: readonly string[],
    isInForce: boolean,
  ): Promise<{ readonly reach: Reach; readonly holds: string } | undefined>;
};

/** The first configuration, and no other. */
export type FirstConfig = {
  page(
    first: {
      readonly id: string;
      readonly name: string;
      readonly key: string;
      readonly accounts: readonly string[];
      readonly origins: readonly string[];
    },
    principal: string,
  ): Promise<JsonObject>;
  apply(
    signed: { readonly order: string; readonly signatures: readonly string[] },
    principal: string,
  ): Promise<Json>;
};

export type SignInNeeds = {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: Pick<EventLog, 'append'>;
  readonly people: People;
  readonly config: FirstConfig;
  /** Of `server.yaml` as it is now. */
  readonly place: () => Promise<Place>;
};
