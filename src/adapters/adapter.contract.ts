/**
 * What every adapter owes, run by each against a host of its own: the real script, and the simulated host that
 * stands in for it elsewhere.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  changeDocument,
  configDocument,
  formatRevocations,
  formatSigners,
  hostPolicyDocument,
  liftDocument,
  partDocument,
  receiptDocument,
  verifyByKey,
} from '#authority';
import { sha256 } from '#base/digest';
import {
  aChange,
  aConfig,
  aHostPolicy,
  aKey,
  aLift,
  aPart,
  theRevocations,
  theSigners,
} from '#samples/authority';
import type { Dispatch, Ended, Host, HostConfig } from './adapter.ts';

/** Enrolled for the organisation `example` of the samples, with nothing in force yet. */
export type ContractHost = {
  readonly host: Host;
  /** Seconds, by the host's clock. */
  readonly now: () => number;
  /** An account that it may run as. */
  readonly runAs: string;
  dispose(): Promise<void>;
};

const ALICE = aKey('alice');

type Asked = {
  readonly argv: readonly string[];
  readonly stdin?: string;
  readonly timeout?: number;
  readonly atomic?: boolean;
  readonly nonce?: string;
};

/** A host with a config in force, and hands to sign for it. */
export class Hands {
  readonly it: ContractHost;
  readonly host: Host;
  constructor(it: ContractHost) {
    this.it = it;
    this.host = it.host;
  }

  config(): HostConfig {
    const signers = formatSigners(theSigners());
    const revocations = formatRevocations(theRevocations());
    const hostPolicy = hostPolicyDocument.format(aHostPolicy());
    const order = configDocument.format(
      aConfig({
        issued: this.it.now(),
        signers: { version: 1, hash: sha256(signers) },
        revocations: { version: 1, hash: sha256(revocations) },
        hostPolicy: { version: 1, hash: sha256(hostPolicy) },
      }),
    );
    return {
      order,
      signatures: [ALICE.sign('holdfast-config@1', order)],
      signers,
      revocations,
      hostPolicy,
    };
  }

  async dispatch(asked: Asked): Promise<Dispatch> {
    const { hostId, epoch } = await this.host.status();
    const nonce = asked.nonce ?? randomBytes(16).toString('hex');
    const timeout = asked.timeout ?? 30;
    const stdin = asked.stdin ?? null;
    const part = partDocument.format(
      aPart({
        target: hostId,
        epoch,
        runAs: this.it.runAs,
        args: asked.argv,
        stdin: stdin === null ? null : sha256(stdin),
        files: [],
        conditions: [],
        step: { number: 1, of: 1 },
        direction: 'forward',
        timeout,
        atomic: asked.atomic ?? false,
        nonce,
      }),
    );
    const now = this.it.now();
    const order = changeDocument.format(
      aChange({
        tier: 'T2',
        quorum: 1,
        issued: now,
        notBefore: now - 5,
        runBy: now + 900,
        parts: [sha256(part)],
      }),
    );
    const signatures = [ALICE.sign('holdfast-change@1', order)];
    return { order, signatures, part, stdin, standing: null, nonce, timeoutSeconds: timeout };
  }

  async ended(asked: Asked): Promise<Ended> {
    const answer = await this.host.run(await this.dispatch(asked));
    assert.equal(answer.verdict, 'ran', JSON.stringify(answer));
    return answer.ended;
  }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

export function adapterContract(name: string, open: () => Promise<ContractHost>): void {
  const on = (what: string, test: (hands: Hands) => Promise<void>, inForce = true): void => {
    it(what, async () => {
      const opened = await open();
      try {
        const hands = new Hands(opened);
        if (inForce) {
          assert.deepEqual(await hands.host.config(hands.config()), { verdict: 'ok' });
        }
        await test(hands);
      } finally {
        await opened.dispose();
      }
    });
  };

  describe(`${name} as a host`, () => {
    on(
      'says who it is, and puts the first config in force once',
      async (hands) => {
        const { host } = hands;
        const before = await host.status();
        assert.equal(before.organisation, 'example');
        assert.equal(before.configVersion, 0);
        assert.equal(before.stopped, null);
        assert.match(before.receiptKey, /^ssh-ed25519 /);
        assert.ok(Math.abs(before.time - hands.it.now()) < 60);
        const refused = await host.run(await hands.dispatch({ argv: ['true'] }));
        assert.equal(refused.verdict === 'refused' && refused.code, 'signers-broken');

        const first = hands.config();
        assert.deepEqual(await host.config(first), { verdict: 'ok' });
        assert.equal((await host.status()).configVersion, 1);
        const again = await host.config(first);
        assert.equal(again.verdict === 'refused' && again.code, 'version-not-rising');
      },
      false,
    );

    on('runs a part once, and brings its receipt and output, also later', async (hands) => {
      const { host } = hands;
      const dispatch = await hands.dispatch({ argv: ['cat'], stdin: 'given é\n' });
      const answer = await host.run(dispatch);
      assert.equal(answer.verdict, 'ran', JSON.stringify(answer));
      const receipt = receiptDocument.parse(answer.ended.receipt.text);
      const { hostId, receiptKey } = await host.status();
      assert.equal(receipt.target, hostId);
      assert.equal(receipt.number, 1);
      assert.equal(receipt.order, sha256(dispatch.order));
      assert.equal(receipt.part, sha256(dispatch.part));
      assert.equal(receipt.nonce, dispatch.nonce);
      assert.equal(receipt.result, 'exited');
      assert.equal(receipt.status, 0);
      assert.equal(text(answer.ended.stdout), 'given é\n');
      assert.deepEqual(receipt.stdout, {
        sha256: sha256(answer.ended.stdout),
        length: answer.ended.stdout.length,
      });
      verifyByKey(
        answer.ended.receipt.text,
        'holdfast-receipt@1',
        answer.ended.receipt.signature,
        receiptKey.split(' ').slice(0, 2).join(' '),
      );

      const job = await host.job(dispatch.nonce);
      assert.equal(job.state === 'ended' && job.ended.receipt.text, answer.ended.receipt.text);
      const again = await host.run(dispatch);
      assert.equal(again.verdict === 'refused' && again.code, 'nonce-spent');

      const next = receiptDocument.parse((await hands.ended({ argv: ['true'] })).receipt.text);
      assert.equal(next.number, 2);
      assert.equal(next.previous, sha256(answer.ended.receipt.text));
    });

    on('says how a program ended, and runs nothing that was not signed', async (hands) => {
      const failed = receiptDocument.parse((await hands.ended({ argv: ['false'] })).receipt.text);
      assert.deepEqual([failed.result, failed.status], ['exited', 1]);
      const slow = await hands.ended({ argv: ['sleep', '30'], timeout: 1 });
      assert.equal(receiptDocument.parse(slow.receipt.text).result, 'timeout');

      const dispatch = await hands.dispatch({ argv: ['true'] });
      const other = await hands.dispatch({ argv: ['false'] });
      const swapped = await hands.host.run({ ...dispatch, part: other.part });
      assert.equal(swapped.verdict === 'refused' && swapped.code, 'not-a-part');
      const nobody = await hands.host.run({
        ...dispatch,
        signatures: [aKey('mallory').sign('holdfast-change@1', dispatch.order)],
      });
      assert.equal(nobody.verdict === 'refused' && nobody.code, 'unknown-signer');
      assert.deepEqual(await hands.host.job(dispatch.nonce), { state: 'unspent' });
    });

    on('spends a nonce without running it', async (hands) => {
      const dispatch = await hands.dispatch({ argv: ['true'] });
      assert.deepEqual(await hands.host.cancel([dispatch.nonce]), [dispatch.nonce]);
      assert.deepEqual(await hands.host.cancel([dispatch.nonce]), []);
      const refused = await hands.host.run(dispatch);
      assert.equal(refused.verdict === 'refused' && refused.code, 'nonce-spent');
      assert.deepEqual(await hands.host.job(dispatch.nonce), { state: 'cancelled' });
    });

    on('stops what runs, and starts again only by a signature', async (hands) => {
      const { host } = hands;
      const dispatch = await hands.dispatch({ argv: ['sleep', '1000'], timeout: 2000 });
      const running = host.run(dispatch);
      for (let state = 'unspent'; state !== 'running'; )
        state = (await host.job(dispatch.nonce)).state;
      await host.stop('stop-7');
      const stopped = await running;
      assert.equal(stopped.verdict, 'ran', JSON.stringify(stopped));
      assert.equal(receiptDocument.parse(stopped.ended.receipt.text).result, 'stopped');
      assert.equal((await host.status()).stopped, 'stop-7');
      const refused = await host.run(await hands.dispatch({ argv: ['true'] }));
      assert.equal(refused.verdict === 'refused' && refused.code, 'stopped');

      const now = hands.it.now();
      const lift = (stop: string): string =>
        liftDocument.format(aLift({ stop, issued: now, runBy: now + 300 }));
      const wrong = await host.lift(lift('stop-8'), [
        ALICE.sign('holdfast-lift@1', lift('stop-8')),
      ]);
      assert.equal(wrong.verdict === 'refused' && wrong.code, 'other-stop');
      const right = await host.lift(lift('stop-7'), [
        ALICE.sign('holdfast-lift@1', lift('stop-7')),
      ]);
      assert.deepEqual(right, { verdict: 'ok' });
      assert.equal((await host.status()).stopped, null);
      await hands.ended({ argv: ['true'] });
    });

    on('looks without touching anything', async (hands) => {
      const looked = await hands.host.look(['echo', 'a b', '$(id)'], 10);
      assert.deepEqual([looked.exit, text(looked.stdout), looked.cut], [0, 'a b $(id)\n', false]);
    });
  });
}
