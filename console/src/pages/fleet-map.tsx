/** What is tied to what, at any moment of either clock: as a map, and as a list that holds the same. */
import { Link, useNavigate } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useCallback, useEffect, useMemo } from 'react';
import { useAsk } from '../api/index.ts';
import { type MapAnswer, STATES } from '../fleet/answers.ts';
import { hasWebGl } from '../fleet/map/looks.ts';
import { question } from '../fleet/moment.ts';
import { FleetStateBadge, STATE_LOOKS } from '../fleet/state.tsx';
import { TimeSlider } from '../fleet/time-slider.tsx';
import { useMoment } from '../fleet/use-moment.ts';
import {
  Button,
  Choice,
  Empty,
  ErrorPanel,
  Field,
  Foreign,
  LinkButton,
  Page,
  Panel,
  Skeleton,
} from '../kit/index.ts';
import { useView } from '../use-view.ts';
import '../fleet/fleet.css';

const VIEW = { text: '', focus: '', close: '', show: 'map' } as const;
const LISTED = 200;
const WHOLE_LIST = 1_000;

const loadCanvas = () => import('../fleet/map/canvas.tsx');
const MapCanvas = lazy(async () => ({ default: (await loadCanvas()).MapCanvas }));

type Node = MapAnswer['nodes'][number];

export function FleetMapPage(): ReactNode {
  const [view, set] = useView<keyof typeof VIEW>(VIEW);
  const moment = useMoment();
  const navigate = useNavigate();
  const canDraw = useMemo(() => hasWebGl(), []);
  const isMap = canDraw && view.show !== 'list';
  // While the map is asked for.
  useEffect(() => {
    if (isMap) void loadCanvas();
  }, [isMap]);
  const { data, error, isPending, refetch } = useAsk<MapAnswer>(
    'fleet_map',
    { ...question(moment.chosen), ...(view.close === '' ? {} : { target: view.close }) },
    ['facts', 'findings', 'targets'],
    { keep: true },
  );
  const found = useMemo(() => {
    const part = view.text.toLowerCase();
    const nodes = data?.nodes ?? [];
    return part === '' ? nodes : nodes.filter(({ id }) => id.toLowerCase().includes(part));
  }, [data, view.text]);
  const lit = useMemo(
    () => (view.text === '' ? undefined : new Set(found.map(({ id }) => id))),
    [found, view.text],
  );
  const isLit = useMemo(() => (lit === undefined ? undefined : (id: string) => lit.has(id)), [lit]);
  const select = useCallback((id: string) => set({ focus: id }), [set]);
  const open = (id: string): void => {
    const target = data?.nodes.find((node) => node.id === id)?.target;
    if (target === null || target === undefined) return;
    void navigate({
      to: '/targets/$id',
      params: { id: target },
      search: moment.carried,
    } as never);
  };
  const chosen = data?.nodes.find(({ id }) => id === view.focus);
  const leftOut = data?.leftOut.nodes ?? 0;
  return (
    <Page
      title="Map"
      lead="What is tied to what: networks, dependencies, bastions and redundancy sets, as facts tell of them."
      actions={
        <LinkButton to="/fleet" search={moment.carried as never}>
          Fleet
        </LinkButton>
      }
    >
      <TimeSlider moment={moment} />
      <div className="filters" data-filter>
        <Field
          label="Find"
          value={view.text}
          onChange={(text) => set({ text })}
          placeholder="part of a name"
        />
        {canDraw ? (
          <Choice
            label="Show as"
            value={view.show}
            onChange={(show) => set({ show })}
            options={[
              ['map', 'Map'],
              ['list', 'List'],
            ]}
          />
        ) : null}
        {view.close === '' ? null : (
          <Button onPress={() => set({ close: '' })}>Leave the close look at {view.close}</Button>
        )}
      </div>
      {canDraw ? null : (
        <p className="quiet">
          This browser cannot draw the map (no WebGL). The list holds the same.
        </p>
      )}
      {error === null ? null : <ErrorPanel error={error} retry={() => void refetch()} />}
      {leftOut === 0 ? null : (
        <p className="quiet" role="note">
          {leftOut.toLocaleString('en')} more are left out: those that stand well and few things are
          tied to. Look closely at one to see all that is near it.
        </p>
      )}
      <div className={isMap ? 'map-columns' : undefined}>
        {isMap ? (
          <div className="map-side">
            {data === undefined ? (
              <div className="map-frame">
                <Skeleton rows={12} label="Loading the map" />
              </div>
            ) : (
              <Suspense
                fallback={
                  <div className="map-frame">
                    <Skeleton rows={12} label="Loading the map" />
                  </div>
                }
              >
                <MapCanvas
                  map={data}
                  selected={view.focus}
                  close={view.close}
                  isLit={isLit}
                  onSelect={select}
                  onOpen={open}
                />
              </Suspense>
            )}
            <Legend />
          </div>
        ) : null}
        <div className="map-side">
          {chosen === undefined || data === undefined ? null : (
            <Chosen
              node={chosen}
              map={data}
              carried={moment.carried}
              onSelect={select}
              onClose={(close) => set({ close, focus: '' }, { push: true })}
            />
          )}
          <Panel
            title="On the map"
            flush
            aside={isPending ? null : `${found.length.toLocaleString('en')}`}
          >
            {isPending ? <Skeleton rows={8} /> : null}
            {data !== undefined && found.length === 0 ? (
              <Empty title="Nothing has such a name">
                <p>Search for a part of it.</p>
              </Empty>
            ) : null}
            <NodeList
              nodes={found}
              map={data}
              most={isMap ? LISTED : WHOLE_LIST}
              isLong={!isMap}
              selected={view.focus}
              onSelect={select}
            />
          </Panel>
        </div>
      </div>
    </Page>
  );
}

const GLYPHS = {
  healthy: '●',
  partial: '◯',
  odd: '▲',
  stale: '◆',
  never: '◯',
  unreachable: '✕',
} as const;

function Legend(): ReactNode {
  return (
    <ul className="map-legend plain-list small">
      {STATES.toReversed().map((state) => (
        <li key={state} title={STATE_LOOKS[state].says}>
          <span aria-hidden="true" className={`glyph glyph-${state}`}>
            {GLYPHS[state]}
          </span>{' '}
          {state}
        </li>
      ))}
      <li>
        <span aria-hidden="true" className="glyph">
          ■
        </span>{' '}
        shared: networks, sets
      </li>
    </ul>
  );
}

function NodeName({ node }: { readonly node: Node }): ReactNode {
  // The inventory names targets; everything else was named by a host.
  return node.target === node.id ? (
    node.id
  ) : (
    <Foreign text={node.id} from={node.target ?? 'a host'} />
  );
}

function NodeList({
  nodes,
  map,
  most,
  isLong,
  selected,
  onSelect,
}: {
  readonly nodes: readonly Node[];
  readonly map: MapAnswer | undefined;
  readonly most: number;
  readonly isLong: boolean;
  readonly selected: string;
  readonly onSelect: (id: string) => void;
}): ReactNode {
  const degrees = useMemo(() => {
    const counts = new Map<number, number>();
    for (const [from, to] of map?.edges ?? [])
      for (const n of [from, to]) counts.set(n, (counts.get(n) ?? 0) + 1);
    return new Map((map?.nodes ?? []).map(({ id }, n) => [id, counts.get(n) ?? 0]));
  }, [map]);
  const shown = useMemo(
    () =>
      nodes
        .toSorted(
          (a, b) => rank(a) - rank(b) || (degrees.get(b.id) ?? 0) - (degrees.get(a.id) ?? 0),
        )
        .slice(0, most),
    [nodes, degrees, most],
  );
  return (
    <>
      <ul className={isLong ? 'lines' : 'lines map-list'}>
        {shown.map((node) => (
          <li key={node.id}>
            <button
              type="button"
              className="line-main line-button"
              aria-pressed={node.id === selected}
              onClick={() => onSelect(node.id === selected ? '' : node.id)}
            >
              <NodeName node={node} />
            </button>
            {node.state === null ? (
              <span className="quiet small">{node.kind}</span>
            ) : (
              <FleetStateBadge state={node.state} />
            )}
            <span className="line-under quiet small">{degrees.get(node.id) ?? 0} ties</span>
          </li>
        ))}
      </ul>
      {nodes.length > shown.length ? (
        <p className="panel-note quiet small">
          The first {shown.length}, those that need somebody before others. Search for the rest.
        </p>
      ) : null}
    </>
  );
}

function rank({ state }: Node): number {
  if (state === null) return 5.5;
  return STATES.indexOf(state);
}

const NEAR = 60;

function Chosen({
  node,
  map,
  carried,
  onSelect,
  onClose,
}: {
  readonly node: Node;
  readonly map: MapAnswer;
  readonly carried: Readonly<Record<string, string>>;
  readonly onSelect: (id: string) => void;
  readonly onClose: (target: string) => void;
}): ReactNode {
  const ties = useMemo(() => tiesOf(map, node.id), [map, node.id]);
  const { target } = node;
  return (
    <Panel
      title="Chosen"
      flush
      aside={node.state === null ? node.kind : <FleetStateBadge state={node.state} />}
    >
      <div className="panel-note">
        <strong>
          <NodeName node={node} />
        </strong>
        {target === null ? null : (
          <>
            <Link to="/targets/$id" params={{ id: target } as never} search={carried as never}>
              Open {target === node.id ? 'it' : target}
            </Link>
            <Button onPress={() => onClose(target)}>Look closely</Button>
          </>
        )}
      </div>
      <ul className="lines map-list">
        {ties.slice(0, NEAR).map(({ kind, other, isOut }) => (
          <li key={`${kind} ${other.id} ${isOut}`}>
            <button
              type="button"
              className="line-main line-button"
              onClick={() => onSelect(other.id)}
            >
              {isOut ? '→' : '←'} <NodeName node={other} />
            </button>
            <span className="quiet small">{kind}</span>
          </li>
        ))}
      </ul>
      {ties.length > NEAR ? (
        <p className="panel-note quiet small">and {ties.length - NEAR} more</p>
      ) : null}
    </Panel>
  );
}

function tiesOf(
  { nodes, edges, kinds }: MapAnswer,
  id: string,
): readonly { readonly kind: string; readonly other: Node; readonly isOut: boolean }[] {
  return edges.flatMap(([from, to, kind]) => {
    const isOut = nodes[from]?.id === id;
    if (!isOut && nodes[to]?.id !== id) return [];
    const other = nodes[isOut ? to : from];
    return other === undefined ? [] : [{ kind: kinds[kind] ?? '', other, isOut }];
  });
}
