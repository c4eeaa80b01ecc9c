/** How nodes look: shape and colour by state, size by kind. Colours are those of the page, read from it. */
import type { FleetState } from '../answers.ts';
import type { Shape } from './shape-program.ts';

export const STATE_SHAPES: Readonly<Record<FleetState, readonly [Shape, string]>> = {
  healthy: ['disc', '--good'],
  partial: ['ring', '--info'],
  odd: ['triangle', '--warn'],
  stale: ['diamond', '--warn'],
  never: ['ring', '--line-strong'],
  unreachable: ['cross', '--bad'],
};
const OTHER = ['square', '--ink-3'] as const;
/** In the units of places, so that nothing overlaps however near or far it is looked at. */
const SIZES: Readonly<Record<string, number>> = { network: 1.6, redundancy_set: 0.5, cluster: 1.6 };

export function lookOf(
  kind: string,
  state: FleetState | null,
): { readonly shape: Shape; readonly token: string; readonly size: number } {
  const [shape, token] = state === null ? OTHER : STATE_SHAPES[state];
  return { shape, token, size: SIZES[kind] ?? (state === null ? 0.5 : 0.7) };
}

/** Token to a colour as the screen shows it now. */
export function paletteOf(element: HTMLElement): (token: string) => string {
  const known = new Map<string, string>();
  const probe = document.createElement('span');
  return (token) => {
    const found = known.get(token);
    if (found !== undefined) return found;
    probe.style.color = `var(${token})`;
    element.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    known.set(token, colour);
    return colour;
  };
}

export function hasWebGl(): boolean {
  try {
    return document.createElement('canvas').getContext('webgl') !== null;
  } catch {
    return false;
  }
}
