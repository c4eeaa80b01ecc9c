/** A file that decides, edited since operators signed it: what differs, what is in force of it, and which command signs it. */
import * as z from 'zod/v4';

export const unsignedEdit = z.strictObject({
  code: z.enum(['server-unsigned', 'access-unsigned']),
  file: z.string(),
  state: z
    .enum(['edited', 'unknown', 'never'])
    .describe('unknown: nobody knows any more what was signed; never: nobody may sign yet'),
  digest: z
    .string()
    .nullable()
    .describe('SHA-256 of the file as it lies there; null: there is none'),
  says: z.string(),
  differs: z.array(
    z.strictObject({
      at: z.string().describe('file:line'),
      what: z.string(),
      written: z.string(),
      signed: z.string(),
      inForce: z.string(),
    }),
  ),
  next: z.string(),
});
export type UnsignedEdit = z.output<typeof unsignedEdit>;
