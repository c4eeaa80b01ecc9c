/** Which findings an action takes back: read strictly, since a wrong word here proposes the wrong change. */
import { attributeSpec, DECLARATION_KINDS, FINDING_KINDS, KINDS } from '#model';
import type { ArgumentSpec, Converges, WayPiece } from './action.ts';
import type { Entry, Reader, Value } from './reader.ts';

const KEYS = ['kind', 'attribute', 'finding', 'desired', 'declared', 'with'] as const;
const PIECE = /\{([A-Za-z][A-Za-z0-9.]*)\}/g;

export function readConverges(
  reader: Reader,
  value: Entry | undefined,
  args: readonly ArgumentSpec[],
): readonly Converges[] {
  if (value === undefined) return [];
  return reader.list(value, 'converges').flatMap((item) => {
    const record = reader.record(item, 'what it converges', KEYS);
    const kind = record.kind && reader.oneOf(record.kind, 'kind', Object.keys(KINDS));
    const attribute = record.attribute && reader.text(record.attribute, 'attribute', 100);
    if (kind === undefined || attribute === undefined) {
      if (record.kind === undefined || record.attribute === undefined)
        reader.problem(item.at, 'kind and attribute are needed: say what it takes back');
      return [];
    }
    if (attribute !== '*' && attribute !== 'any' && attributeSpec(kind, attribute) === undefined)
      reader.problem(
        item.at,
        `no ${kind} has such an attribute: name one of the registry, "*" for the whole entity, or any`,
      );
    const finding =
      record.finding === undefined
        ? (['changed'] as const)
        : reader
            .list(record.finding, 'finding')
            .flatMap((each) => reader.oneOf(each, 'a kind of finding', FINDING_KINDS) ?? []);
    const declared =
      record.declared &&
      reader
        .list(record.declared, 'declared')
        .flatMap((each) => reader.oneOf(each, 'a kind of declaration', DECLARATION_KINDS) ?? []);
    const desired = record.desired && reader.plainValue(record.desired, 'desired');
    return [
      {
        kind,
        attribute,
        finding,
        ...(desired === undefined ? {} : { desired }),
        ...(declared === undefined ? {} : { declared }),
        with: readWith(reader, item, record.with, args),
      },
    ];
  });
}

function readWith(
  reader: Reader,
  item: Value,
  value: Entry | undefined,
  args: readonly ArgumentSpec[],
): Converges['with'] {
  const made: Record<string, readonly WayPiece[]> = Object.create(null);
  for (const entry of value === undefined ? [] : reader.entries(value, 'with')) {
    if (!args.some(({ name }) => name === entry.name))
      reader.problem(entry.nameAt, `no argument has this name: ${entry.name}`);
    const text = reader.text(entry, `with ${entry.name}`, 300);
    if (text !== undefined) made[entry.name] = piecesOf(reader, entry, text);
  }
  for (const { name, required } of args)
    if (required && made[name] === undefined)
      reader.problem(
        item.at,
        `argument ${name} is missing under with: say where its value is from`,
      );
  return { ...made };
}

function piecesOf(reader: Reader, at: Value, text: string): readonly WayPiece[] {
  const pieces: WayPiece[] = [];
  let end = 0;
  for (const match of text.matchAll(PIECE)) {
    if (match.index > end) pieces.push({ literal: text.slice(end, match.index) });
    end = match.index + match[0].length;
    const name = match[1] ?? '';
    if (name === 'name' || name === 'desired' || name === 'observed') pieces.push({ from: name });
    else if (name.startsWith('its.')) pieces.push({ its: name.slice(4) });
    else if (name.startsWith('should.')) pieces.push({ should: name.slice(7) });
    else if (name.startsWith('target.')) pieces.push({ target: name.slice(7) });
    else
      reader.problem(
        at.at,
        `there is no {${name}}: there are {name}, {desired}, {observed}, {its.ATTRIBUTE}, {should.ATTRIBUTE} and {target.ATTRIBUTE}`,
      );
  }
  if (end < text.length) pieces.push({ literal: text.slice(end) });
  return pieces;
}
