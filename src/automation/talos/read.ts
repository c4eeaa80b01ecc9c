/**
 * What `talosctl` prints, after its documentation: resources as JSON objects one after another
 * (`get -o json`), versions as text. Whatever is of another form is not read any further.
 */
import { Fault } from '#base/fault';
import { type Json, type JsonObject, jsonProblem } from '#base/json';
import { readYaml } from '#strict-yaml';
import { isObject } from '../fields.ts';

export type Resource = { readonly id: string; readonly spec: Json };

const MOST_RESOURCES = 2_000;
const YAML_DEPTH = 24;

/** Objects one after another, each of which ends with a brace at the beginning of a line. */
export function readResources(text: string, what: string): readonly Resource[] {
  const parts = text.split(/(?<=^\})\n/m).filter((part) => part.trim() !== '');
  if (parts.length === 0 || parts.length > MOST_RESOURCES) throw unknown(what);
  return parts.map((part) => {
    const one = parsed(part, what);
    const metadata = one['metadata'];
    const id = isObject(metadata) ? metadata['id'] : undefined;
    if (typeof id !== 'string' || one['spec'] === undefined) throw unknown(what);
    return { id, spec: one['spec'] };
  });
}

function parsed(text: string, what: string): JsonObject {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw unknown(what);
  }
  if (!isObject(value) || jsonProblem(value) !== undefined) throw unknown(what);
  return value;
}

/** Tags of the client and of the node. */
export function readVersion(text: string): { readonly client: string; readonly node: string } {
  const [before = '', after] = text.split(/^Server:\s*$/m);
  const tag = (part: string | undefined): string | undefined =>
    /^\s*Tag:\s*(v[0-9][0-9A-Za-z.+-]{0,63})\s*$/m.exec(part ?? '')?.[1];
  const client = tag(before);
  const node = tag(after);
  if (client === undefined || node === undefined) throw unknown('version');
  return { client, node };
}

/** The machine configuration: one object, or, of several documents, each under its kind and name. */
export function readConfig(spec: Json): JsonObject {
  if (isObject(spec)) return spec;
  if (typeof spec !== 'string') throw unknown('machineconfig');
  const documents = spec
    .split(/^---[ \t]*$/m)
    .filter((part) => part.replaceAll(/^\s*#.*$/gm, '').trim() !== '')
    .map((part) =>
      readYaml(
        part,
        { file: 'machineconfig', code: 'talos-answer-unknown', what: 'machine configurations' },
        (yaml, root) => yaml.json(root, 'a document', YAML_DEPTH),
      ),
    );
  const whole = documents.flatMap((document): [string, Json][] => {
    if (!isObject(document)) throw unknown('machineconfig');
    const { kind, name } = document;
    if (typeof kind !== 'string') return Object.entries(document) as [string, Json][];
    return [[typeof name === 'string' ? `${kind}/${name}` : kind, document]];
  });
  return Object.fromEntries(whole);
}

export function unknown(what: string): Fault<'talos-answer-unknown'> {
  return new Fault(
    'unavailable',
    'talos-answer-unknown',
    `the answer of talosctl is not known: ${what}. See that client and node are supported versions, and look again`,
  );
}
