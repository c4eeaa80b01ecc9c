/** What of `server.yaml` differs from what was signed, part by part, and what is in force of it: for people. */
import { keyLines } from '#strict-yaml';
import type { ServerSettings } from './settings.ts';

export type Difference = {
  /** Of the file as it lies there; 1 where it has no such part. */
  readonly line: number;
  readonly what: string;
  readonly written: string;
  readonly signed: string;
  readonly inForce: string;
};

const PARTS = [
  'url',
  'listen',
  'expose',
  'hosts',
  'tls',
  'proxy',
  'oidc',
  'oauth',
  'egress',
] as const;
type PartName = (typeof PARTS)[number];

/** `signed`: in words where there is no value of it. */
export function serverDifferences(
  text: string | undefined,
  written: ServerSettings,
  signed: ServerSettings | string,
  inForce: ServerSettings,
): readonly Difference[] {
  const lineOf = keyLines(text ?? '');
  return PARTS.flatMap((what) => {
    const [now, was, counts] = [written, signed, inForce].map((each) =>
      typeof each === 'string' ? each : inWords(what, each),
    ) as [string, string, string];
    if (now === counts && (typeof signed === 'string' || now === was)) return [];
    return { line: lineOf(what), what, written: now, signed: was, inForce: counts };
  });
}

function inWords(part: PartName, of: ServerSettings): string {
  switch (part) {
    case 'url':
      return of.url.origin;
    case 'listen':
      return of.listen === null ? 'loopback' : `${of.listen.host} port ${of.listen.port}`;
    case 'expose':
      return String(of.expose);
    case 'hosts':
      return listed(of.hosts);
    case 'tls':
      return of.tls === null ? 'none' : `${of.tls.certificate} with ${of.tls.key}`;
    case 'proxy':
      return of.proxy === null ? 'none' : `from ${listed(of.proxy.from)}`;
    case 'oidc': {
      if (of.oidc === null) return 'none';
      const { issuer, clientId, clientSecretFile, groups, groupsHours } = of.oidc;
      const more = [
        ...(clientSecretFile === null ? [] : [`secret in ${clientSecretFile}`]),
        ...(groups === null ? [] : [`groups in ${groups} for ${groupsHours} h`]),
      ];
      return [`${issuer} as ${clientId}`, ...more].join(', ');
    }
    case 'oauth':
      return oauthInWords(of.oauth);
    case 'egress': {
      const { allow, among } = of.egress;
      return among === undefined
        ? listed(allow)
        : `what both allow: ${listed(allow)}, and ${listed(among)}`;
    }
  }
}

function oauthInWords(oauth: ServerSettings['oauth']): string {
  if (oauth.mode !== 'external') return oauth.mode;
  const { mode, issuer, tokens, audience } = oauth;
  return [
    mode,
    issuer,
    ...(tokens === 'jwt' ? ['tokens as plain JWTs'] : []),
    ...(audience === null ? [] : [`for ${audience}`]),
  ].join(', ');
}

function listed(items: readonly string[]): string {
  return items.length === 0 ? 'none' : items.join(', ');
}
