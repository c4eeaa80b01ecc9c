/** Bundles and proofs of a paper fleet, made as the service makes them: the real log, real signatures, real receipts. */
import { configDocument, NAMESPACES, publicKeyLine, signSshsig } from '#authority';
import { makeBundle } from '#evidence';
import { changeMaterial } from '#execution';
import type { ProofPowers } from '#operations';
import { planDigest } from '#planning';
import { aKey } from '#samples/authority';
import type { AuthorityRecord } from '../../src/main/authority-record.ts';
import { bundleParts } from '../../src/main/bundle-parts.ts';
import { logProofs } from '../../src/main/log-proofs.ts';
import type { World } from './change-world.ts';

const LOG = '/data/log';

type BentOrder = { text: string; signatures: object[]; parts: string[]; standing: null };
export type BentParts = { readonly orders: BentOrder[] };

export function paperProof(
  world: World,
  witnesses: readonly string[] = [],
  /** Before it is put together and signed: whoever bends is taken to hold the key of the log. */
  bend: (parts: BentParts) => void = () => {},
): Pick<ProofPowers, 'bundle' | 'checkpoint' | 'prove'> {
  const { files, log, store, controlPlane } = world;
  return {
    ...logProofs(files, log, LOG, witnesses),
    async bundle(changeId) {
      const material = changeMaterial(store.changes, changeId, world.clock.now());
      const { config = '', signatures = [] } = material.inForce ?? {};
      // What of a record a bundle needs; alice signs every config on paper.
      const record = {
        texts: { order: config, signatures },
        config: configDocument.parse(config),
        signed: [{ operator: 'alice', assurance: 'same-user', key: aKey('alice').line }],
      } as unknown as AuthorityRecord;
      const parts = await bundleParts(material, [record], {
        line: publicKeyLine(controlPlane),
        signRun: async (text) => signSshsig(controlPlane, NAMESPACES.run, text),
      });
      bend(parts as unknown as BentParts);
      const plan = planDigest(material.plan);
      const events = (await log.read({}, 10_000)).filter(
        ({ more }) => more?.['change'] === changeId && more['plan'] === plan,
      );
      const bundle = await makeBundle({ log, files, directory: LOG }, changeId, parts, events);
      return { changeId, bundle, notices: [] };
    },
  };
}
