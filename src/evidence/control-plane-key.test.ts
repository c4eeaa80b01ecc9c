import assert from 'node:assert/strict';
import { verify } from 'node:crypto';
import { describe, it } from 'node:test';
import { SimulatedDisk } from '#test/simulated-files';
import { seededRandom } from '#test/simulated-log';
import { throwsFault } from '#test/throws-fault';
import { type ControlPlaneKey, openControlPlaneKey } from './control-plane-key.ts';

const disk = new SimulatedDisk();
const open = (): Promise<ControlPlaneKey> =>
  openControlPlaneKey({ files: disk.start(), random: seededRandom(1), keys: '/keys' });

describe('the key that signs run orders', () => {
  it('is made once, kept for its owner alone, and signs SSHSIG blobs and nothing else', async () => {
    const first = await open();
    const again = await open();
    const blob = Buffer.from('SSHSIG and what follows');
    const signature = await first.sign(blob);
    assert.ok(verify(undefined, blob, again.publicKey, signature));
    assert.equal(disk.stored.get('/keys/control-plane.pem')?.mode, 0o600);
    for (const other of ['holdfast/x\n1\nroot\n', 'DSSEv1 1 a 1 b', '']) {
      await throwsFault(() => first.sign(Buffer.from(other)), 'invariant');
    }
    disk.put('/keys/control-plane.pem', Buffer.from('x'));
    await throwsFault(open, 'control-plane-key-unreadable');
  });
});
