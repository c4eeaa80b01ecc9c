/**
 * `holdfast console expose`: a name and TLS, so that phones can sign. What is written is server.yaml and files below tls/;
 * nothing of it is in force before the service starts again, and nothing above T0 runs before an operator signs it.
 */
import { join } from 'node:path';
import { Fault } from '#base/fault';
import type { Clock, Files, MachineFiles, Programs, Random } from '#base/ports';
import { formatInstant, type Instant } from '#base/time';
import {
  daysLeft,
  examine,
  type KeyPair,
  makeAuthority,
  makeServer,
  readCertificate,
} from '#certificates';
import type { ExposeAsked, Exposed, ExposePlan, Renewed } from '#cli';
import { nodeClock, nodeFiles, nodeMachineFiles, nodePrograms, nodeRandom } from '#machine';
import { bindOf, DEFAULT_SERVER, editServer, readServer } from '#serving';
import { pathsOf } from './data-directory.ts';
import { CA, OWN, placeOf, TAILNET, textOf } from './expose-files.ts';
import { privateDirectory } from './private-directory.ts';
import { type Tailnet, tailnetCertificate, tailnetOf } from './tailnet.ts';

export type ExposeNeeds = {
  readonly files: Files;
  readonly look: MachineFiles;
  readonly programs: Programs;
  readonly clock: Clock;
  readonly random: Random;
  readonly home: string;
};

/** A new authority is made when the old one would end before a server certificate does. */
const AUTHORITY_LEAST_DAYS = 60;

export function exposeNeeds(home: string): ExposeNeeds {
  return {
    files: nodeFiles(),
    look: nodeMachineFiles(),
    programs: nodePrograms(),
    clock: nodeClock(),
    random: nodeRandom(),
    home,
  };
}

/** What would be done. Changes nothing. */
export async function planExposure(needs: ExposeNeeds, asked: ExposeAsked): Promise<ExposePlan> {
  const { files, home } = needs;
  const file = pathsOf(home).server;
  const bytes = await files.read(file);
  const before = bytes === undefined ? null : Buffer.from(bytes).toString('utf8');
  const tailnet = asked.by.kind === 'tailnet' ? await tailnetOf(needs.programs) : null;
  const names = namesOf(asked, tailnet);
  const [name] = names;
  const address = asked.listen ?? tailnet?.address ?? '0.0.0.0';
  const tls =
    asked.by.kind === 'own-ca'
      ? OWN
      : asked.by.kind === 'tailnet'
        ? TAILNET
        : { certificate: asked.by.certificate, key: asked.by.key };
  const url = `https://${name}${asked.port === 443 ? '' : `:${asked.port}`}`;
  const text = editServer(before, {
    url,
    listen: `${address.includes(':') ? `[${address}]` : address}:${asked.port}`,
    expose: true,
    hosts: [...names],
    tls: { ...tls },
    proxy: null,
  });
  const made = readServer(text, 'server.yaml');
  bindOf(made);
  if (asked.by.kind === 'files') await mustFit(needs, tls, names);
  const was = before === null ? DEFAULT_SERVER : readServer(before, 'server.yaml');
  return {
    names,
    url: made.url.origin,
    rpId: made.url.host,
    rpIdBefore: was.url.host,
    says: await saysOf(needs, asked, names, file),
    text,
  };
}

export async function carryOutExposure(needs: ExposeNeeds, asked: ExposeAsked): Promise<Exposed> {
  const plan = await planExposure(needs, asked);
  const { files, home } = needs;
  const { certificate, isNewAuthority } = await putInPlace(needs, asked, plan.names);
  // Last: until it is there, nothing asks for what was written before it.
  await files.replace(pathsOf(home).server, Buffer.from(plan.text), 0o600);
  return { url: plan.url, rpId: plan.rpId, ...(await toldOf(needs, certificate, isNewAuthority)) };
}

/** A fresh certificate for the names that are served. `server.yaml` stays as it is, so nothing has to be signed. */
export async function renewExposure(needs: ExposeNeeds): Promise<Renewed> {
  const { files, home } = needs;
  const bytes = await files.read(pathsOf(home).server);
  const { tls, hosts, url } =
    bytes === undefined
      ? DEFAULT_SERVER
      : readServer(Buffer.from(bytes).toString('utf8'), 'server.yaml');
  const names = [...new Set([url.host, ...hosts])];
  const by =
    tls?.certificate === OWN.certificate
      ? ({ kind: 'own-ca', fresh: false } as const)
      : tls?.certificate === TAILNET.certificate
        ? ({ kind: 'tailnet' } as const)
        : null;
  if (by === null)
    throw new Fault(
      'refused',
      'not-ours-to-renew',
      'the certificate of the console was not made here: whoever gave it renews it, and it is read again by itself',
    );
  const { certificate, isNewAuthority } = await putInPlace(needs, { by }, names);
  return { url: url.origin, ...(await toldOf(needs, certificate, isNewAuthority)) };
}

function namesOf({ names }: ExposeAsked, tailnet: Tailnet | null): readonly [string, ...string[]] {
  const [first, ...rest] = [
    ...new Set([...(tailnet === null ? [] : [tailnet.name]), ...names]),
  ].map((each) => each.toLowerCase());
  if (first === undefined)
    throw new Fault(
      'invalid',
      'invalid-input',
      'name what people open: holdfast console expose holdfast.example.org --own-ca',
    );
  if (tailnet !== null && rest.length > 0)
    throw new Fault(
      'invalid',
      'invalid-input',
      `a tailnet gives one name, and it is ${tailnet.name}: leave the others out`,
    );
  return [first, ...rest];
}

async function mustFit(
  { look, home, clock }: ExposeNeeds,
  tls: { readonly certificate: string; readonly key: string },
  names: readonly string[],
): Promise<void> {
  const keyFile = placeOf(home, tls.key);
  const certificate = await textOf(look, placeOf(home, tls.certificate));
  const key = await textOf(look, keyFile);
  const problems =
    certificate === null || key === null
      ? [
          `${certificate === null ? placeOf(home, tls.certificate) : keyFile} is not there, or this account may not read it`,
        ]
      : examine(certificate, key, names, clock.now()).problems;
  const mode = (await look.stat(keyFile).catch(() => undefined))?.mode ?? 0;
  const open = (mode & 0o077) === 0 ? [] : [`others may read the key: chmod 600 ${keyFile}`];
  if (problems.length + open.length === 0) return;
  throw new Fault(
    'refused',
    'certificate-unfit',
    `the certificate is not taken: ${[...problems, ...open].join('; ')}`,
    { facts: { problems: [...problems, ...open] } },
  );
}

type Put = { readonly certificate: string; readonly isNewAuthority: boolean | null };

async function putInPlace(
  needs: ExposeNeeds,
  { by }: Pick<ExposeAsked, 'by'>,
  names: readonly string[],
): Promise<Put> {
  const { files, programs, look, home, clock, random } = needs;
  if (by.kind === 'files')
    return { certificate: placeOf(home, by.certificate), isNewAuthority: null };
  await privateDirectory(files, join(home, 'tls'));
  if (by.kind === 'tailnet') {
    const [certificate, key] = [placeOf(home, TAILNET.certificate), placeOf(home, TAILNET.key)];
    await tailnetCertificate(programs, names[0] ?? '', certificate, key);
    await mustFit(needs, TAILNET, names);
    return { certificate, isNewAuthority: null };
  }
  const now = clock.now();
  const kept = by.fresh ? null : await authorityFor(look, home, names, now);
  const authority = kept ?? (await makeAuthority({ names, now, random }));
  const server = await makeServer(authority, { names, now, random });
  if (kept === null) {
    await files.replace(placeOf(home, CA.key), Buffer.from(authority.key), 0o600);
    await files.replace(placeOf(home, CA.names), Buffer.from(`${names.join('\n')}\n`), 0o600);
    await files.replace(placeOf(home, CA.certificate), Buffer.from(authority.certificate), 0o600);
  }
  await files.replace(placeOf(home, OWN.key), Buffer.from(server.key), 0o600);
  await files.replace(placeOf(home, OWN.certificate), Buffer.from(server.certificate), 0o600);
  return { certificate: placeOf(home, OWN.certificate), isNewAuthority: kept === null };
}

/** The one that is there, when it may speak for these names and lives long enough. */
async function authorityFor(
  look: MachineFiles,
  home: string,
  names: readonly string[],
  now: Instant,
): Promise<KeyPair | null> {
  const [certificate, key, of] = await Promise.all(
    [CA.certificate, CA.key, CA.names].map((path) => textOf(look, placeOf(home, path))),
  );
  if (certificate == null || key == null || of == null) return null;
  const permitted = of.split('\n');
  const read = readCertificate(certificate);
  const lives = read !== null && daysLeft(read.notAfter, now) >= AUTHORITY_LEAST_DAYS;
  return lives && names.every((name) => permitted.includes(name)) ? { certificate, key } : null;
}

async function saysOf(
  { look, home, clock }: ExposeNeeds,
  { by }: ExposeAsked,
  names: readonly string[],
  file: string,
): Promise<readonly string[]> {
  const told = `${file}: url, listen, expose, hosts and tls`;
  switch (by.kind) {
    case 'files':
      return [told];
    case 'tailnet':
      return [
        `a certificate for ${names[0] ?? ''} from the tailnet, in ${placeOf(home, TAILNET.certificate)}`,
        told,
      ];
    case 'own-ca': {
      const kept = by.fresh ? null : await authorityFor(look, home, names, clock.now());
      return [
        kept === null
          ? `a new certificate authority for ${names.join(', ')} only, in ${placeOf(home, CA.certificate)}; every phone and browser has to be given it`
          : `the certificate authority stays: ${placeOf(home, CA.certificate)}`,
        `a certificate that it signs, in ${placeOf(home, OWN.certificate)}`,
        told,
      ];
    }
  }
}

async function toldOf(
  { look, home }: ExposeNeeds,
  path: string,
  isNewAuthority: boolean | null,
): Promise<Omit<Exposed, 'url' | 'rpId'>> {
  const of = async (each: string): Promise<Exposed['certificate']> => {
    const read = readCertificate((await textOf(look, each)) ?? '');
    return {
      file: each,
      notAfter: read === null ? '' : formatInstant(read.notAfter),
      fingerprint: read?.fingerprint ?? '',
    };
  };
  return {
    certificate: await of(path),
    authority:
      isNewAuthority === null
        ? null
        : { ...(await of(placeOf(home, CA.certificate))), isNew: isNewAuthority },
  };
}
