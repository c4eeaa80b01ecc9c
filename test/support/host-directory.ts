/** A host directory laid out on disk, and the host's own script asked about one request. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { identityDocument, type OrderRequest } from '#authority';
import { sha256 } from '#base/digest';
import type { Trial } from './host-trials.ts';

/** Lays the host out in `directory` and asks the script; `ok`, or the code of its refusal. */
export function askHost({ view, request }: Trial, directory: string): string {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { mode: 0o700, recursive: true });
  const put = (name: string, content: string | Uint8Array | null): void => {
    if (content !== null) writeFileSync(join(directory, name), content);
  };
  for (const each of ['nonces', 'receipts', 'jobs', 'standing']) {
    mkdirSync(join(directory, each), { mode: 0o700 });
  }
  put('identity', identityDocument.format(view.identity));
  put('signers', view.files.signers);
  put('revocations', view.files.revocations);
  put('host-policy', view.files.hostPolicy);
  put('config', view.config);
  put('control-plane', view.controlPlane === null ? null : `${view.controlPlane}\n`);
  put('floor', `${view.floor}\n`);
  put(
    'witness',
    view.witness.map(({ size, root, issued }) => `${size} ${root} ${issued}\n`).join(''),
  );
  put('stop', view.stop === null ? null : `${view.stop}\n`);
  if (view.isEnrolling) put('enrolling', '');
  spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, 'receipt-key')]);
  for (const nonce of view.spent) put(`nonces/${nonce}`, `${sha256('some order')}\n`);
  for (const [digest, runs] of view.counted) {
    if (runs.length === 0) continue;
    mkdirSync(join(directory, 'standing', digest));
    put(`standing/${digest}/runs`, runs.map(({ at, core }) => `${at} ${core}\n`).join(''));
  }
  for (const { order, step } of view.ran) {
    const nonce = '77'.repeat(16);
    mkdirSync(join(directory, 'jobs', nonce));
    put(`jobs/${nonce}/part`, `step ${step}\ndirection forward\n`);
    put('receipts/1', `order ${order}\nnonce ${nonce}\nresult exited\n`);
  }
  const run = spawnSync('sh', [resolve('host/holdfast-host'), directory], {
    input: frameOf(request),
  });
  return verdictOf(run);
}

function verdictOf(run: SpawnSyncReturns<Buffer>): string {
  const answer = run.stdout.toString('latin1');
  const verdict = /^holdfast-answer 1\nverdict (ok|refused)\ncode (\S+)\n/.exec(answer);
  if (run.status !== 0 || verdict === null) {
    return `no answer: ${run.status} ${run.stderr.toString().slice(0, 300)}`;
  }
  return verdict[1] === 'ok' ? 'ok' : (verdict[2] ?? '');
}

function frameOf(request: OrderRequest): Buffer {
  const items: [string, Uint8Array][] = [['order', Buffer.from(request.order)]];
  for (const each of request.signatures) items.push(['signature', Buffer.from(each)]);
  switch (request.verb) {
    case 'run':
      items.push(['part', Buffer.from(request.part)]);
      if (request.stdin !== null) items.push(['stdin', request.stdin]);
      if (request.standing !== null) items.push(['standing', Buffer.from(request.standing)]);
      for (const each of request.standingSignatures) {
        items.push(['standing-signature', Buffer.from(each)]);
      }
      break;
    case 'lift':
      break;
    case 'config':
      items.push(
        ['signers', Buffer.from(request.signers)],
        ['revocations', request.revocations],
        ['host-policy', Buffer.from(request.hostPolicy)],
      );
  }
  const head = items.map(([name, bytes]) => `item ${name} ${bytes.length}\n`).join('');
  return Buffer.concat([
    Buffer.from(`holdfast-frame 1\nverb ${request.verb}\n${head}end\n`),
    ...items.map(([, bytes]) => bytes),
  ]);
}
