/**
 * Networks of the lab: bridges without a way out. This machine stands only on those that are made
 * `reachable`, so that hosts on another are behind whoever stands on both.
 */
import { LABEL, podman, run, well } from './podman.ts';

/** This machine's own place; hosts have those from 10 on. */
const MACHINE = 1;

/** `prefix` is the first three numbers of its addresses. */
export type Network = { readonly name: string; readonly prefix: string };

export function at({ prefix }: Network, place: number): string {
  return `${prefix}.${place}`;
}

/**
 * The option of `podman run`. The hardware address stays with the address: after a new start nobody asks
 * for a host at the old one.
 */
export function attached({ name }: Network, address: string, device: string): string {
  const hex = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return `--network=${name}:ip=${address},mac=02:00:${hex.join(':')},interface_name=${device}`;
}

/** Podman picks a subnet that nobody here uses. */
export async function makeNetwork(name: string, owner: string): Promise<Network> {
  const options = ['--internal', '--disable-dns', `--label=${LABEL}=${owner}`];
  well('podman network create', await podman(['network', 'create', ...options, name]));
  const { prefix } = await inspected(name);
  return { name, prefix };
}

/**
 * Gives this machine an address there. The bridge comes with the first host and goes with the last,
 * so this is asked again after a start.
 */
export async function reachable(name: string): Promise<void> {
  const { bridge, prefix } = await inspected(name);
  well(
    'ip address replace',
    await run(['ip', 'address', 'replace', `${prefix}.${MACHINE}/24`, 'dev', bridge]),
  );
}

async function inspected(name: string): Promise<{ bridge: string; prefix: string }> {
  const format = '{{.NetworkInterface}} {{range .Subnets}}{{.Subnet}}{{end}}';
  const told = await podman(['network', 'inspect', '--format', format, name]);
  const found = /^(\S+) (\d+\.\d+\.\d+)\.0\/24$/.exec(well('podman network inspect', told).trim());
  if (found === null) throw new Error(`lab: an unexpected network: ${told.stdout.trim()}`);
  return { bridge: found[1] ?? '', prefix: found[2] ?? '' };
}
