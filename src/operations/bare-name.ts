/** The part of an entity pattern that names something, without kind, target and wildcards. */
export function bareName(entity: string): string {
  const key = entity.slice(entity.indexOf(':') + 1);
  return (key.split('/').at(-1) ?? key).replaceAll('*', '');
}
