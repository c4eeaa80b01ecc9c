/** The grammar as the host reads it: what is needed to tell what only reads, and nothing else. */
import type { Surroundings } from './entry.ts';
import type { Judge } from './judge.ts';
import type { Add, Known, KnownForm, KnownItem } from './programs.ts';

/** Text for a field: what could part fields or lines is percent-encoded, as in the host contract. */
function field(text: string): string {
  if (text === '') return '%';
  return Array.from(Buffer.from(text), (byte) => {
    const c = String.fromCharCode(byte);
    return /[A-Za-z0-9._~/:@,+=-]/.test(c)
      ? c
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

export function compileGrammar(judge: Judge, surroundings: Surroundings, version: number): string {
  const { paths, networks, hosts } = surroundings;
  const lines: string[][] = [
    ['holdfast-grammar', '1'],
    ['version', String(version)],
    ...paths.roots.map((path) => ['root', field(path)]),
    ...paths.denials.map(({ code, glob }) => ['deny', code, field(glob)]),
    ...paths.exceptions.map((glob) => ['except', field(glob)]),
    ...paths.wide.map((path) => ['wide', field(path)]),
    ...networks.map((network) => ['network', field(network)]),
    ...hosts.map((host) => ['host', field(host)]),
  ];
  for (const [name, program] of judge.programs)
    if (name === program.name) for (const item of program.items) lines.push(...itemLines(item));
  lines.push(['end']);
  return lines.map((line) => `${line.join('\t')}\n`).join('');
}

function itemLines(item: KnownItem): readonly string[][] {
  const { entry } = item;
  return [
    [
      'entry',
      field(entry.program),
      entry.style,
      flags({ s: entry.stop, g: entry.globalFirst, a: entry.apart }),
    ],
    ...entry.aliases.map((alias) => ['alias', field(alias)]),
    ...item.own.map((option) => optionLine('entry-option', option)),
    ...item.adds.map((add) => addLine('entry-add', add)),
    ...item.forms.flatMap(formLines),
  ];
}

function formLines(known: KnownForm): readonly string[][] {
  const { form } = known;
  const verb = form.verb.map((word) => word.map(field).join('|')).join(',') || '-';
  if (form.class !== 'read') return [['form', verb, 'x']];
  return [
    ['form', verb, flags({ w: form.wraps, s: form.stop })],
    ...known.own.map((option) => optionLine('option', option)),
    ...known.adds.map((add) => addLine('add', add)),
    ...known.operands.map(({ spec }) => [
      'operand',
      field(spec.name),
      field(spec.value),
      String(spec.min),
      String(spec.max),
      flags({ i: spec.stdin }),
    ]),
    ...known.requires.map((options) => ['require', options.map(({ id }) => id).join(',')]),
    ...known.conflicts.map(({ id }) => ['conflict', String(id)]),
  ];
}

function optionLine(what: string, { spec, id }: Known): string[] {
  return [
    what,
    String(id),
    // A comma parts names, so one in a name is encoded.
    spec.names.map((name) => field(name).replaceAll(',', '%2C')).join(','),
    spec.value === null ? '-' : field(spec.value),
    flags({
      m: spec.many,
      o: spec.optional,
      d: spec.digits,
      r: spec.rest,
      x: spec.class !== 'read',
    }),
  ];
}

function addLine(what: string, { option, words }: Add): string[] {
  return [what, String(option.id), words.map(field).join(' ')];
}

function flags(given: Readonly<Record<string, boolean>>): string {
  const letters = Object.keys(given).filter((letter) => given[letter] === true);
  return letters.length === 0 ? '-' : letters.join('');
}
