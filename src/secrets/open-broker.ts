/** The port over the settings: a source for each account, and nothing between them. */
import { asFault } from '#base/fault';
import type { Account, KeyBroker, KeySource, SecretsParts, SourceReport } from './broker.ts';
import type { SourceSettings, TransportSettings } from './settings.ts';
import { agentKey, fileKey } from './standing-keys.ts';
import { vaultKey } from './vault/source.ts';

/** `own`: where the service's own key of an account lies. */
export function openKeyBroker(
  settings: TransportSettings,
  parts: SecretsParts,
  own: (account: Account) => string,
): KeyBroker {
  const sourceOf = (account: Account, source: SourceSettings): KeySource => {
    switch (source.kind) {
      case 'own':
        return fileKey(parts, own(account));
      case 'file':
        return fileKey(parts, source.file);
      case 'agent':
        return agentKey(parts, source);
      case 'vault':
        return vaultKey(parts, source, account);
    }
  };
  const sources = {
    reader: sourceOf('reader', settings.reader),
    runner: sourceOf('runner', settings.runner),
  };
  return {
    keyOf: (account) => sources[account].key(),
    report: (account) => reportOf(account, sources[account]),
    async [Symbol.asyncDispose]() {
      await Promise.all(Object.values(sources).map((each) => each[Symbol.asyncDispose]()));
    },
  };
}

async function reportOf(account: Account, from: KeySource): Promise<SourceReport> {
  const { source } = from;
  try {
    const { expires = null } = await from.key('again');
    const { trouble } = from;
    return trouble === null
      ? { account, source, ok: true, says: 'there', code: null, expires }
      : { account, source, ok: false, says: trouble.message, code: trouble.code, expires };
  } catch (thrown) {
    const { code, message } = asFault(thrown);
    return { account, source, ok: false, says: message, code, expires: null };
  }
}
