/**
 * Lookups run on the machine Holdfast runs on, also in a check. Only those that read content and variables are
 * accepted; `pipe`, `url`, `password` and whatever we do not know start programs, reach out or write.
 */
const ACCEPTED: ReadonlySet<string> = new Set(
  (
    'vars varnames dict items list indexed_items nested sequence together subelements flattened cartesian ' +
    'inventory_hostnames file fileglob filetree first_found template csvfile ini'
  ).split(' '),
);
/** Keys whose value is an expression without braces. */
const EXPRESSION = /^(?:when|failed_when|changed_when|until|that|loop|var)$/;
/** The name is the whole of the first argument: what is joined or chosen there is not written out. */
const CALL = /\b(lookup|query|q)\s*\(\s*(?:(['"])([\w.]*)\2\s*(?=[,)]))?/g;
const ALIAS = /\b(?:lookup|query)\b(?!\s*\()/;
const PREFIX = /^ansible\.(?:builtin|legacy)\./;

/** Why a lookup in this text is not accepted, or `undefined`; `under` is the key it is the value of. */
export function lookupProblem(text: string, under: string): string | undefined {
  const isWhole = EXPRESSION.test(under);
  const opens = isWhole ? 0 : text.search(/\{[{%]/);
  if (opens < 0) return undefined;
  // Up to the end: what looks like the end of an expression may stand in a text of it.
  for (const [, , , name] of text.slice(opens).matchAll(CALL)) {
    if (name === undefined)
      return 'a lookup whose name is not written out: it runs on the machine Holdfast runs on';
    const why = nameProblem(name);
    if (why !== undefined) return why;
  }
  const expressions = isWhole
    ? [text]
    : expressionsIn(text).map(({ inner }) => inner.replaceAll(/(['"]).*?\1/g, ''));
  return expressions.some((each) => ALIAS.test(each))
    ? 'a lookup by another name: it runs on the machine Holdfast runs on'
    : undefined;
}

/** What stands between `{{` and `}}`, or `{%` and `%}`, over any number of lines; to the end where nothing closes it. */
export function expressionsIn(
  text: string,
): readonly { readonly inner: string; readonly at: number }[] {
  const found: { readonly inner: string; readonly at: number }[] = [];
  const opens = /\{[{%]/g;
  for (let open = opens.exec(text); open !== null; open = opens.exec(text)) {
    const at = open.index;
    const close = text.indexOf(open[0] === '{{' ? '}}' : '%}', at + 2);
    const end = close < 0 ? text.length : close;
    found.push({ inner: text.slice(at + 2, end), at });
    opens.lastIndex = end;
    if (close < 0) break;
  }
  return found;
}

/** Of `with_<name>`. */
export function nameProblem(name: string): string | undefined {
  const short = name.replace(PREFIX, '');
  if (ACCEPTED.has(short)) return undefined;
  return `the lookup ${/^\w{1,40}$/.test(short) ? short : 'named here'} runs on the machine Holdfast runs on, and may start programs, reach out or write: accepted are ${[...ACCEPTED].join(', ')}`;
}
