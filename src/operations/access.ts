/** Who may ask for what: roles, who has them, and the capabilities behind them. */
import * as z from 'zod/v4';
import {
  type Access,
  CAPABILITIES,
  DECIDING,
  OWNER,
  PROFILE_CEILINGS,
  PROFILE_NAMES,
  PROFILES,
  PROFILES_SAY,
  type ReachPart,
  reachOf,
  rolesOfPerson,
} from '#access';
import { TIERS } from '#model';
import { administering } from './operation.ts';
import { type UnsignedEdit, unsignedEdit } from './unsigned-edit.ts';

export type AccessPowers = {
  /** `access.yaml` as it is now; `undefined`: there is none. Rejects with its fault where it does not hold. */
  readonly access: () => Promise<Access | undefined>;
  /** Operators that somebody signed for. */
  readonly operators: () => Promise<readonly string[]>;
  /** `null`: what lies there is what was signed. */
  readonly unsigned: () => Promise<UnsignedEdit | null>;
};

const names = z.array(z.string());

export const accessShow = administering({
  name: 'access_show',
  title: 'Show who may ask for what',
  summary:
    'Roles, who has them, and each capability of each: what access.yaml says, and what holds without it.',
  capability: 'access.read',
  taints: false,
  assistants: false,
  mends: true,
  input: z.strictObject({}),
  output: z.object({
    isFile: z.boolean().describe('without access.yaml every operator in force is owner'),
    unsigned: unsignedEdit
      .nullable()
      .describe(
        'what is told here is the file as it lies there; where it is not what was signed, what is in force of it',
      ),
    roles: z.array(
      z.object({
        role: z.string(),
        profile: z.string().nullable(),
        capabilities: names,
        scopes: z.union([z.literal('all'), names]),
        targets: z.union([z.literal('all'), z.object({ ids: names, tags: names })]),
        ceiling: z.enum(TIERS),
      }),
    ),
    people: z.array(z.object({ operator: z.string(), isInForce: z.boolean(), roles: names })),
    groups: z.array(z.object({ group: z.string(), roles: names })),
    profiles: z.array(
      z.object({
        profile: z.string(),
        says: z.string(),
        capabilities: names,
        ceiling: z.enum(TIERS),
      }),
    ),
    capabilities: z.array(
      z.object({
        capability: z.string(),
        isDeciding: z.boolean().describe('no lease ever has it'),
        roles: names,
      }),
    ),
  }),
  async run(_input, powers) {
    const access = await powers.access.access();
    const operators = await powers.access.operators();
    const roles: ReadonlyMap<string, ReachPart> =
      access?.roles ?? new Map(reachOf('operator').map((part) => [OWNER, part]));
    const people = [...new Set([...operators, ...(access?.people.keys() ?? [])])].toSorted();
    return {
      isFile: access !== undefined,
      unsigned: await powers.access.unsigned(),
      roles: [...roles].map(([role, part]) => ({
        role,
        profile: part.profiles?.[0] ?? null,
        capabilities: [...part.capabilities],
        scopes: part.scopes === 'all' ? ('all' as const) : [...part.scopes],
        targets:
          part.targets === 'all'
            ? ('all' as const)
            : { ids: [...part.targets.ids], tags: [...part.targets.tags] },
        ceiling: part.ceiling,
      })),
      people: people.map((operator) => {
        const isInForce = operators.includes(operator);
        const held = rolesOfPerson(access, { operator, groups: [], isInForce });
        return { operator, isInForce, roles: [...held] };
      }),
      groups: [...(access?.groups ?? [])].map(([group, held]) => ({ group, roles: [...held] })),
      profiles: PROFILE_NAMES.map((profile) => ({
        profile,
        says: PROFILES_SAY[profile],
        capabilities: [...PROFILES[profile]],
        ceiling: PROFILE_CEILINGS[profile],
      })),
      capabilities: CAPABILITIES.map((capability) => ({
        capability,
        isDeciding: DECIDING.has(capability),
        roles: [...roles]
          .filter(([, part]) => part.capabilities.includes(capability))
          .map(([role]) => role),
      })),
    };
  },
});
