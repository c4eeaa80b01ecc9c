/**
 * The few shapes that attribute values take. They are loose on purpose: other sources than ours
 * speak of the same kinds, and `null` is a value everywhere (known to be nothing).
 */
import * as z from 'zod/v4';
import type { AttributeSpec, ValueForm } from './kinds.ts';

type Marks = Omit<AttributeSpec, 'schema' | 'about'>;

const shapes = {
  text: z.string().nullable(),
  number: z.number().nullable(),
  flag: z.boolean().nullable(),
  list: z.array(z.string()).nullable(),
  textOrList: z.union([z.string(), z.array(z.string())]).nullable(),
  textOrNumber: z.union([z.string(), z.number()]).nullable(),
  /** An edge of the graph, or the plain name where a source knows no more. */
  edge: z.union([z.object({ ref: z.string() }), z.string()]).nullable(),
  edges: z.array(z.union([z.object({ ref: z.string() }), z.string()])).nullable(),
  /** RFC 3339. */
  time: z.string().max(40).nullable(),
} as const;

/** What the shape alone says of how values are written. */
const FORMS: Partial<Record<keyof typeof shapes, ValueForm>> = {
  flag: 'flag',
  time: 'time',
  edges: 'set',
};

export function attribute(
  shape: keyof typeof shapes,
  about: string,
  marks: Marks = {},
): AttributeSpec {
  const unit = marks.unit === 'bytes' || marks.unit === 'seconds' ? marks.unit : undefined;
  const form = FORMS[shape] ?? unit;
  return { schema: shapes[shape], about, ...(form === undefined ? {} : { form }), ...marks };
}

/** Moves by itself: shown, never a finding. */
export function moving(
  shape: keyof typeof shapes,
  about: string,
  marks: Marks = {},
): AttributeSpec {
  return attribute(shape, about, { ...marks, volatile: true });
}
