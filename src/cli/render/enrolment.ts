/** Enrolment, for people: what would be done, whose keys those are, what came of it. */
import { sha256 } from '#base/digest';
import type { HostPins } from '#enrolment';
import type { Render } from '../desk.ts';
import { fingerprintsOf, type Row, type Way } from '../enrolling.ts';
import { count } from '../text/words.ts';

export const renderPlans: Render<readonly Way[]> = (paper, ways) => {
  for (const { target, probe, plan, fault, door, start } of ways) {
    paper.line(
      { text: target, tone: 'strong' },
      `  by ssh ${door.host}${door.withSudo ? ', with sudo' : ''}`,
    );
    if (fault !== undefined) {
      paper.whole('  ', { text: fault.code, tone: 'bad' }, `: ${fault.message}`);
      continue;
    }
    if (probe === undefined || plan === undefined) {
      paper.whole(
        '  ',
        `${start.state === 'pending' ? 'installed, waits for a signature' : 'enrolled already'}`,
      );
      continue;
    }
    paper.whole('  ', `${probe.os}, ${probe.server || 'OpenSSH'}, ${probe.awk}, ${probe.shell}: `, {
      text: plan.capability,
      tone: plan.capability === 'full' ? 'good' : 'warn',
    });
    paper.whole(
      '  ',
      'Compare with what its own console shows (ssh-keygen -lf /etc/ssh/ssh_host_…_key.pub):',
    );
    for (const line of fingerprintsOf(probe.hostKeys, sha256))
      paper.whole('    ', { text: line, tone: 'warn' });
    for (const line of plan.makes) paper.whole('    ', line);
    for (const line of plan.notes) paper.whole('  ', { text: 'note', tone: 'warn' }, `: ${line}`);
    for (const line of plan.problems)
      paper.whole('  ', { text: 'cannot', tone: 'bad' }, `: ${line}`);
  }
};

export const renderPlansShort: Render<readonly Way[]> = (paper, ways) => {
  paper.table(
    [
      { head: 'Target', whole: true },
      { head: 'By' },
      { head: 'Can' },
      { head: 'Host key', whole: true },
      { head: 'Notes', least: 12 },
    ],
    ways.map(({ target, door, probe, plan, fault, start }) => [
      target,
      `${door.host}${door.withSudo ? ' sudo' : ''}`,
      fault === undefined ? (plan?.capability ?? start.state) : { text: fault.code, tone: 'bad' },
      fingerprintsOf(
        (probe?.hostKeys ?? []).filter((key) => key.startsWith('ssh-ed25519 ')),
        sha256,
      )[0]?.split(' ')[0] ?? '',
      [...(plan?.problems ?? []), ...(plan?.notes ?? [])].join('; ') || (fault?.message ?? ''),
    ]),
  );
};

export type EnrolmentPage = {
  readonly order: string;
  readonly namespace: string;
  readonly digest: string;
  readonly digestWords: string;
  readonly hosts: readonly HostPins[];
  readonly left: number;
  readonly needs: string;
  readonly signedBy: readonly string[];
};

export const renderEnrolmentPage: Render<EnrolmentPage> = (paper, page) => {
  paper.whole({ text: `To be ours: ${count(page.hosts.length, 'host')}`, tone: 'strong' });
  for (const { target, capability, epoch, hostKeys } of page.hosts) {
    const ed25519 = hostKeys.filter((key) => key.startsWith('ssh-ed25519 '));
    const shown =
      fingerprintsOf(ed25519.length > 0 ? ed25519 : hostKeys.slice(0, 1), sha256)[0] ?? '';
    paper.whole(
      '  ',
      { text: target, tone: 'strong' },
      capability === 'none'
        ? '  is not used any more'
        : `  ${capability}, epoch ${epoch}, ${shown}`,
    );
  }
  paper.blank();
  paper.whole(
    { text: 'Signatures ', tone: 'strong' },
    page.needs,
    page.signedBy.length === 0 ? '' : `; signed by ${page.signedBy.join(', ')}`,
  );
  paper.whole({ text: 'Digest     ', tone: 'strong' }, page.digest);
  paper.whole({ text: 'In words   ', tone: 'strong' }, { text: page.digestWords, tone: 'warn' });
};

export type Outcome = {
  readonly hosts: readonly Row[];
  readonly says: readonly string[];
  readonly next: string;
};

export const renderOutcome: Render<Outcome> = (paper, { hosts, says, next }) => {
  if (hosts.length > 0) {
    paper.table(
      [
        { head: 'Target', whole: true },
        { head: 'State' },
        { head: 'Can' },
        { head: 'Seconds', align: 'right' },
        { head: 'Says', least: 20 },
      ],
      hosts.map(({ target, state, capability, ms, code, says: words }) => [
        target,
        { text: state, tone: state === 'failed' ? 'bad' : state === 'enrolled' ? 'good' : 'plain' },
        capability ?? '',
        ms === 0 ? '' : (ms / 1_000).toFixed(1),
        code === null ? words : `${code}: ${words}`,
      ]),
    );
  }
  for (const line of says) paper.whole(line);
  if (next !== '') paper.whole({ text: 'Next: ', tone: 'strong' }, next);
};

export const renderHosts: Render<{
  readonly hosts: readonly (HostPins & { readonly state: string })[];
}> = (paper, { hosts }) => {
  if (hosts.length === 0) paper.whole('No host is enrolled. Next: holdfast enroll <target>');
  paper.table(
    [
      { head: 'Target', whole: true },
      { head: 'State' },
      { head: 'Can' },
      { head: 'Epoch', align: 'right' },
      { head: 'Version' },
      { head: 'OpenSSH' },
    ],
    hosts.map(({ target, state, capability, epoch, version, server }) => [
      target,
      state,
      capability,
      String(epoch),
      version,
      server.replace('OpenSSH_', ''),
    ]),
  );
};
