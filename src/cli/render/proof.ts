/** What is kept for strangers, for people. */
import type { Render } from '../desk.ts';
import type { Piece } from '../text/paper.ts';
import { count } from '../text/words.ts';
import { renderAnything } from './anything.ts';

export const renderEvidence: Render<{
  readonly log: { readonly key: string; readonly records: number; readonly root: string };
  readonly controlPlaneKey: string;
  readonly anchored: readonly {
    readonly by: string;
    readonly name: string;
    readonly records: number | null;
    readonly trouble: string | null;
    readonly alarm: boolean;
  }[];
  readonly outputs: { readonly holds: readonly unknown[] };
  readonly next: string;
}> = (paper, answer, screen) => {
  const { log, controlPlaneKey, anchored, outputs, next } = answer;
  paper.whole({ text: 'Log: ', tone: 'strong' }, count(log.records, 'record'));
  paper.whole(`  root ${log.root}`);
  paper.whole(`  key  ${log.key}`);
  paper.whole({ text: 'Key of this control plane: ', tone: 'strong' }, controlPlaneKey);
  if (anchored.length === 0) {
    paper.whole({ text: 'Not anchored', tone: 'warn' }, ' outside this machine');
  } else {
    paper.table(
      [
        { head: 'BY' },
        { head: 'NAME', least: 8 },
        { head: 'RECORDS', align: 'right' },
        { head: 'TROUBLE', least: 12 },
      ],
      anchored.map(({ by, name, records, trouble, alarm }): Piece[] => [
        by,
        name,
        records === null ? '' : String(records),
        { text: `${alarm ? 'ALARM ' : ''}${trouble ?? ''}`, tone: alarm ? 'bad' : 'warn' },
      ]),
    );
  }
  paper.whole(
    { text: 'Outputs on hold: ', tone: 'strong' },
    outputs.holds.length === 0 ? 'none' : '',
  );
  if (outputs.holds.length > 0) renderAnything(paper, { holds: outputs.holds }, screen);
  if (next !== '') paper.whole({ text: 'Next: ', tone: 'strong' }, next);
};

/** Words of a target: quoted line by line. */
export const renderOutput: Render<Readonly<Record<string, unknown>>> = (paper, answer, screen) => {
  const { text, ...label } = answer;
  renderAnything(paper, label, screen);
  paper.blank();
  paper.whole({ text: 'Output', tone: 'strong' }, ' (the words of the target)');
  paper.block(typeof text === 'string' ? text : '', '  | ');
};
