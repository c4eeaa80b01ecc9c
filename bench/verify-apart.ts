/**
 * Verifies a log in a process of its own and says how long it took and what it needed.
 *
 *   verify-apart.ts ours|floor <directory>
 */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readHead, readJournalKeys, readPins, verifyLog } from '#evidence';
import { nodeFiles } from '#machine';
import { journalPath } from '../src/evidence/journal.ts';
import { MAC_BYTES } from '../src/evidence/log-key.ts';
import { bundlePath } from '../src/evidence/tiles.ts';

const [who, directory = ''] = process.argv.slice(2);
const log = join(directory, 'log');
const began = performance.now();
const { holds, records } = who === 'ours' ? await ours() : floor();
console.log(
  JSON.stringify({
    holds,
    records,
    seconds: (performance.now() - began) / 1_000,
    peakMiB: peakMiB(),
  }),
);

async function ours(): Promise<{ holds: boolean; records: number }> {
  const files = nodeFiles();
  const report = await verifyLog({
    files,
    directory: log,
    head: await readHead(files, join(directory, 'head')),
    journalKeys: await readJournalKeys(files, join(directory, 'keys')),
    pins: await readPins(files, join(directory, 'keys')),
  });
  return { holds: report.ok, records: report.size };
}

/** Reads every record, parses it and follows the chain; no tree, no signature, no tile. */
function floor(): { holds: boolean; records: number } {
  let previous = '0'.repeat(64);
  let holds = true;
  let records = 0;
  const read = (file: Buffer, after: number): void => {
    for (let at = 0; at < file.length; ) {
      const end = at + 2 + file.readUInt16BE(at);
      const line = file.subarray(at + 2, end);
      const { prev } = JSON.parse(line.toString('utf8')) as { prev: string };
      holds &&= prev === previous;
      previous = hash('sha256', line, 'hex');
      records += 1;
      at = end + after;
    }
  };
  for (let bundle = 0; ; bundle += 1) {
    const folded = tryRead(bundlePath(log, bundle));
    if (folded !== undefined) read(folded, 0);
    else {
      const tail = tryRead(journalPath(log, bundle));
      if (tail === undefined) return { holds, records };
      read(tail, MAC_BYTES);
    }
  }
}

/** Of this program alone: what `getrusage` says begins with the parent's memory at the fork. */
function peakMiB(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1_024;
}

function tryRead(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
