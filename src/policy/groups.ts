/**
 * The groups a target belongs to, as the inventory says. How much of a group is touched in an hour
 * and in a day is limited; of a redundancy set never two members at once.
 *
 * The inventory has no field for backups: a target that keeps another's backup carries the tag
 * `backup-of:<target id>`, like `backup-of:host:db-1`. The pair is a group of its own.
 */
import type { Target } from '#model';

export type Group = {
  readonly kind: 'redundancy' | 'backup' | 'environment' | 'owner' | 'tag';
  /** Unique among the groups of one scope; environment and owner are counted within a scope. */
  readonly name: string;
  readonly members: readonly string[];
};

const BACKUP_OF = 'backup-of:';

export function groupsOf(target: Target, inventory: readonly Target[]): readonly Group[] {
  const groups: Group[] = [];
  const among = (kind: Group['kind'], name: string, belongs: (other: Target) => boolean): void => {
    const members = inventory.filter(belongs).map(({ id }) => id);
    if (!members.includes(target.id)) members.push(target.id);
    groups.push({ kind, name: `${kind}:${name}`, members: members.sort() });
  };
  const scoped = (other: Target): boolean => other.scope === target.scope;
  const set = target.redundancySet;
  if (set !== null) among('redundancy', set, (other) => other.redundancySet === set);
  among('environment', `${target.scope}/${target.environment}`, (other) => {
    return scoped(other) && other.environment === target.environment;
  });
  const owner = target.owner;
  if (owner !== null)
    among('owner', `${target.scope}/${owner}`, (other) => scoped(other) && other.owner === owner);
  for (const tag of target.tags)
    if (!tag.startsWith(BACKUP_OF))
      among('tag', `${target.scope}/${tag}`, (other) => scoped(other) && other.tags.includes(tag));
  for (const data of new Set([target.id, ...backedUpBy(target)])) {
    const keepers = inventory.filter((other) => backedUpBy(other).includes(data));
    if (data !== target.id || keepers.length > 0)
      among('backup', data, (other) => other.id === data || keepers.includes(other));
  }
  return groups;
}

function backedUpBy(target: Target): readonly string[] {
  return target.tags
    .filter((tag) => tag.startsWith(BACKUP_OF))
    .map((tag) => tag.slice(BACKUP_OF.length));
}
