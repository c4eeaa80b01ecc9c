/** What the verifier's command line makes of `--host-key`. */
import { type BundleOptions, parsePublicKey } from '../../verifier/holdfast-verifier.mjs';

export const hostKey = (target: string, line: string): BundleOptions['hostKeys'][number] => ({
  target,
  key: parsePublicKey(line),
});
