/** Good values for tests: the actions that are shipped, and small files of actions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Action } from './action.ts';
import { buildCatalogue, type Catalogue } from './catalogue.ts';
import { parseActions } from './parse.ts';
import { SHIPPED_FILES } from './shipped.ts';

const DIRECTORY = join(import.meta.dirname, 'actions');

export function shippedText(file: (typeof SHIPPED_FILES)[number]): string {
  return readFileSync(join(DIRECTORY, file), 'utf8');
}

export function shippedActions(): readonly Action[] {
  return SHIPPED_FILES.flatMap((file) => parseActions(shippedText(file), file, true));
}

export function shippedCatalogue(): Catalogue {
  return buildCatalogue({ actions: shippedActions(), runbooks: [] });
}

/** A good file of one action, with `change` made to its lines. */
export function anActionFile(change: (text: string) => string = (text) => text): string {
  return change(`version: 1
actions:
  - id: cache.flush
    version: 1
    summary: Flush a cache
    family: cache
    tier: T2
    sideEffect: state
    arguments:
      unit: { type: unit, suffixes: [service], summary: The service }
      owner: { type: account, summary: Whose }
      size: { type: number, min: 1, max: 9, default: 3, summary: How big }
      body: { type: text, summary: What is written }
      path: { type: path, within: [/etc], known: false, summary: Where }
    binds:
      - fact: package:{@host}/nginx
        attribute: version
        as: previous
        type: version
        why: It is what was there
    steps:
      - run: [cachectl, flush, --, "{unit}"]
        effect: Flushes {unit}
        inverse: none
      - run: [cachectl, note, "--size={size}", --owner, "{owner}", --, "{path}"]
        effect: Says whose {unit} is
        stdin: body
        inverse: none
    verify:
      probes:
        - run: [cachectl, status, --, "{unit}"]
`);
}

/** A good runbook file. */
export function aRunbookFile(change: (text: string) => string = (text) => text): string {
  return change(`version: 1
runbook:
  id: runbook.renew-and-reload
  version: 1
  summary: Check the configuration and restart
  family: service
  tier: T2
  sideEffect: state
  arguments:
    unit: { type: unit, suffixes: [service], summary: The service }
  steps:
    - script: checks/configuration.sh
      args: [--strict, --, "{unit}"]
      effect: Checks the configuration of {unit}
      inverse: none
    - action: service.restart@1
      with: { unit: "{unit}" }
  verify:
    probes:
      - run: [systemctl, is-active, --quiet, --, "{unit}"]
`);
}
