/**
 * What a playbook declares of a target, from the facts of one check: no task would change anything, none fails, and
 * the host was there. Where a check told fields, each is declared with the value that the playbook would give it.
 */
import { digestOf } from '#base/digest';
import type { Json } from '#base/json';
import {
  ANSIBLE_SOURCE,
  type Declaration,
  type Expectation,
  type Severity,
  type Target,
  type ValueTest,
} from '#model';
import type { ToolFact } from '../tool-look.ts';
import { playbookEntity, taskPrefix } from './facts.ts';

type About = {
  readonly target: Pick<Target, 'id' | 'scope'>;
  /** `<root>/<playbook>`. */
  readonly playbook: string;
  /** Of `collector.ansible`, of this target: kinds `task` and `playbook`. */
  readonly facts: Iterable<ToolFact>;
};

const AT_REST: ValueTest = { op: 'one-of', values: ['ok', 'skipped', 'ignored'] };
const PLAYBOOK_AT_REST: ValueTest = { op: 'one-of', values: ['ok', 'changed', 'none'] };

export function ansibleDeclaration({ target, playbook, facts }: About): Declaration {
  const place = { target: target.id, playbook };
  const prefix = taskPrefix(place);
  const whole = playbookEntity(place);
  const tasks = new Map<string, Map<string, Json>>();
  for (const { entity, attribute, value } of facts) {
    if (!entity.startsWith(prefix)) continue;
    const attributes = tasks.get(entity) ?? new Map<string, Json>();
    tasks.set(entity, attributes.set(attribute, value));
  }
  const say = (
    entity: string,
    attribute: string,
    test: ValueTest,
    severity: Severity,
    title: string,
    at: string | null,
  ): Expectation => ({
    entity,
    attribute,
    test,
    where: [],
    source: ANSIBLE_SOURCE,
    severity,
    because: {
      id: playbook,
      title,
      rationale: null,
      remediation: `Apply the playbook: ansible.apply, playbook ${playbook}`,
      reference: null,
      at,
    },
  });
  const expectations = [
    // Nothing is clean because nobody could look.
    say(
      whole,
      'state',
      PLAYBOOK_AT_REST,
      'critical',
      'The check can be made, and nothing fails',
      null,
    ),
    ...[...tasks].flatMap(([entity, attributes]) => {
      const state = attributes.get('state');
      const isBroken = state === 'failed' || state === 'unreachable';
      const title = textOf(attributes.get('name')) ?? 'a task';
      const at = textOf(attributes.get('at'));
      const wants = state === 'changed' ? attributes.get('wants') : undefined;
      return [
        say(entity, 'state', AT_REST, isBroken ? 'critical' : 'warning', title, at),
        ...Object.entries(isObject(wants) ? wants : {}).map(([field, value]) =>
          say(
            entity,
            `is.${field}`,
            value === null ? { op: 'absent' } : { op: 'equals', value },
            'warning',
            title,
            at,
          ),
        ),
      ];
    }),
  ];
  return {
    id: `ansible:${playbook}`,
    kind: 'ansible',
    name: playbook,
    scope: target.scope,
    target: target.id,
    expectations,
    closed: [],
    needs: ['playbook', 'task'].map((kind) => ({ kind, source: ANSIBLE_SOURCE })),
    since: null,
    digest: digestOf(expectations as unknown as Json),
  };
}

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
