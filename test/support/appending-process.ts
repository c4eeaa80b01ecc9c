/** Appends events until it is killed, and prints each one the moment it is acknowledged. */
import { writeSync } from 'node:fs';
import { openEventLog, openHeadFile } from '#evidence';
import { nodeClock, nodeFiles, nodeRandom } from '#machine';
import { anEvent } from '#samples/evidence';

const [home, principal] = process.argv.slice(2) as [string, string];
const files = nodeFiles();
await files.makeDirectory(home);
const log = await openEventLog({
  files,
  clock: nodeClock(),
  random: nodeRandom(),
  heads: await openHeadFile(files, `${home}/head`),
  directory: `${home}/log`,
  keys: `${home}/keys`,
  digests: { program: 'sha256:aa', configuration: 'sha256:bb' },
});

// Straight to the descriptor: what is printed has left this process before it can die.
const say = (kind: string, seq: number, id: string): void => {
  writeSync(1, `${kind} ${seq} ${id}\n`);
};

async function caller(name: number): Promise<never> {
  for (let i = 0; ; i += 1) {
    const requestId = `${name}.${i}`;
    const { written, durable } = log.append(anEvent({ requestId, principal }));
    say('written', (await written).seq, requestId);
    if (i % 3 === 0) say('durable', (await durable).seq, requestId);
  }
}

await Promise.all(Array.from({ length: 16 }, (_, name) => caller(name)));
