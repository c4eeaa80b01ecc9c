/** The map itself. Everything it shows stands in the list beside it as well. */
import Graph from 'graphology';
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react';
import Sigma from 'sigma';
import { EdgeLineProgram } from 'sigma/rendering';
import { Button, visible } from '../../kit/index.ts';
import type { MapAnswer } from '../answers.ts';
import { lookOf, paletteOf } from './looks.ts';
import { places, rings } from './place.ts';
import { ShapeProgram } from './shape-program.ts';

const STEP = 0.15;
const GRAPH = { multi: true, type: 'directed' } as const;

type Attributes = {
  x: number;
  y: number;
  size: number;
  label: string;
  color: string;
  shape: string;
};

export function MapCanvas({
  map,
  selected,
  close,
  isLit,
  onSelect,
  onOpen,
}: {
  readonly map: MapAnswer;
  readonly selected: string;
  /** The node it is drawn around. */
  readonly close: string;
  /** What a search found; `undefined`: nothing was searched. */
  readonly isLit: ((id: string) => boolean) | undefined;
  readonly onSelect: (id: string) => void;
  readonly onOpen: (id: string) => void;
}): ReactNode {
  const frame = useRef<HTMLDivElement>(null);
  const sigma = useRef<Sigma>(undefined);
  const looked = useRef({ selected, isLit, onSelect, onOpen });
  looked.current = { selected, isLit, onSelect, onOpen };
  /** As what it was drawn last. */
  const drawn = useRef<Pick<typeof looked.current, 'selected' | 'isLit'>>(undefined);

  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const made = new Sigma(new Graph(GRAPH), element, {
      allowInvalidContainer: true,
      nodeProgramClasses: { shape: ShapeProgram as never },
      edgeProgramClasses: { line: EdgeLineProgram as never },
      defaultNodeType: 'shape',
      defaultEdgeType: 'line',
      itemSizesReference: 'positions',
      zoomToSizeRatioFunction: (ratio) => ratio,
      labelRenderedSizeThreshold: 7,
      labelDensity: 0.5,
      labelFont: 'system-ui, sans-serif',
      labelSize: 12,
      minCameraRatio: 0.01,
      maxCameraRatio: 3,
      hideEdgesOnMove: true,
      zIndex: true,
    });
    sigma.current = made;
    made.on('clickNode', ({ node }) => looked.current.onSelect(node));
    made.on('doubleClickNode', (event) => {
      event.preventSigmaDefault();
      looked.current.onOpen(event.node);
    });
    made.on('clickStage', () => looked.current.onSelect(''));
    const dress = (): void => {
      const colour = paletteOf(element);
      made.setSettings({
        labelColor: { color: colour('--ink') },
        defaultEdgeColor: colour('--line'),
        nodeReducer: (id, data) => {
          const { selected: chosen, isLit: lit } = looked.current;
          const graph = made.getGraph();
          const isNear = chosen !== '' && (id === chosen || graph.areNeighbors(id, chosen));
          const isDim =
            (chosen !== '' && !isNear) || (chosen === '' && lit !== undefined && !lit(id));
          const own = String(data['token']);
          return {
            ...data,
            color: colour(isDim ? '--line' : own),
            size: Number(data['size']) * (id === chosen ? 2 : 1),
            forceLabel: id === chosen || (isNear && graph.degree(chosen) < 40),
            label: isDim ? '' : String(data['label']),
            zIndex: isDim ? 0 : isNear ? 2 : 1,
          };
        },
        edgeReducer: (edge, data) => {
          const { selected: chosen } = looked.current;
          const isNear = chosen !== '' && made.getGraph().hasExtremity(edge, chosen);
          return {
            ...data,
            color: colour(isNear ? '--accent' : '--line'),
            hidden: chosen !== '' && !isNear,
            zIndex: isNear ? 1 : 0,
          };
        },
        defaultDrawNodeHover: (context, data) => {
          if (typeof data.label !== 'string' || data.label === '') return;
          context.font = '12px system-ui, sans-serif';
          const width = context.measureText(data.label).width + 12;
          context.fillStyle = colour('--raised');
          context.strokeStyle = colour('--line-strong');
          context.beginPath();
          context.rect(data.x + data.size + 3, data.y - 11, width, 22);
          context.fill();
          context.stroke();
          context.fillStyle = colour('--ink');
          context.fillText(data.label, data.x + data.size + 9, data.y + 4);
        },
      });
      made.refresh();
    };
    dress();
    const dark = window.matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', dress);
    const theme = new MutationObserver(dress);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => {
      dark.removeEventListener('change', dress);
      theme.disconnect();
      sigma.current = undefined;
      made.kill();
    };
  }, []);

  useEffect(() => {
    const made = sigma.current;
    if (made === undefined) return;
    // Whole, and drawn once: what is put into a graph that is shown is drawn one by one.
    const graph = graphOf(map, close);
    made.setCustomBBox(boxOf(graph));
    made.setGraph(graph);
    drawn.current = { selected: looked.current.selected, isLit: looked.current.isLit };
  }, [map, close]);

  useEffect(() => {
    const made = sigma.current;
    if (made === undefined) return;
    const before = drawn.current;
    if (before?.selected !== selected || before.isLit !== isLit)
      made.refresh({ skipIndexation: true });
    drawn.current = { selected, isLit };
    if (selected === '' || !made.getGraph().hasNode(selected)) return;
    const at = made.getNodeDisplayData(selected);
    const camera = made.getCamera();
    if (at !== undefined)
      void camera.animate({ x: at.x, y: at.y, ratio: Math.min(camera.ratio, 0.35) });
  }, [selected, isLit, map]);

  const move = (change: { x?: number; y?: number; zoom?: number }): void => {
    const camera = sigma.current?.getCamera();
    if (camera === undefined) return;
    const { x, y, ratio } = camera.getState();
    camera.setState({
      x: x + (change.x ?? 0) * ratio,
      y: y + (change.y ?? 0) * ratio,
      ratio: camera.getBoundedRatio(ratio * (change.zoom ?? 1)),
    });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const act = KEYS[event.key];
    if (event.key === 'Enter' && selected !== '') onOpen(selected);
    else if (event.key === 'Escape') onSelect('');
    else if (event.key === '0') void sigma.current?.getCamera().animatedReset();
    else if (act !== undefined) move(act);
    else return;
    event.preventDefault();
  };
  return (
    <div className="map-frame">
      <div
        ref={frame}
        className="map-canvas"
        // It moves with keys of its own; all it shows is in the list as well.
        tabIndex={0}
        role="application"
        aria-label="Map. Arrow keys move it, plus and minus zoom, 0 shows all, Enter opens what is chosen. The list beside it holds the same."
        onKeyDown={onKeyDown}
      />
      <div className="map-tools">
        <Button aria-label="Zoom in" onPress={() => move({ zoom: 0.7 })}>
          +
        </Button>
        <Button aria-label="Zoom out" onPress={() => move({ zoom: 1.4 })}>
          −
        </Button>
        <Button onPress={() => void sigma.current?.getCamera().animatedReset()}>All</Button>
      </div>
    </div>
  );
}

const KEYS: Readonly<Record<string, { x?: number; y?: number; zoom?: number }>> = {
  ArrowLeft: { x: -STEP },
  ArrowRight: { x: STEP },
  ArrowUp: { y: STEP },
  ArrowDown: { y: -STEP },
  '+': { zoom: 0.7 },
  '=': { zoom: 0.7 },
  '-': { zoom: 1.4 },
};

/** Less than this is shown no larger: two hosts are not two suns. */
const LEAST_SPAN = 24;

function boxOf(graph: Graph<Attributes>): { x: [number, number]; y: [number, number] } {
  const at: Record<'x' | 'y', number[]> = { x: [], y: [] };
  graph.forEachNode((_id, { x, y }) => {
    at.x.push(x);
    at.y.push(y);
  });
  const span = (all: readonly number[]): [number, number] => {
    const least = all.reduce((a, b) => Math.min(a, b), all[0] ?? 0);
    const most = all.reduce((a, b) => Math.max(a, b), all[0] ?? 0);
    const spare = Math.max(0, (LEAST_SPAN - (most - least)) / 2);
    return [least - spare, most + spare];
  };
  return { x: span(at.x), y: span(at.y) };
}

function graphOf(map: MapAnswer, close: string): Graph<Attributes> {
  const graph = new Graph<Attributes>(GRAPH);
  const centre = map.nodes.findIndex(({ id }) => id === close);
  const spots = centre === -1 ? places(map) : rings(map, centre);
  for (const [n, { id, kind, state }] of map.nodes.entries()) {
    const { shape, token, size } = lookOf(kind, state);
    const { x, y } = spots[n] ?? { x: 0, y: 0 };
    const grown = centre === -1 ? size : Math.min(size, 0.6);
    graph.addNode(id, {
      x,
      y,
      size: grown,
      label: labelOf(id),
      shape,
      token,
      color: '#888',
    } as Attributes);
  }
  for (const [from, to] of map.edges) {
    const a = map.nodes[from];
    const b = map.nodes[to];
    if (a !== undefined && b !== undefined) graph.addEdge(a.id, b.id, { size: 1 });
  }
  return graph;
}

/** Names come from hosts: what could hide or turn something around is written out here too. */
function labelOf(id: string): string {
  return visible(id.slice(0, 120))
    .map(({ text }) => text)
    .join('');
}
