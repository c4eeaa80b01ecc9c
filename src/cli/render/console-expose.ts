/** A name and TLS for the console: what will be written, and what is left to do, for people. */
import type { Render } from '../desk.ts';
import type { Exposed, ExposePlan, Renewed } from '../program.ts';
import type { Paper } from '../text/paper.ts';
import { moment } from '../text/words.ts';

/** Somebody whose passkeys end with the name they were made for. */
export type Bound = { readonly id: string; readonly name: string; readonly passkeys: number };

export const renderExposePlan: Render<ExposePlan & { readonly bound: readonly Bound[] }> = (
  paper,
  { url, rpId, rpIdBefore, says, text, bound },
) => {
  paper.whole({ text: 'The console will be at ', tone: 'strong' }, url);
  paper.whole(`To be written:`);
  for (const line of says) paper.whole('  ', line);
  paper.whole('server.yaml will be:');
  paper.block(text);
  paper.whole(
    { text: 'Choose the name once. ', tone: 'warn' },
    `Passkeys are bound to it (rpId ${rpId}); under another name every one of them is another key.`,
  );
  if (rpId !== rpIdBefore) paper.whole(`Until now it was ${rpIdBefore}.`);
  if (bound.length === 0) return;
  paper.whole({
    text: 'These must register a passkey again, and it must be signed for:',
    tone: 'bad',
  });
  for (const { id, name, passkeys } of bound)
    paper.whole('  ', id, ` (${name}): ${passkeys === 1 ? '1 passkey' : `${passkeys} passkeys`}`);
};

/** `isFirst`: nobody may sign yet, and the file was confirmed by writing it. */
export const renderExposed: Render<
  Exposed & { readonly bound: readonly Bound[]; readonly isFirst: boolean }
> = (paper, { url, rpId, bound, isFirst, ...made }) => {
  paper.whole({ text: 'Written. ', tone: 'good' }, `The console will be at ${url}`);
  certified(paper, made);
  if (made.authority !== null) installing(paper, url, made.authority);
  paper.whole({ text: 'Next:', tone: 'strong' });
  if (isFirst) {
    paper.whole('  1. start the service again: the address is read when it starts');
    paper.whole('  2. holdfast console setup: the first passkey, which signs server.yaml as well');
    return;
  }
  paper.whole(
    '  1. holdfast config sign: until then the service goes on as it was signed, and nothing above T0 runs',
  );
  paper.whole('  2. start the service again: the address is read when it starts');
  if (bound.length > 0)
    paper.whole(
      `  3. an invitation for each of ${bound.map(({ id }) => id).join(', ')}: their passkeys were for another name than ${rpId}`,
    );
};

export const renderRenewed: Render<Renewed> = (paper, { url, ...made }) => {
  paper.whole({ text: 'Renewed. ', tone: 'good' }, 'The running service takes it by itself.');
  certified(paper, made);
  if (made.authority?.isNew !== true) return;
  paper.whole(
    'The old authority was near its end, so there is another. Start the service again, or /ca.crt is the old one.',
  );
  installing(paper, url, made.authority);
};

function certified(
  paper: Paper,
  { certificate, authority }: Pick<Renewed, 'certificate' | 'authority'>,
): void {
  paper.whole('Certificate  ', certificate.file, ', until ', moment(certificate.notAfter));
  if (authority !== null)
    paper.whole('Authority    ', authority.file, ', until ', moment(authority.notAfter));
}

function installing(paper: Paper, url: string, authority: NonNullable<Renewed['authority']>): void {
  paper.whole({
    text: 'Every phone and browser has to be given the authority once:',
    tone: 'strong',
  });
  paper.whole(`  get it there: ${url}/ca.crt, or the file above by a way you trust`);
  paper.whole('  compare its SHA-256: ', { text: authority.fingerprint, tone: 'warn' });
  paper.whole(
    '  iPhone: Settings, Profile Downloaded, Install; then General, About, Certificate Trust Settings, switch it on',
  );
  paper.whole(
    '  Android: Settings, Security, Encryption & credentials, Install a certificate, CA certificate',
  );
  paper.whole('  It is good for the names above and for no others; its key stays on this machine.');
}
