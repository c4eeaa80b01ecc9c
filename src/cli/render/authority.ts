/** Who may sign and what is in force, for people. */
import type { Render } from '../desk.ts';
import type { Piece } from '../text/paper.ts';
import { count, moment } from '../text/words.ts';

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
  paper.whole({ text: `To be in force: configuration version ${page.version}`, tone: 'strong' });
  for (const line of page.says) paper.whole('  ', line);
  if (page.says.length === 0) paper.whole('  ', 'nothing differs from what is in force');
  paper.blank();
  paper.whole({ text: 'Signatures ', tone: 'strong' }, page.needs);
  paper.whole({ text: 'Digest     ', tone: 'strong' }, page.digest);
  paper.whole({ text: 'In words   ', tone: 'strong' }, { text: page.digestWords, tone: 'warn' });
};

export const renderWaits: Render<{ readonly path: string }> = (paper, { path }) => {
  paper.whole(
    { text: 'Nothing is in force yet', tone: 'strong' },
    ': it waits for a passkey, for a day',
  );
  paper.whole('Open the console (its address: holdfast console) at ', {
    text: path,
    tone: 'strong',
  });
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
  readonly status: 'unsigned' | 'in-force' | 'changed' | 'restored';
  readonly version: number;
  readonly signedBy: readonly string[];
  readonly at: string | null;
  readonly changed: readonly string[];
  /** When a backup was put back and of when it is, until somebody signs; and who may sign since. */
  readonly restored?: string;
  readonly keys?: readonly string[];
  readonly next: string;
};

export const renderInForce: Render<InForce> = (paper, answer) => {
  switch (answer.status) {
    case 'unsigned':
      paper.whole({ text: 'Unsigned: ', tone: 'warn' }, 'nobody has signed a configuration yet');
      break;
    case 'restored':
      paper.whole(
        { text: 'Restored', tone: 'bad' },
        ` ${answer.restored ?? ''}: nothing above T0 runs until an operator signs (version ${answer.version})`,
      );
      paper.whole('These may sign, also whoever was revoked since:');
      for (const line of answer.keys ?? []) paper.whole('  ', line);
      for (const line of answer.changed) paper.whole('  changed: ', line);
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

type Operators = {
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
};

const WHAT_NEEDS: Readonly<Record<string, string>> = {
  T1: 'a reversible change',
  T2: 'a stateful change',
  T3: 'a change without a way back',
  standing: 'consent in advance',
  config: 'what is in force',
  lift: 'the end of a stop',
};

export const renderOperators: Render<Operators> = (paper, answer) => {
  const { operators, recovery, profile, rules, next } = answer;
  if (operators.length === 0) {
    paper.whole(
      { text: 'Nobody may sign yet', tone: 'warn' },
      ', so nothing that changes a machine runs.',
    );
  } else {
    paper.table(
      [
        { head: 'OPERATOR', whole: true },
        { head: 'NAME', least: 6 },
        { head: 'ACCOUNTS', least: 8 },
        { head: 'KEYS', least: 12 },
      ],
      operators.flatMap(({ id, name, accounts, keys }) =>
        keys.map(({ type, fingerprint }, i): Piece[] => [
          i === 0 ? id : '',
          i === 0 ? name : '',
          i === 0 ? accounts.join(' ') : '',
          `${type} ${fingerprint}`,
        ]),
      ),
    );
    paper.blank();
    paper.whole(
      { text: 'Recovery key: ', tone: 'strong' },
      recovery
        ? 'named'
        : { text: 'none; T2 and above are refused until there is one', tone: 'warn' },
    );
    paper.whole({ text: 'Profile: ', tone: 'strong' }, profile);
    paper.blank();
    paper.table(
      [{ head: 'RULE' }, { head: 'FOR', least: 8 }, { head: 'NEEDS' }, { head: 'EACH AT LEAST' }],
      rules.map(({ rule, quorum, least }): Piece[] => [
        rule,
        WHAT_NEEDS[rule] ?? '',
        count(quorum, 'signature'),
        least,
      ]),
    );
  }
  if (next !== '') paper.whole({ text: 'Next: ', tone: 'strong' }, next);
};
