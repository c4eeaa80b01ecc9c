/** What package-lock.json should hold and does not. */

export type Packages = Record<
  string,
  {
    version?: string;
    resolved?: string;
    dev?: boolean;
    optional?: boolean;
    cpu?: string[];
    os?: string[];
    libc?: string[];
    optionalDependencies?: Record<string, string>;
  }
>;

export type MissingOptional = { parent: string; name: string; version: string };

/** Optional packages wanted at one exact version that no place in the tree holds. */
export function missingOptionals(packages: Packages): MissingOptional[] {
  return Object.entries(packages).flatMap(([parent, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([, version]) => /^\d/.test(version))
      .filter(([name, version]) => !isHeld(packages, parent, name, version))
      .map(([name, version]) => ({ parent, name, version })),
  );
}

function isHeld(packages: Packages, parent: string, name: string, version: string): boolean {
  for (let at = parent; ; at = at.slice(0, Math.max(at.lastIndexOf('/node_modules/'), 0))) {
    const found = packages[`${at === '' ? '' : `${at}/`}node_modules/${name}`];
    if (found !== undefined) return found.version === version;
    if (at === '') return false;
  }
}
