/** A profile file, read strictly: every mistake with its place, and no control that could say nothing. */
import { show } from '#base/nearest';
import { tryParseInstant } from '#base/time';
import { attributeProblem, isKind, SEVERITIES } from '#model';
import { readYaml, type Value, type Yaml } from '#strict-yaml';
import { declarationsFile } from '../faults.ts';
import {
  CONTROL_SCOPES,
  type Condition,
  type Control,
  type ControlLevel,
  type Desired,
  type LocalEntity,
  type PlatformExclusion,
  type ProfileFile,
  type WaivedControl,
} from './profile.ts';
import { readTest, TEST_KEYS } from './read-test.ts';

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const CONTROL_ID = /^[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*$/;
const MOST_CONTROLS = 500;
const MOST_DESIRED = 60;
const TEXT_CHARS = 600;
/** The target itself, as an entity. */
export const SELF = 'target';

export function readProfileFile(text: string, file: string): ProfileFile {
  return readYaml(text, declarationsFile(file, 'controls'), (yaml, root) => {
    const given = yaml.record(
      root,
      'the profile',
      ['version', 'profile', 'title', 'extends', 'level', 'controls', 'platform', 'waived'],
      ['version', 'profile'],
    );
    if (given.version !== undefined && yaml.whole(given.version, 'version', 1, 1_000_000) !== 1)
      yaml.problem(given.version.at, 'version must be 1: this is the only form there is');
    const name = yaml.textThat(given.profile, 'profile', NAME, 'site-debian') ?? '';
    const base = yaml.textThat(given.extends, 'extends', NAME, 'debian-hardening');
    if (given.controls === undefined && given.extends === undefined)
      yaml.problem(root.at, 'the profile says nothing: give controls, or extends');
    return {
      name,
      title: yaml.text(given.title, 'title') ?? name,
      extends: base,
      level: given.level === undefined ? null : readLevel(yaml, given.level),
      controls: readControls(yaml, given.controls, file),
      platform: unique(yaml, given.platform, 'platform', (value) =>
        readPlatform(yaml, value, file),
      ),
      waived: unique(yaml, given.waived, 'waived', (value) => readWaived(yaml, value, file)),
      at: `${file}:${yaml.lineOf(root.at)}`,
    };
  });
}

function readLevel(yaml: Yaml, value: Value): ControlLevel {
  const level = yaml.whole(value, 'level', 1, 99);
  if (level === 1 || level === 2) return level;
  yaml.problem(value.at, 'level must be 1 or 2: 2 is everything');
  return 1;
}

function readControls(yaml: Yaml, value: Value | undefined, file: string): readonly Control[] {
  const list = yaml.list(value, 'controls');
  if (list.length > MOST_CONTROLS)
    yaml.problem(value?.at ?? 0, `more than ${MOST_CONTROLS} controls: use another profile`);
  const lines = new Map<string, number>();
  return list.slice(0, MOST_CONTROLS).flatMap((each) => {
    const control = readControl(yaml, each, file);
    const other = lines.get(control.id);
    if (other !== undefined)
      yaml.problem(each.at, `control ${show(control.id)} stands in line ${other}: give it once`);
    lines.set(control.id, yaml.lineOf(each.at));
    return control;
  });
}

const CONTROL_KEYS = [
  'id',
  'title',
  'scope',
  'level',
  'scored',
  'severity',
  'when',
  'desired',
  'rationale',
  'remediation',
  'reference',
] as const;
const CONTROL_NEEDS = [
  'id',
  'title',
  'scope',
  'level',
  'scored',
  'desired',
  'rationale',
  'remediation',
  'reference',
] as const;

function readControl(yaml: Yaml, value: Value, file: string): Control {
  const given = yaml.record(value, 'a control', CONTROL_KEYS, CONTROL_NEEDS);
  const desired = yaml.list(given.desired, 'desired');
  if (given.desired !== undefined && (desired.length === 0 || desired.length > MOST_DESIRED))
    yaml.problem(given.desired.at, `desired must hold 1 to ${MOST_DESIRED} expectations`);
  return {
    id: yaml.textThat(given.id, 'id', CONTROL_ID, 'ssh.root-login') ?? '',
    title: yaml.text(given.title, 'title', 150) ?? '',
    scope: yaml.oneOf(given.scope, 'scope', CONTROL_SCOPES) ?? 'node',
    level: given.level === undefined ? 1 : readLevel(yaml, given.level),
    scored: yaml.flag(given.scored, 'scored'),
    severity: yaml.oneOf(given.severity, 'severity', SEVERITIES),
    when: yaml.list(given.when, 'when').flatMap((each) => readWhen(yaml, each) ?? []),
    desired: desired.slice(0, MOST_DESIRED).flatMap((each) => readDesired(yaml, each) ?? []),
    rationale: yaml.text(given.rationale, 'rationale', TEXT_CHARS) ?? '',
    remediation: yaml.text(given.remediation, 'remediation', TEXT_CHARS) ?? '',
    reference: yaml.text(given.reference, 'reference', 200) ?? '',
    at: `${file}:${yaml.lineOf(value.at)}`,
  };
}

function readWhen(yaml: Yaml, value: Value): Control['when'][number] | null {
  const given = yaml.record(
    value,
    'a condition',
    ['entity', 'attribute', ...TEST_KEYS],
    ['entity', 'attribute'],
  );
  const entity = readEntity(yaml, given.entity, 'entity');
  const attribute = readAttribute(yaml, given.attribute);
  const test = readTest(yaml, given, value.at);
  if (entity?.includes('*') === true)
    yaml.problem(value.at, 'a condition is about one entity: write it without *');
  return entity === null || attribute === null || test === null
    ? null
    : { entity, attribute, test };
}

function readDesired(yaml: Yaml, value: Value): Desired | null {
  const given = yaml.record(
    value,
    'an expectation',
    ['entity', 'attribute', 'where', 'except', 'ifThere', 'anywhere', ...TEST_KEYS],
    ['entity'],
  );
  const entity = readEntity(yaml, given.entity, 'entity');
  const anywhere = readEntity(yaml, given.anywhere, 'anywhere');
  const attribute = given.attribute === undefined ? '*' : readAttribute(yaml, given.attribute);
  const test = readTest(yaml, given, value.at);
  const isPattern = entity?.includes('*') === true;
  if (test !== null && attribute === '*' && test.op !== 'present' && test.op !== 'absent')
    yaml.problem(value.at, 'attribute is missing in an expectation: name what the test is about');
  if (isPattern && test?.op === 'present' && attribute === '*')
    yaml.problem(value.at, 'a pattern that must be present says nothing: name one entity');
  if (given.except !== undefined && !isPattern)
    yaml.problem(given.except.at, 'except is for patterns: leave it out');
  if (anywhere !== null && (isPattern || !anywhere.includes('*')))
    yaml.problem(value.at, 'anywhere is a pattern, for one entity that stands for all of them');
  if (entity === null || attribute === null || test === null) return null;
  return {
    entity,
    attribute,
    test,
    where: yaml.list(given.where, 'where').flatMap((each) => readCondition(yaml, each) ?? []),
    except: yaml.list(given.except, 'except').flatMap((each) => yaml.text(each, 'a key') ?? []),
    ifThere: yaml.flag(given.ifThere, 'ifThere'),
    anywhere,
  };
}

function readCondition(yaml: Yaml, value: Value): Condition | null {
  const given = yaml.record(value, 'a condition', ['attribute', ...TEST_KEYS], ['attribute']);
  const attribute = readAttribute(yaml, given.attribute);
  const test = readTest(yaml, given, value.at);
  return attribute === null || test === null ? null : { attribute, test };
}

function readEntity(yaml: Yaml, value: Value | undefined, what: string): LocalEntity | null {
  const text = yaml.text(value, what, 400);
  if (value === undefined || text === null || text === SELF) return text;
  const colon = text.indexOf(':');
  if (colon > 0 && isKind(text.slice(0, colon)) && colon + 1 < text.length) return text;
  yaml.problem(
    value.at,
    `${what} ${show(text)} is not kind:key without a target: write it like sshd_setting:port`,
  );
  return null;
}

function readAttribute(yaml: Yaml, value: Value | undefined): string | null {
  const text = yaml.text(value, 'attribute', 128);
  if (value === undefined || text === null) return null;
  const problem = attributeProblem(text);
  if (problem === undefined) return text;
  yaml.problem(value.at, `attribute ${show(text)} ${problem}: correct it`);
  return null;
}

function readPlatform(yaml: Yaml, value: Value, file: string): PlatformExclusion {
  const keys = ['control', 'reason'] as const;
  const given = yaml.record(value, 'an exclusion', keys, keys);
  return {
    control: yaml.textThat(given.control, 'control', CONTROL_ID, 'ssh.root-login') ?? '',
    reason: yaml.text(given.reason, 'reason', TEXT_CHARS) ?? '',
    at: `${file}:${yaml.lineOf(value.at)}`,
  };
}

function readWaived(yaml: Yaml, value: Value, file: string): WaivedControl {
  const keys = ['control', 'reason', 'owner', 'expires'] as const;
  const given = yaml.record(value, 'a waiver', keys, keys);
  const expires = yaml.text(given.expires, 'expires', 40) ?? '';
  if (given.expires !== undefined && tryParseInstant(`${expires}T00:00:00Z`) === undefined)
    yaml.problem(given.expires.at, `expires ${show(expires)} is no day: write it like 2027-01-31`);
  return {
    control: yaml.textThat(given.control, 'control', CONTROL_ID, 'ssh.root-login') ?? '',
    reason: yaml.text(given.reason, 'reason', TEXT_CHARS) ?? '',
    owner: yaml.text(given.owner, 'owner', 128) ?? '',
    expires,
    at: `${file}:${yaml.lineOf(value.at)}`,
  };
}

function unique<T extends PlatformExclusion>(
  yaml: Yaml,
  value: Value | undefined,
  what: string,
  read: (value: Value) => T,
): readonly T[] {
  const list = yaml.list(value, what);
  if (list.length > MOST_CONTROLS)
    yaml.problem(value?.at ?? 0, `${what} has more than ${MOST_CONTROLS} items: take some out`);
  const seen = new Set<string>();
  return list.slice(0, MOST_CONTROLS).map((each) => {
    const made = read(each);
    if (seen.has(made.control))
      yaml.problem(each.at, `control ${show(made.control)} stands twice in ${what}: give it once`);
    seen.add(made.control);
    return made;
  });
}
