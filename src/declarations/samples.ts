/** A target and what a table of files declares of it, for tests. */
import { instant } from '#base/time';
import type { Declaration, Target } from '#model';
import type { About, ContentFile } from './compile.ts';
import { gitMaker } from './git/index.ts';

export function aTarget(over: Partial<Target> = {}): Target {
  return {
    id: 'host:web-1',
    scope: 'main/main',
    hostType: 'debian',
    environment: 'production',
    transport: 'ssh',
    address: 'web-1',
    via: [],
    hostKey: null,
    criticality: 'normal',
    owner: null,
    tags: ['web'],
    redundancySet: null,
    staleAfterSeconds: 86_400,
    sources: [],
    ...over,
  };
}

export function aboutTarget(target: Target = aTarget()): About {
  return { target, facts: () => [], now: instant('2026-03-01T12:00:00Z') };
}

export function contents(files: Readonly<Record<string, string>>): readonly ContentFile[] {
  return Object.entries(files).map(([file, text]) => ({ file, text }));
}

/** Every file begins with `version: 1` here. */
export function declaredBy(
  files: Readonly<Record<string, string>>,
  target: Target = aTarget(),
): Declaration {
  const whole = Object.fromEntries(
    Object.entries(files).map(([file, text]) => [file, `version: 1\n${text}`]),
  );
  return gitMaker.compile(
    gitMaker.read(contents(whole)),
    { name: 'site', at: 'declarations.yaml:2' },
    aboutTarget(target),
  );
}
