/** Which targets: all that one reaches, some by name, or by tag. */
import { type ReactNode, useMemo, useState } from 'react';
import { useAsk } from '../api/index.ts';
import { Button, Check, Choice, Field, Icon, Skeleton } from '../kit/index.ts';

export type Picked = {
  readonly how: 'all' | 'named' | 'tags';
  readonly ids: readonly string[];
  readonly tags: readonly string[];
};
export const EVERYTHING: Picked = { how: 'all', ids: [], tags: [] };

type Targets = {
  readonly targets: readonly {
    readonly id: string;
    readonly environment: string;
    readonly tags: readonly string[];
  }[];
};

const SHOWN = 30;

export function TargetPicker({
  picked,
  onPick,
}: {
  readonly picked: Picked;
  readonly onPick: (picked: Picked) => void;
}): ReactNode {
  const { data } = useAsk<Targets>('target_list', {}, ['targets']);
  const [find, setFind] = useState('');
  const tags = useMemo(
    () => [...new Set((data?.targets ?? []).flatMap((target) => target.tags))].toSorted(),
    [data],
  );
  const matching = (data?.targets ?? []).filter(({ id, environment }) =>
    `${id} ${environment}`.toLowerCase().includes(find.toLowerCase()),
  );
  const flip = (list: readonly string[], name: string, on: boolean): readonly string[] =>
    on ? [...list, name] : list.filter((each) => each !== name);
  return (
    <fieldset className="picker">
      <legend>On which targets</legend>
      <Choice
        label="On which targets"
        value={picked.how}
        onChange={(how) => onPick({ ...picked, how: how as Picked['how'] })}
        options={[
          ['all', 'All that you reach'],
          ['named', 'Some'],
          ['tags', 'By tag'],
        ]}
      />
      {picked.how === 'named' ? (
        <div className="stack">
          {picked.ids.length === 0 ? null : (
            <ul className="row">
              {picked.ids.map((id) => (
                <li key={id}>
                  <Button
                    look="quiet"
                    onPress={() => onPick({ ...picked, ids: flip(picked.ids, id, false) })}
                  >
                    <bdi>{id}</bdi> <Icon name="close" label="Leave out" />
                  </Button>
                </li>
              ))}
            </ul>
          )}
          <Field
            label="Find targets"
            value={find}
            onChange={setFind}
            placeholder="name or environment"
          />
          {data === undefined ? (
            <Skeleton rows={3} />
          ) : (
            <ul className="picker-list">
              {matching.slice(0, SHOWN).map(({ id, environment }) => (
                <li key={id}>
                  <Check
                    checked={picked.ids.includes(id)}
                    onChange={(on) => onPick({ ...picked, ids: flip(picked.ids, id, on) })}
                  >
                    <bdi>{id}</bdi> <span className="quiet">{environment}</span>
                  </Check>
                </li>
              ))}
            </ul>
          )}
          {matching.length > SHOWN ? (
            <p className="quiet small">{matching.length - SHOWN} more: narrow the search.</p>
          ) : null}
        </div>
      ) : null}
      {picked.how === 'tags' ? (
        tags.length === 0 ? (
          <p className="quiet">No target of yours has a tag: give them some in fleet.yaml.</p>
        ) : (
          <ul className="picker-list">
            {tags.map((tag) => (
              <li key={tag}>
                <Check
                  checked={picked.tags.includes(tag)}
                  onChange={(on) => onPick({ ...picked, tags: flip(picked.tags, tag, on) })}
                >
                  <bdi>{tag}</bdi>{' '}
                  <span className="quiet">
                    {data?.targets.filter((target) => target.tags.includes(tag)).length} targets
                  </span>
                </Check>
              </li>
            ))}
          </ul>
        )
      ) : null}
    </fieldset>
  );
}

/** As an operation takes it; `undefined`: nothing was picked yet. */
export function pickedInput({ how, ids, tags }: Picked): object | undefined {
  if (how === 'all') return {};
  if (how === 'named') return ids.length === 0 ? undefined : { targets: ids };
  return tags.length === 0 ? undefined : { tags };
}
