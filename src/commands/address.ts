/** Who may be spoken to: loopback, the inventory's networks and names, and nothing that answers secrets. */
import { type Block, isInside, parseAddress, parseBlock } from '#base/address';

const blocks = (texts: readonly string[]): readonly Block[] =>
  texts.flatMap((text) => parseBlock(text) ?? []);
const LOOPBACK = blocks(['127.0.0.0/8', '::1']);
/** Link-local, and where clouds hand out credentials to whoever asks. */
const NEVER = blocks([
  '169.254.0.0/16',
  'fe80::/10',
  'fd00:ec2::/32',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
]);

export class Reachable {
  readonly #blocks: readonly Block[];
  readonly #names: ReadonlySet<string>;

  constructor(networks: readonly string[], hosts: readonly string[]) {
    this.#blocks = [...LOOPBACK, ...blocks(networks), ...blocks(hosts)];
    this.#names = new Set(['localhost', ...hosts.map((host) => host.toLowerCase())]);
  }

  /** A name or an address, without port, user or brackets. */
  allows(host: string): boolean {
    const address = parseAddress(host);
    if (address === null) return this.#names.has(host.toLowerCase());
    return (
      !NEVER.some((block) => isInside(address, block)) &&
      this.#blocks.some((block) => isInside(address, block))
    );
  }

  allowsUrl(url: string): boolean {
    const found = URL_FORM.exec(url);
    if (found === null) return false;
    const [, bracketed, bare, port, rest = ''] = found;
    if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return false;
    if (rest !== '' && rest[0] !== '/' && rest[0] !== '?') return false;
    if (bracketed !== undefined) return bracketed.includes(':') && this.allows(bracketed);
    return bare !== undefined && this.allows(bare);
  }
}

const URL_FORM =
  /^https?:\/\/(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9_.-]+))(?::([0-9]{1,5}))?([A-Za-z0-9._~:/?@!$&'()*+,;=%-]*)$/;
