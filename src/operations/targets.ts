/** The operator's inventory, as operations. Profiles come from `fleet.yaml` and from nowhere else. */
import * as z from 'zod/v4';
import { Fault } from '#base/fault';
import { LIMITS } from '#base/limits';
import { addSource, addTarget, removeTarget, resolveTarget } from '#inventory';
import { CRITICALITIES, ENVIRONMENTS, HOST_TYPES, type Target, TRANSPORTS } from '#model';
import { type Asking, administering, look } from './operation.ts';

const targetShape = z.object({
  id: z.string(),
  scope: z.string(),
  hostType: z.enum(HOST_TYPES),
  environment: z.enum(ENVIRONMENTS),
  transport: z.enum(TRANSPORTS),
  address: z.string().nullable(),
  criticality: z.enum(CRITICALITIES),
  owner: z.string().nullable(),
  tags: z.array(z.string()),
  redundancySet: z.string().nullable(),
  staleAfterSeconds: z.number(),
  sources: z.array(
    z.object({ name: z.string(), kinds: z.array(z.string()), trusted: z.boolean() }),
  ),
});

const targetName = z.string().min(1).max(LIMITS.nameChars).describe('like host:web-1');

function show(target: Target): z.input<typeof targetShape> {
  return {
    ...target,
    tags: [...target.tags],
    sources: target.sources.map((grant) => ({ ...grant, kinds: [...grant.kinds] })),
  };
}

export const targetList = look({
  name: 'target_list',
  title: 'List targets',
  summary: 'Lists the targets of the inventory with their profiles.',
  capability: 'inventory.read',
  taints: false,
  assistants: false,
  narrows: true,
  leases: true,
  input: z.strictObject({}),
  output: z.object({
    targets: z.array(targetShape),
    inventoryDigest: z.string(),
    signature: z.literal('unsigned'),
  }),
  run: (_input, _powers, asking) => ({
    targets: asking.inventory.targets
      .filter((target) => asking.scopes.includes(target.scope))
      .map(show),
    inventoryDigest: asking.inventory.digest,
    signature: 'unsigned' as const,
  }),
});

export const targetShow = look({
  name: 'target_show',
  title: 'Show a target',
  summary: 'Shows one target of the inventory.',
  capability: 'inventory.read',
  taints: false,
  assistants: false,
  narrows: true,
  leases: true,
  input: z.strictObject({ target: targetName }),
  output: targetShape,
  run: (input, _powers, asking) =>
    show(resolveTarget(asking.inventory, input.target, asking.scopes)),
});

export const targetAdd = administering({
  name: 'target_add',
  title: 'Add a target',
  summary: 'Adds a target to fleet.yaml, or a source to a target that is there, keeping comments.',
  capability: 'inventory.write',
  taints: false,
  assistants: false,
  input: z.strictObject({
    target: targetName,
    hostType: z.enum(HOST_TYPES).optional(),
    environment: z.enum(ENVIRONMENTS).optional(),
    transport: z.enum(TRANSPORTS).optional(),
    address: z.string().max(253).optional(),
    owner: z.string().max(LIMITS.nameChars).optional(),
    tags: z.array(z.string().max(LIMITS.nameChars)).max(50).optional(),
    source: z
      .string()
      .max(LIMITS.nameChars)
      .optional()
      .describe('a source that may assert facts of this target'),
    kinds: z
      .array(z.string().max(40))
      .max(100)
      .optional()
      .describe('kinds the source may assert, default all'),
    trusted: z.boolean().optional().describe('the source feeds drift; default no'),
  }),
  output: z.object({ target: z.string(), changed: z.boolean(), signature: z.literal('unsigned') }),
  async run(input, powers, asking) {
    const { target, source, kinds, trusted, ...profile } = input;
    const there = asking.inventory.targets.some((known) => known.id === target);
    await powers.editInventory((text) => {
      let edited =
        there && source !== undefined && Object.keys(profile).length === 0
          ? text
          : addTarget(text, { id: target, ...given(profile) });
      if (source !== undefined) {
        edited = addSource(edited, target, {
          name: source,
          kinds: kinds ?? ['*'],
          trusted: trusted ?? false,
        });
      }
      return edited;
    });
    return { target, changed: true, signature: 'unsigned' as const };
  },
});

export const targetRemove = administering({
  name: 'target_remove',
  title: 'Remove a target',
  summary: 'Removes a target from fleet.yaml. Its facts stay on record.',
  capability: 'inventory.write',
  taints: false,
  assistants: false,
  input: z.strictObject({ target: targetName }),
  output: z.object({ target: z.string(), removed: z.boolean() }),
  async run(input, powers, asking) {
    const target = known(input.target, asking);
    await powers.editInventory((text) => removeTarget(text, target.id));
    return { target: target.id, removed: true };
  },
});

/** Removing asks for the whole name, so that a short one never removes what was not meant. */
function known(id: string, asking: Asking): Target {
  const target = resolveTarget(asking.inventory, id, asking.scopes);
  if (target.id === id) return target;
  throw new Fault(
    'invalid',
    'name-in-full',
    `give the target's whole name to remove it: ${target.id}`,
    { facts: { candidates: [target.id] } },
  );
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Only what was given; the file's defaults stand for the rest. */
function given<T extends object>(profile: T): Given<T> {
  return Object.fromEntries(
    Object.entries(profile).filter(([, value]) => value !== undefined),
  ) as Given<T>;
}
