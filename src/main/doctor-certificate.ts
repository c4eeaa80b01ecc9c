/** What `doctor` says of the certificate of the console, and of the authority that we made. */
import type { Files, MachineFiles } from '#base/ports';
import type { Instant } from '#base/time';
import { daysLeft, examine, isSoonOver, readCertificate } from '#certificates';
import { readServer } from '#serving';
import type { Paths } from './data-directory.ts';
import type { Check } from './doctor-changes.ts';
import { CA, OWN, placeOf, TAILNET, textOf } from './expose-files.ts';

const WARN_DAYS = 30;

export async function certificateChecks({
  files,
  look,
  paths,
  now,
}: {
  readonly files: Pick<Files, 'read'>;
  readonly look: MachineFiles;
  readonly paths: Pick<Paths, 'home' | 'server'>;
  readonly now: Instant;
}): Promise<readonly Check[]> {
  const bytes = await files.read(paths.server);
  if (bytes === undefined) return [];
  const settings = read(bytes);
  // What does not hold is told where the service starts, with file and line.
  if (settings === null || settings.tls === null) return [];
  const { tls, url, hosts } = settings;
  const names = [...new Set([url.host, ...hosts])];
  const isOurs = tls.certificate === OWN.certificate || tls.certificate === TAILNET.certificate;
  const renew = isOurs
    ? 'holdfast console expose --renew'
    : 'renew it where it was made; it is read again by itself';
  const checks = [
    await one(
      'certificate of the console',
      placeOf(paths.home, tls.certificate),
      placeOf(paths.home, tls.key),
      names,
      renew,
    ),
  ];
  if (tls.certificate === OWN.certificate)
    checks.push(
      await one(
        'our certificate authority',
        placeOf(paths.home, CA.certificate),
        null,
        [],
        'holdfast console expose --renew makes another, which every phone and browser has to be given',
      ),
    );
  return checks;

  async function one(
    name: string,
    path: string,
    keyPath: string | null,
    of: readonly string[],
    mend: string,
  ): Promise<Check> {
    const certificate = await textOf(look, path);
    if (certificate === null) return { name, ok: false, says: `cannot be read: ${path}`, mend };
    const { notAfter, problems } =
      keyPath === null
        ? { notAfter: readCertificate(certificate)?.notAfter ?? null, problems: [] }
        : examine(certificate, (await textOf(look, keyPath)) ?? '', of, now);
    if (notAfter === null || problems.length > 0)
      return { name, ok: false, says: problems.join('; ') || `no certificate: ${path}`, mend };
    const days = daysLeft(notAfter, now);
    const isSoon = isSoonOver(notAfter, now, WARN_DAYS);
    return { name, ok: !isSoon, says: isSoon ? `over in ${days} days` : `${days} days left`, mend };
  }
}

function read(bytes: Uint8Array): ReturnType<typeof readServer> | null {
  try {
    return readServer(Buffer.from(bytes).toString('utf8'), 'server.yaml');
  } catch {
    return null;
  }
}
