/** `/ca.crt`: our own certificate authority, for phones that are to trust it. It is public, and its key is not served. */
import { sha256 } from '#base/digest';
import type { MachineFiles } from '#base/ports';
import { readCertificate } from '#certificates';
import type { ServerSettings } from '#serving';
import type { StaticFiles } from '#web';
import { CA, OWN, placeOf, textOf } from './expose-files.ts';

/** As it lies there when the service begins; nothing where the certificate is not of our own making. */
export async function withAuthority(
  files: StaticFiles,
  look: MachineFiles,
  home: string,
  tls: ServerSettings['tls'],
): Promise<StaticFiles> {
  if (tls?.certificate !== OWN.certificate) return files;
  const text = await textOf(look, placeOf(home, CA.certificate));
  if (text === null || readCertificate(text) === null || /PRIVATE KEY/.test(text)) return files;
  const file = {
    type: 'application/x-x509-ca-cert',
    etag: `"${sha256(text).slice(0, 32)}"`,
    isHashed: false,
    plain: Buffer.from(text),
    br: null,
    gzip: null,
  };
  return new Map([...files, ['/ca.crt', file]]);
}
