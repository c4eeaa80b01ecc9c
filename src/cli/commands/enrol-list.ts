/** The hosts that are asked for: one that is named, or those of a list; what the inventory lacks is shown and then added. */
import { Fault } from '#base/fault';
import { formOf, type InventoryForm, type Listed, readHosts } from '#enrolment';
import type { Desk } from '../desk.ts';
import { goOn } from './enrol-steps.ts';
import { readText } from './reading.ts';
import type { Options } from './spec.ts';

export type Asked = { readonly id: string; readonly listed: Listed | undefined };

export async function hostsAsked(
  desk: Desk,
  target: string | undefined,
  options: Options,
): Promise<readonly Asked[]> {
  const path = options['from'];
  if (typeof path !== 'string') {
    if (target === undefined)
      throw new Fault(
        'invalid',
        'invalid-input',
        'name a target, or a list of hosts with --from: holdfast help enroll',
      );
    return [{ id: target, listed: undefined }];
  }
  if (options['batch'] !== true)
    throw new Fault(
      'invalid',
      'invalid-input',
      'a list of hosts is enrolled with --batch: your ssh then asks nobody for anything',
    );
  const text = await readText(desk.io, path, 4 * 1024 * 1024);
  const form = (options['form'] as InventoryForm | undefined) ?? formOf(path, text);
  const listed = readHosts(form, text).map((each) => ({
    id: `host:${each.name.toLowerCase()}`,
    listed: each,
  }));
  const { targets } = (await desk.ask('target_list', {})) as {
    readonly targets: readonly { readonly id: string }[];
  };
  const fresh = listed.filter(({ id }) => !targets.some((known) => known.id === id));
  if (fresh.length > 0 && options['plan'] === true) {
    throw new Fault(
      'missing',
      'unknown-target',
      `not in fleet.yaml yet: ${fresh
        .slice(0, 10)
        .map(({ id }) => id)
        .join(
          ', ',
        )}${fresh.length > 10 ? ` and ${fresh.length - 10} more` : ''}. Without --plan they are added first`,
    );
  }
  if (fresh.length > 0) {
    desk.present(fresh, (paper) => {
      paper.whole({ text: `To be added to fleet.yaml: ${fresh.length}`, tone: 'strong' });
      for (const { id, listed: each } of fresh)
        paper.line(
          '  ',
          id,
          `  ${addressOf(each)}`,
          each.tags.length > 0 ? `  ${each.tags.join(' ')}` : '',
        );
    });
    await goOn(desk, options, 'Add them?');
    for (const { id, listed: each } of fresh) {
      await desk.ask('target_add', {
        target: id,
        transport: 'ssh',
        address: addressOf(each),
        hostType: 'linux',
        ...(each.tags.length > 0 ? { tags: [...each.tags] } : {}),
      });
    }
    desk.note(
      'fleet.yaml was edited: holdfast config sign puts it in force; until then nothing above T0 runs',
    );
  }
  return listed;
}

function addressOf({ address, port }: Listed): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return port === null || port === 22 ? address : `${host}:${port}`;
}
