/** `systemctl show`: blocks of NAME=value with an empty line between. */
const MOST_UNITS = 4_096;

export type Properties = ReadonlyMap<string, string>;

export function readProperties(text: string): Properties[] {
  const all: Properties[] = [];
  let one = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (line === '') {
      if (one.size > 0) all.push(one);
      one = new Map();
      if (all.length >= MOST_UNITS) return all;
    } else if (at > 0 && /^[A-Z][A-Za-z0-9]*$/.test(line.slice(0, at))) {
      const name = line.slice(0, at);
      // The first one counts: what comes later could be a value with a line end in it.
      if (!one.has(name)) one.set(name, line.slice(at + 1));
    }
  }
  if (one.size > 0) all.push(one);
  return all;
}
