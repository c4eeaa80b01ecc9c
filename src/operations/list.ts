/** Everything a caller may ask for. Surfaces are made from this list; a name here is a promise. */
import type { Operation } from './operation.ts';

export const OPERATIONS: readonly Operation[] = [];
