/** An organisation without hosts, in which people sign in: who is in force is a table, and a config is what it says. */
import { reachOf } from '#access';
import type { JsonObject } from '#base/json';
import type { EventInput } from '#evidence';
import { type Identity, openIdentity } from '#identity';
import { nodeFiles } from '#machine';
import { SetClock } from '#samples/identity';
import { aSoftPasskey, PAGE, PLACE, type SoftPasskey } from '#samples/signin';
import { type From, openSignIn, type Person, type SignIn, type SignInNeeds } from '#signin';
import { seededRandom } from '#test/simulated-log';

export const FROM: From = { address: '192.0.2.7', userAgent: 'a browser', pageKey: PAGE.key };

/** An organisation without hosts: who is in force is a table, and a config is what it says. */
export class Organisation {
  readonly keys = new Map<string, string>();
  readonly revoked = new Set<string>();
  readonly owners = new Set<string>();
  readonly events: EventInput[] = [];
  logIsWritable = true;
  rpId = PLACE.rpId;
  pages = 0;

  needs(identity: Identity, clock: SetClock): SignInNeeds {
    return {
      identity,
      clock,
      random: seededRandom(5),
      events: {
        append: (event) => {
          const done = this.logIsWritable
            ? Promise.resolve({} as never)
            : Promise.reject(new Error('the disk is full'));
          if (this.logIsWritable) this.events.push(event);
          done.catch(() => {});
          return { written: done, durable: done };
        },
      },
      place: async () => ({ ...PLACE, rpId: this.rpId }),
      people: {
        isAnybody: async () => this.keys.size > 0,
        standing: async (operator) => {
          if ([...this.keys.values()].includes(operator))
            return { is: 'in-force', name: operator.toUpperCase() };
          return { is: this.revoked.has(operator) ? 'revoked' : 'unknown' };
        },
        ownerOf: async (key) => this.keys.get(key),
        roles: async (operator, groups, isInForce) => {
          if (this.owners.has(operator)) return { reach: reachOf('operator'), holds: 'owner' };
          return isInForce || groups.includes('sre')
            ? { reach: reachOf('observer'), holds: 'responder' }
            : undefined;
        },
      },
      config: {
        page: async (first) => {
          this.pages += 1;
          return {
            order: JSON.stringify({ first, page: this.pages }),
            namespace: 'holdfast-config@1',
          };
        },
        apply: async ({ order }) => {
          const { first } = JSON.parse(order) as { first: { id: string; key: string } };
          this.keys.set(first.key, first.id);
          this.owners.add(first.id);
          return { version: 1 };
        },
      },
    };
  }

  kinds(): readonly string[] {
    return this.events.map(({ kind, fault }) => (fault === null ? kind : `${kind} ${fault}`));
  }
}

export type World = {
  readonly org: Organisation;
  readonly identity: Identity;
  readonly door: SignIn;
  /** Who is behind a cookie, with the proof of its page. */
  who(secret: string): Promise<Person | undefined>;
  readonly clock: SetClock;
};

export async function aWorld(): Promise<World> {
  const org = new Organisation();
  const clock = new SetClock();
  const random = seededRandom(3);
  const identity = await openIdentity({ path: ':memory:', files: nodeFiles(), clock, random });
  const door = openSignIn(org.needs(identity, clock));
  const who = (secret: string) => door.whoIs(secret, PAGE.shows(door.nonce()));
  return { org, clock, identity, door, who };
}

export function invite({ identity }: World, operator: string): string {
  const { code } = identity.invitations.make({
    operator,
    name: operator,
    accounts: [`${operator}@console`],
    invitedBy: 'operator:root@local',
  });
  return code;
}

export async function register(world: World, code: string, key: SoftPasskey): Promise<JsonObject> {
  const options = await world.door.invitation.options(code);
  return (await world.door.invitation.register(
    code,
    key.register(options),
    'laptop',
    FROM,
  )) as unknown as JsonObject;
}

/** A person whose passkey somebody signed for. */
export async function admitted(world: World, operator: string): Promise<SoftPasskey> {
  const key = aSoftPasskey(operator);
  await register(world, invite(world, operator), key);
  world.org.keys.set(key.line, operator);
  return key;
}
