/** The one loop of awk that certainly ends: a counter, a bound that stays, a step towards it. */

const PART = String.raw`(?:[0-9]{1,6}|length *\( *(?:\$?[A-Za-z_][A-Za-z0-9_]*|\$[0-9]{1,3})? *\)|[A-Za-z_][A-Za-z0-9_]*)`;
const SUM = String.raw`(${PART}(?: *[-+] *${PART})*)`;
const NAME = String.raw`([A-Za-z_][A-Za-z0-9_]*)`;
const HEADER = new RegExp(
  String.raw`^\( *${NAME} *= *${SUM} *; *${NAME} *(<=?|>=?) *${SUM} *; *(?:${NAME}(\+\+|--)|(\+\+|--)${NAME}|${NAME} *([-+])= *[1-9][0-9]{0,5}) *\)`,
);

export type Loop = {
  readonly length: number;
  readonly counter: string;
  /** What start and bound rest on: never set to anything but a plain number. */
  readonly names: readonly string[];
};

const WORDS = /[A-Za-z_][A-Za-z0-9_]*/g;

export function readLoop(text: string): Loop | null {
  const found = HEADER.exec(text);
  if (found === null) return null;
  const [whole, counter = '', start = '', compared, order = '', bound = '', ...step] = found;
  const [after, afterSign, beforeSign, before, by, bySign] = step;
  const sign = (afterSign ?? beforeSign ?? bySign ?? '')[0];
  if (compared !== counter || (after ?? before ?? by) !== counter) return null;
  if ((order[0] === '<') !== (sign === '+')) return null;
  const names = [...(start.match(WORDS) ?? []), ...(bound.match(WORDS) ?? [])];
  return names.includes(counter)
    ? null
    : { length: whole.length, counter, names: names.filter((name) => name !== 'length') };
}
