/**
 * Test files as `node --test` runs them, some at a time, but begun in the order they are given and not in that of the
 * alphabet: run-in-order.ts REPORT AT-ONCE FILE...
 */
import { createWriteStream } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import tally from './support/tally.ts';

const [report = '', atOnce = '', ...files] = process.argv.slice(2);
const told = run({ files, concurrency: Number(atOnce) });
told.on('test:fail', ({ skip, todo }) => {
  if (skip === undefined && todo === undefined) process.exitCode = 1;
});
told.compose(tally).pipe(createWriteStream(report));
told.compose(spec).pipe(process.stdout);
