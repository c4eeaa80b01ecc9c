/** Security: failed logins, half-installed packages, a reboot that waits, accounts with all rights, certificates. */
import { type Instant, MICROS_PER_SECOND, tryParseInstant } from '#base/time';
import { ask, BLIND, isBlind, journalLines, Notes } from './hearing.ts';
import { askSockets, isEverywhere, readSockets } from './network.ts';
import type { Ask, HeardByKey, KnownFacts, Part } from './report.ts';
import { linesOf, named, plural } from './words.ts';

export const askSecurity: readonly Ask[] = [
  ask('logins', 'failed logins of the last day', [
    'journalctl',
    '--no-pager',
    '--output=short-iso',
    '--unit=ssh.service',
    '--unit=sshd.service',
    '--since=-24h',
    '--lines=1000',
    '--grep=Failed password|Invalid user|authentication failure|maximum authentication attempts',
  ]),
  ask('last', 'who was here last', ['last', '-n', '10', '-F', '-w']),
  ask('reboot', 'whether a reboot waits', ['ls', '-1', '/run']),
  ask('dpkg', 'packages that are half installed', ['dpkg', '--audit'], 20),
  ask('accounts', 'accounts', ['getent', 'passwd']),
  askSockets,
];

const MANY_LOGINS = 20;
const DAYS = { warning: 21, critical: 7 };
const DAY = 86_400 * MICROS_PER_SECOND;
/** Ports of what should not be open to everybody, and speaks without a key of its own. */
const SENSITIVE: Readonly<Record<number, string>> = {
  23: 'telnet',
  111: 'portmapper',
  2375: 'docker without TLS',
  3306: 'MySQL',
  5432: 'PostgreSQL',
  6379: 'Redis',
  9200: 'Elasticsearch',
  11211: 'memcached',
  27017: 'MongoDB',
};

export function readSecurity(heard: HeardByKey, known: KnownFacts | undefined, now: Instant): Part {
  const notes = new Notes('security', askSecurity, heard);
  const logins = notes.said('logins', [0, 1]);
  if (logins !== undefined) {
    const lines = journalLines(logins.stdout);
    if (isBlind(logins)) notes.unknown(`failed logins of the last day: ${BLIND}`);
    if (lines.length > 0)
      notes.find(
        lines.length >= MANY_LOGINS ? 'warning' : 'info',
        'failed-logins',
        `${lines.length >= 1_000 ? 'at least ' : ''}${plural(lines.length, 'line')} of the last day tell of failed logins over SSH`,
        lines.at(-1) ?? null,
      );
    notes.section('newest failed logins', lines.slice(-5), 5);
  }
  if (notes.maybe('last') !== undefined)
    notes.section('last logins', linesOf(notes.maybe('last')?.stdout ?? ''), 12);
  else notes.unknown('who was here last: last is not there, or ended with an error');
  const run = notes.said('reboot');
  if (run !== undefined && run.stdout.split('\n').includes('reboot-required'))
    notes.find(
      'warning',
      'reboot-required',
      'an upgrade waits for a reboot',
      '/run/reboot-required',
    );
  judgePackages(notes);
  judgeAccounts(notes);
  const sockets = notes.said('sockets');
  for (const { protocol, address, port, line } of readSockets(sockets?.stdout ?? '')) {
    const what = SENSITIVE[port];
    if (what !== undefined && protocol === 'tcp' && isEverywhere(address))
      notes.find(
        'warning',
        'exposed',
        `port ${port}, usually ${what}, listens on all addresses`,
        line,
      );
  }
  judgeCertificates(notes, known, now);
  return notes.part;
}

function judgePackages(notes: Notes): void {
  const dpkg = notes.said('dpkg', [0, 1]);
  if (dpkg === undefined) return;
  const lines = linesOf(dpkg.stdout);
  if (lines.length > 0) {
    notes.find(
      'warning',
      'packages-half-installed',
      'packages are not installed as they should be',
      lines[0] ?? null,
    );
    notes.section('dpkg --audit', lines, 20);
  } else if (dpkg.exit !== 0)
    notes.unknown('packages that are half installed: dpkg ended with an error');
}

function judgeAccounts(notes: Notes): void {
  const accounts = notes.said('accounts');
  if (accounts === undefined) return;
  const all = linesOf(accounts.stdout, 20_000).map((line) => line.split(':'));
  if (!all.some((fields) => fields[2] === '0'))
    notes.unknown('accounts: the answer names none with the id 0');
  for (const [name = '', , uid, , , , shell = ''] of all)
    if (uid === '0' && name !== 'root')
      notes.find(
        'critical',
        'second-root',
        `an account besides root has all its rights: ${named(name)}`,
        `${name}: uid 0, shell ${shell}`,
      );
}

function judgeCertificates(notes: Notes, known: KnownFacts | undefined, now: Instant): void {
  const seen = known?.coverage.filter(({ kind }) => kind === 'certificate') ?? [];
  const best = seen.find(({ status }) => status === 'complete') ?? seen[0];
  if (known === undefined || best === undefined || best.observedAt === null) {
    notes.unknown(
      'certificates near their end: nothing was observed of them yet (holdfast observe)',
    );
    return;
  }
  if (best.status !== 'complete')
    notes.unknown(`certificates near their end: what was observed of them is ${best.status}`);
  for (const { entity, attribute, value } of known.facts) {
    if (!entity.startsWith('certificate:') || attribute !== 'notAfter' || typeof value !== 'string')
      continue;
    const end = tryParseInstant(value);
    if (end === undefined) continue;
    const days = Math.floor((end - now) / DAY);
    // Long dead ones in a store of trust are usual; what is in use was renewed.
    const isAnchor = known.facts.some(
      (each) =>
        each.entity === entity &&
        (each.attribute === 'trustAnchor' || each.attribute === 'isCa') &&
        each.value === true,
    );
    if (days >= DAYS.warning) continue;
    notes.find(
      isAnchor ? 'info' : days < DAYS.critical ? 'critical' : 'warning',
      'certificate-ends',
      days < 0
        ? `a certificate has ended: ${named(entity.slice(entity.indexOf('/') + 1))}`
        : `a certificate ends in ${plural(days, 'day')}: ${named(entity.slice(entity.indexOf('/') + 1))}`,
      `notAfter ${value}`,
    );
  }
}
