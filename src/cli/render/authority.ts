/** Who may sign and what is in force, for people. */
import type { Render } from '../desk.ts';
import type { Piece } from '../text/paper.ts';
import { moment } from '../text/words.ts';

export type ConfigPage = {
  readonly order: string;
  readonly namespace: string;
  readonly version: number;
  readonly digest: string;
  readonly digestWords: string;
  /** What it changes, one sentence each. */
  readonly says: readonly string[];
  readonly needs: string;
};

export const renderConfigPage: Render<ConfigPage> = (paper, page) => {
  paper.whole({ text: `Configuration version ${page.version}`, tone: 'strong' });
  for (const line of page.says) paper.whole('  ', line);
  paper.blank();
  paper.whole({ text: 'Signatures: ', tone: 'strong' }, page.needs);
  paper.whole({ text: 'Digest ', tone: 'strong' }, page.digest);
  paper.whole({ text: 'In words ', tone: 'strong' }, { text: page.digestWords, tone: 'warn' });
};

export const renderPutInForce: Render<{
  readonly version: number;
  readonly says: readonly string[];
  readonly next: string;
}> = (paper, { version, says, next }) => {
  paper.whole({ text: `In force: version ${version}`, tone: 'good' });
  for (const line of says) paper.whole('  ', line);
  if (next !== '') paper.whole({ text: 'Next: ', tone: 'strong' }, next);
};

export type InForce = {
  readonly status: 'unsigned' | 'in-force' | 'changed';
  readonly version: number;
  readonly signedBy: readonly string[];
  readonly at: string | null;
  readonly changed: readonly string[];
  readonly next: string;
};

export const renderInForce: Render<InForce> = (paper, answer) => {
  switch (answer.status) {
    case 'unsigned':
      paper.whole({ text: 'Unsigned: ', tone: 'warn' }, 'nobody has signed a configuration yet');
      break;
    case 'in-force':
      paper.whole(
        { text: `In force: version ${answer.version}`, tone: 'good' },
        `, signed by ${answer.signedBy.join(', ')} ${moment(answer.at)}`,
      );
      break;
    case 'changed':
      paper.whole(
        { text: 'Changed since it was signed', tone: 'bad' },
        `: nothing above T0 runs (version ${answer.version})`,
      );
      for (const line of answer.changed) paper.whole('  ', line);
      break;
  }
  if (answer.next !== '') paper.whole({ text: 'Next: ', tone: 'strong' }, answer.next);
};

export const renderOperators: Render<{
  readonly operators: readonly {
    readonly id: string;
    readonly name: string;
    readonly accounts: readonly string[];
    readonly keys: readonly { readonly type: string; readonly fingerprint: string }[];
  }[];
  readonly recovery: boolean;
  readonly profile: string;
  readonly rules: readonly {
    readonly rule: string;
    readonly quorum: number;
    readonly least: string;
  }[];
  readonly next: string;
}> = (paper, { operators, recovery, profile, rules, next }) => {
  if (operators.length === 0) paper.whole('Nobody may sign yet, so nothing above T0 runs.');
  else {
    paper.table(
      [
        { head: 'OPERATOR', whole: true },
        { head: 'NAME', least: 6 },
        { head: 'ACCOUNTS', least: 8 },
        { head: 'KEYS', least: 12 },
      ],
      operators.map(({ id, name, accounts, keys }): Piece[] => [
        id,
        name,
        accounts.join(' '),
        keys.map(({ type, fingerprint }) => `${type} ${fingerprint}`).join(', '),
      ]),
    );
    paper.blank();
    paper.whole(
      { text: 'Recovery key: ', tone: 'strong' },
      recovery ? 'named' : 'none; T2 and above are refused until there is one',
    );
    paper.whole({ text: 'Profile: ', tone: 'strong' }, profile);
    for (const { rule, quorum, least } of rules)
      paper.whole('  ', `${rule}: ${quorum} of at least ${least}`);
  }
  if (next !== '') paper.whole({ text: 'Next: ', tone: 'strong' }, next);
};
