/** The host files: those in force, and whether those a config brings may follow them. */
import { sha256 } from '#base/digest';
import { type ConfigDocument } from './document-values.ts';
import { configDocument, hostPolicyDocument } from './documents.ts';
import { type AuthorityFaultCode, authorityFault } from './faults.ts';
import type { HostFiles, HostView, ParsedFiles } from './host-view.ts';
import { parseRevocations } from './krl.ts';
import { parseSigners } from './signers.ts';

/** Files that are older than the config in force says were put back by somebody. */
export function filesInForce(host: HostView): ParsedFiles {
  const parsed = parseFiles(host.files);
  if (host.config === null) {
    throw authorityFault('signers-broken', 'no config is in force: enrol this host first');
  }
  const config = configDocument.parse(host.config);
  const older = (code: AuthorityFaultCode, name: string): never => {
    throw authorityFault(
      code,
      `a host file is older than the config in force says: ${name}. Put back the file of that config`,
    );
  };
  if (parsed.signers.version < config.signers.version) older('signers-broken', 'signers');
  if (parsed.revocations.version < config.revocations.version) {
    older('revocations-broken', 'revocations');
  }
  if (parsed.policy.version < config.hostPolicy.version) older('policy-broken', 'host-policy');
  return parsed;
}

export function parseFiles({ signers, revocations, hostPolicy }: HostFiles): ParsedFiles {
  return {
    signers: parseSigners(signers ?? ''),
    revocations: parseRevocations(revocations ?? Buffer.alloc(0)),
    policy: hostPolicyDocument.parse(hostPolicy ?? ''),
  };
}

export function requireSuccessor(
  { version, previous }: ConfigDocument,
  before: ConfigDocument | null,
  inForce: string,
): void {
  const least = before?.version ?? 0;
  if (version <= least) {
    throw authorityFault(
      'version-not-rising',
      `the config is not newer than the one in force: ${version}, in force ${least}. Make the next one from what is in force`,
    );
  }
  if (previous !== inForce) {
    throw authorityFault(
      'previous-mismatch',
      'the config follows another one than is in force here: make the next one from what is in force',
    );
  }
}

export function requireFiles(
  order: ConfigDocument,
  before: ConfigDocument | null,
  brought: { signers: string; revocations: Uint8Array; hostPolicy: string },
  parsed: ParsedFiles,
): void {
  const each = [
    { name: 'signers', bytes: brought.signers, file: parsed.signers },
    {
      name: 'revocations',
      bytes: brought.revocations,
      file: { ...parsed.revocations, previous: null },
    },
    { name: 'hostPolicy', bytes: brought.hostPolicy, file: parsed.policy },
  ] as const;
  for (const { name, bytes, file } of each) {
    const mark = order[name];
    const old = before?.[name] ?? null;
    const isOther = mark.version !== file.version || mark.hash !== sha256(bytes);
    const isEdited = old?.version === mark.version && old.hash !== mark.hash;
    if (isOther || isEdited) {
      throw authorityFault(
        'file-mismatch',
        `a host file is not the one that was signed: ${name}. Send the files the config was made with; an edited one has a higher version`,
      );
    }
    if (old === null || old.version === mark.version) continue;
    if (mark.version < old.version) {
      throw authorityFault(
        'version-not-rising',
        `a host file is older than the one in force: ${name}. Make the next one from what is in force`,
      );
    }
    if (file.previous !== null && file.previous !== old.hash) {
      throw authorityFault(
        'previous-mismatch',
        `a host file follows another one than is in force: ${name}. Make the next one from what is in force`,
      );
    }
  }
}
