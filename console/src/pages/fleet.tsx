/** Every target, at any moment of either clock. What is filtered, sorted and grouped stands in the address. */
import { memo, type ReactNode, useMemo, useRef } from 'react';
import { useAsk } from '../api/index.ts';
import { type ChangeLine, STATES, type States } from '../fleet/answers.ts';
import { Differences } from '../fleet/differences.tsx';
import { COLUMNS, FIRST_COLUMNS, FleetTable } from '../fleet/fleet-table.tsx';
import { type Chosen, question } from '../fleet/moment.ts';
import { FleetStateBadge } from '../fleet/state.tsx';
import { TimeSlider } from '../fleet/time-slider.tsx';
import { useFleet, useFleetAhead } from '../fleet/use-fleet.ts';
import { useMoment } from '../fleet/use-moment.ts';
import { type Steady, useSteady } from '../fleet/use-steady.ts';
import {
  Button,
  Check,
  Code,
  Empty,
  ErrorPanel,
  Field,
  LinkButton,
  Menu,
  MenuAction,
  Page,
  Panel,
  Select,
  Skeleton,
} from '../kit/index.ts';
import { useView } from '../use-view.ts';
import '../fleet/fleet.css';

const VIEW = {
  text: '',
  states: '',
  scope: '',
  environment: '',
  tag: '',
  group: '',
  sort: '',
  columns: FIRST_COLUMNS,
} as const;

const GROUPS = [
  ['', 'no groups'],
  ['scope', 'by scope'],
  ['state', 'by state'],
  ['environment', 'by environment'],
  ['tag', 'by tag'],
  ['owner', 'by owner'],
  ['hostType', 'by kind of host'],
  ['redundancySet', 'by redundancy set'],
] as const;
const ORDERS = [
  ['need', 'most in need first'],
  ['name', 'by name'],
  ['state', 'by state'],
  ['-findings', 'most findings'],
  ['seen', 'longest unseen'],
  ['scope', 'by scope'],
  ['environment', 'by environment'],
] as const;
/** Of the past rows stand still at each step, to be compared; of the present comes first what needs somebody. */
const orderOf = (sort: string, isPast: boolean): string =>
  sort !== '' ? sort : isPast ? 'name' : 'need';
const ENVIRONMENTS = ['production', 'staging', 'test', 'development', 'lab'] as const;

export function FleetPage(): ReactNode {
  const [view, set] = useView<keyof typeof VIEW>(VIEW);
  const moment = useMoment();
  const chosen = view.states.split(',').filter((state) => STATES.some((each) => each === state));
  const given = (name: 'text' | 'scope' | 'environment' | 'tag' | 'group'): object =>
    view[name] === '' ? {} : { [name]: view[name] };
  const filtered = {
    ...given('text'),
    ...given('scope'),
    ...given('environment'),
    ...given('tag'),
    ...given('group'),
    ...(chosen.length === 0 ? {} : { states: chosen }),
  };
  const at = (chosen: Chosen) => {
    const isStepping = chosen.asOf !== '' || chosen.knownAt !== '';
    const by = orderOf(view.sort, isStepping);
    const order = {
      sort: by.replace(/^-/, ''),
      ...(by.startsWith('-') ? { descending: true } : {}),
    };
    return { question: { ...question(chosen), ...filtered, ...order }, isStepping };
  };
  const sort = orderOf(view.sort, moment.isPast);
  const { question: asked } = at(moment.chosen);
  const fleet = useFleet(asked, moment.isPast);
  const { first, states, error, isPending, isOld } = fleet;
  const place = useRef<HTMLDivElement>(null);
  // In groups a place belongs to its group.
  const isHeld = view.group === '';
  const steady = useSteady(fleet.rows, { question: JSON.stringify(asked), isOld, isHeld, place });
  const askAhead = useFleetAhead(isOld);
  const waiting = useWaitingByTarget(moment.isPast);
  const isFiltered =
    chosen.length > 0 ||
    [view.text, view.scope, view.environment, view.tag].some((by) => by !== '');
  const columns = useMemo(() => {
    const names = view.columns.split(',');
    return COLUMNS.filter(({ id }) => id === 'name' || names.includes(id));
  }, [view.columns]);
  const isComparing = moment.versus !== '';
  return (
    <Page
      title="Fleet"
      lead="Every target, what is known of it, and how well. Move the sliders to see it as it was, or as it was known."
      actions={
        <LinkButton to="/fleet/map" search={moment.carried as never}>
          Map
        </LinkButton>
      }
    >
      <TimeSlider
        moment={moment}
        scope={view.scope}
        canCompare
        onStep={(to, then) => {
          if (!isComparing) askAhead(at(to), at(then));
        }}
      />
      <Filters
        text={view.text}
        scope={view.scope}
        environment={view.environment}
        group={view.group}
        tag={view.tag}
        columns={view.columns}
        sort={sort}
        isPast={moment.isPast}
        set={set}
      />
      <StateFilter chosen={view.states} states={states} set={set} />
      {error === null ? null : <ErrorPanel error={error} retry={fleet.retry} />}
      {isComparing ? (
        <Differences moment={moment} scope={view.scope} />
      ) : (
        <Panel
          flush
          title="Targets"
          aside={first === undefined ? null : `${first.total.toLocaleString('en')}`}
          actions={<Resort steady={steady} />}
        >
          {isPending ? <Skeleton rows={16} label="Loading the fleet" /> : null}
          {first === undefined ? null : first.total === 0 ? (
            <NoTargets isFiltered={isFiltered} />
          ) : (
            <div ref={place}>
              <FleetTable
                rows={steady.rows}
                total={first.total}
                groups={first.groups}
                columns={columns}
                sort={sort}
                onSort={(sort) => set({ sort })}
                waiting={waiting}
                carried={moment.carried}
                more={fleet.more}
                isOld={isOld}
                asOf={first.at.asOf}
              />
            </div>
          )}
        </Panel>
      )}
    </Page>
  );
}

/** Takes its room also while there is nothing to say, so that nothing moves when there is. */
function Resort({ steady: { isLate, settle } }: { readonly steady: Steady }): ReactNode {
  return (
    <>
      <span className="quiet small" role="status">
        {isLate ? 'The order is another now.' : ''}
      </span>
      <span className={isLate ? undefined : 'resort-quiet'}>
        <Button look="quiet" onPress={settle}>
          Sort again
        </Button>
      </span>
    </>
  );
}

function NoTargets({ isFiltered }: { readonly isFiltered: boolean }): ReactNode {
  if (isFiltered)
    return (
      <Empty
        title="No target fits"
        icon="fleet"
        action={<LinkButton to="/fleet">Show all</LinkButton>}
      >
        Change the filter to see the others.
      </Empty>
    );
  return (
    <Empty title="No targets yet" icon="fleet">
      <p>
        Targets stand in <code>fleet.yaml</code>. Name one at a terminal, then look at it; looking
        changes nothing there:
      </p>
      <Code
        label="Add a host and look at it"
        wrap
        text={
          'holdfast target add host:web-1 --host-type linux --transport ssh --address 10.0.0.5\nholdfast observe host:web-1'
        }
      />
    </Empty>
  );
}

type Set = ReturnType<typeof useView<keyof typeof VIEW>>[1];

/** What steps through time do not touch is not drawn again at each. */
const Filters = memo(function Filters({
  text,
  scope,
  environment,
  group,
  tag,
  columns,
  sort,
  isPast,
  set,
}: Readonly<
  Record<'text' | 'scope' | 'environment' | 'group' | 'tag' | 'columns' | 'sort', string>
> & {
  readonly isPast: boolean;
  readonly set: Set;
}): ReactNode {
  const scopes = useAsk<{ readonly scopes: readonly string[] }>(
    'describe_system',
    { section: 'vocabulary' },
    ['targets'],
  );
  const names = columns.split(',');
  return (
    <div className="filters" data-filter>
      <Field
        label="Filter"
        value={text}
        onChange={(text) => set({ text })}
        placeholder="name, address, owner, tag"
      />
      <Select
        label="Scope"
        value={scope}
        onChange={(scope) => set({ scope })}
        options={[
          ['', 'every scope'],
          ...(scopes.data?.scopes ?? []).map((each) => [each, each] as const),
        ]}
      />
      <Select
        label="Environment"
        value={environment}
        onChange={(environment) => set({ environment })}
        options={[['', 'every environment'], ...ENVIRONMENTS.map((each) => [each, each] as const)]}
      />
      <Select
        label="Order"
        value={sort}
        onChange={(chosen) => set({ sort: chosen === orderOf('', isPast) ? '' : chosen })}
        options={
          ORDERS.some(([each]) => each === sort)
            ? ORDERS
            : [
                ...ORDERS,
                [sort, `by ${sort.replace('-', '')}${sort.startsWith('-') ? ', backwards' : ''}`],
              ]
        }
      />
      <Select label="Group" value={group} onChange={(group) => set({ group })} options={GROUPS} />
      {tag === '' ? null : <Button onPress={() => set({ tag: '' })}>tag {tag} ✕</Button>}
      <Menu label="Columns" trigger="Columns">
        {COLUMNS.slice(1).map(({ id, name }) => (
          <MenuAction
            key={id}
            onAction={() =>
              set({
                columns: names.includes(id)
                  ? names.filter((each) => each !== id).join(',')
                  : [...names, id].join(','),
              })
            }
          >
            {names.includes(id) ? `✓ ${name}` : name}
          </MenuAction>
        ))}
      </Menu>
    </div>
  );
});

const StateFilter = memo(function StateFilter({
  chosen: text,
  states,
  set,
}: {
  readonly chosen: string;
  readonly states: States | null;
  readonly set: Set;
}): ReactNode {
  const chosen = text.split(',');
  return (
    <fieldset className="state-filter">
      <legend className="hidden-visually">States</legend>
      {STATES.map((state) => (
        <Check
          key={state}
          checked={chosen.includes(state)}
          onChange={(on) =>
            set({
              states: STATES.filter((each) => (each === state ? on : chosen.includes(each))).join(
                ',',
              ),
            })
          }
        >
          <FleetStateBadge state={state} />{' '}
          <span className="number quiet">{(states?.[state] ?? 0).toLocaleString('en')}</span>
        </Check>
      ))}
    </fieldset>
  );
});

/** Of the past it is not known what waited. */
function useWaitingByTarget(isPast: boolean): ReadonlyMap<string, number> {
  const { data } = useAsk<{ readonly changes: readonly ChangeLine[] }>(
    'changes_list',
    { pending: true, limit: 200 },
    ['changes'],
    { enabled: !isPast },
  );
  return useMemo(() => {
    const counts = new Map<string, number>();
    if (isPast) return counts;
    for (const { targets } of data?.changes ?? [])
      for (const target of targets) counts.set(target, (counts.get(target) ?? 0) + 1);
    return counts;
  }, [data, isPast]);
}
