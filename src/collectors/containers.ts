/** Containers, where a runtime is there to answer. A runtime is never started by asking. */
import { arrayOf, memberOf, parsed, textIn } from './json-look.ts';
import type { Collector, LookSession } from './look-session.ts';
import { decode, Gathering, linesOf } from './reading.ts';

const KINDS = ['container'] as const;

export const containersCollector: Collector = {
  name: 'containers',
  kinds: KINDS,
  look: async (session) => {
    const seen = new Gathering(session);
    if ((await session.files.stat('/run/docker.sock')) !== undefined) {
      const argv = ['docker', 'ps', '--all', '--no-trunc', '--format', '{{json .}}'] as const;
      addAll(seen, await ask(session, seen, [...argv]), parseDockerPs);
    }
    // Without a store of its own podman would make one when asked.
    if ((await session.files.stat('/var/lib/containers/storage')) !== undefined) {
      const argv = ['podman', 'ps', '--all', '--no-trunc', '--format', 'json'] as const;
      addAll(seen, await ask(session, seen, [...argv]), parsePodmanPs);
    }
    return seen.end(KINDS);
  },
};

async function ask(
  session: LookSession,
  seen: Gathering,
  argv: readonly [string, ...string[]],
): Promise<string | undefined> {
  const result = await session.programs.run(argv);
  if (result.ended === 'exited' && result.exit === 0) return decode(result.stdout);
  seen.short('container', `${argv[0]} did not answer: ${result.ended}`);
  return undefined;
}

export type Container = {
  readonly name: string;
  readonly runtime: 'docker' | 'podman';
  readonly image: string | undefined;
  readonly state: string | undefined;
  readonly status: string | undefined;
  readonly id: string | undefined;
  readonly ports: readonly string[];
  readonly networks: readonly string[];
};

function addAll(
  seen: Gathering,
  text: string | undefined,
  parse: (text: string) => Container[] | undefined,
): void {
  if (text === undefined) return;
  const containers = parse(text);
  if (containers === undefined)
    return seen.short('container', 'the answer of the runtime is not known');
  for (const { name, ...attributes } of containers)
    seen.add(
      'container',
      seen.has('container', name) ? `${attributes.runtime}/${name}` : name,
      attributes,
    );
}

/** One JSON object per line. */
export function parseDockerPs(text: string): Container[] | undefined {
  const rows: unknown[] = [];
  for (const line of linesOf(text)) {
    const row = parsed(line);
    // An answer that is not the known one is not read any further.
    if (textIn(row, 'Names') === undefined) return undefined;
    rows.push(row);
  }
  return rows.map((row) => ({
    // A linked container also goes by the other's name for it.
    name: (textIn(row, 'Names') ?? '').split(',').find((name) => !name.includes('/')) || 'unnamed',
    runtime: 'docker',
    image: textIn(row, 'Image'),
    state: textIn(row, 'State'),
    status: textIn(row, 'Status'),
    id: textIn(row, 'ID'),
    ports: parts(textIn(row, 'Ports')),
    networks: parts(textIn(row, 'Networks')),
  }));
}

function parts(text: string | undefined): string[] {
  return [...new Set((text ?? '').split(',').map((part) => part.trim()))]
    .filter((part) => part !== '')
    .sort();
}

/** One JSON array. */
export function parsePodmanPs(text: string): Container[] | undefined {
  const rows = arrayOf(parsed(text));
  return rows?.flatMap((row) => {
    const name = arrayOf(memberOf(row, 'Names'))?.[0];
    if (typeof name !== 'string' || name === '') return [];
    const ports = (arrayOf(memberOf(row, 'Ports')) ?? []).map(podmanPort);
    const networks = (arrayOf(memberOf(row, 'Networks')) ?? []).filter(
      (each) => typeof each === 'string',
    );
    return [
      {
        name,
        runtime: 'podman' as const,
        image: textIn(row, 'Image'),
        state: textIn(row, 'State'),
        status: textIn(row, 'Status'),
        id: textIn(row, 'Id'),
        ports: ports.sort(),
        networks: networks.sort(),
      },
    ];
  });
}

function podmanPort(port: unknown): string {
  const number = (name: string): number => Number(memberOf(port, name) ?? 0);
  const range = Math.max(1, number('range'));
  const span = (first: number): string =>
    range > 1 ? `${first}-${first + range - 1}` : `${first}`;
  const host = textIn(port, 'host_ip') || '0.0.0.0';
  const protocol = textIn(port, 'protocol') ?? 'tcp';
  return `${host}:${span(number('host_port'))}->${span(number('container_port'))}/${protocol}`;
}
