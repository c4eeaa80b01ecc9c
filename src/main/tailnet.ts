/** The name and certificate that a tailnet gives this machine, through its own program. */
import { Fault } from '#base/fault';
import type { Programs } from '#base/ports';

const ASK_MS = 10_000;
const CERT_MS = 120_000;
const MOST_BYTES = 4 * 1024 * 1024;
const NAME = /^(?=.{1,253}$)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+$/;

export type Tailnet = { readonly name: string; readonly address: string };

/** Throws `no-tailnet`, saying what to do. */
export async function tailnetOf(programs: Programs): Promise<Tailnet> {
  const { ended, exit, stdout } = await programs.run({
    argv: ['tailscale', 'status', '--json'],
    timeoutMs: ASK_MS,
    maxBytes: MOST_BYTES,
  });
  if (ended === 'missing')
    throw noTailnet('the program tailscale is not on this machine. Install it, then: tailscale up');
  const status = ended === 'exited' && exit === 0 ? readStatus(stdout) : null;
  if (status === null)
    throw noTailnet('tailscale does not say who this machine is. Run: tailscale up');
  const { name, address, domains } = status;
  if (!domains.includes(name))
    throw noTailnet(
      `the tailnet gives no certificate for ${name}. Enable MagicDNS and HTTPS certificates in its admin console, under DNS`,
    );
  return { name, address };
}

export async function tailnetCertificate(
  programs: Programs,
  name: string,
  certificate: string,
  key: string,
): Promise<void> {
  const { ended, exit } = await programs.run({
    argv: ['tailscale', 'cert', '--cert-file', certificate, '--key-file', key, name],
    timeoutMs: CERT_MS,
    maxBytes: MOST_BYTES,
  });
  if (ended === 'exited' && exit === 0) return;
  throw noTailnet(
    `tailscale cert did not give one for ${name}. Run it by hand to see why; it needs root, or: tailscale set --operator=<this account>`,
  );
}

function readStatus(
  bytes: Uint8Array,
): { readonly name: string; readonly address: string; readonly domains: readonly string[] } | null {
  let read: {
    readonly Self?: { readonly DNSName?: unknown; readonly TailscaleIPs?: unknown } | null;
    readonly CertDomains?: unknown;
  } | null;
  try {
    read = JSON.parse(Buffer.from(bytes).toString('utf8')) as typeof read;
  } catch {
    return null;
  }
  const { DNSName, TailscaleIPs } = read?.Self ?? {};
  const name = typeof DNSName === 'string' ? DNSName.replace(/\.$/, '').toLowerCase() : '';
  const addresses = Array.isArray(TailscaleIPs) ? TailscaleIPs : [];
  const address = addresses.find(
    (each): each is string => typeof each === 'string' && /^100\.[0-9.]+$/.test(each),
  );
  const domains = Array.isArray(read?.CertDomains) ? read.CertDomains : [];
  return !NAME.test(name) || address === undefined
    ? null
    : { name, address, domains: domains.filter((each) => typeof each === 'string') };
}

function noTailnet(why: string): Fault {
  return new Fault('unavailable', 'no-tailnet', `there is no name from a tailnet: ${why}`);
}
