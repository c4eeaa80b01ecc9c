/** Brings a host the configurations that it does not have yet, in order. */
import type { Host } from '#adapters';
import type { AuthorityRecord } from './authority-record.ts';

/** The version in force there afterwards, or the host's own refusal. */
export type Delivered =
  | { readonly verdict: 'ok'; readonly version: number }
  | {
      readonly verdict: 'refused';
      readonly version: number;
      readonly code: string;
      readonly detail: string;
    };

/** Throws where the host cannot be reached. */
export async function deliverConfigs(
  host: Host,
  records: readonly AuthorityRecord[],
): Promise<Delivered> {
  let { configVersion: version } = await host.status();
  for (const { config, texts } of records) {
    if (config.version <= version) continue;
    const answer = await host.config({
      order: texts.order,
      signatures: texts.signatures,
      signers: texts.signers,
      revocations: Buffer.from(texts.revocations, 'base64'),
      hostPolicy: texts.hostPolicy,
    });
    if (answer.verdict === 'refused') {
      return { verdict: 'refused', version, code: answer.code, detail: answer.detail };
    }
    version = config.version;
  }
  return { verdict: 'ok', version };
}
