/** Leases as the service tells them, and the configuration that a client of an assistant takes. */
export type Lease = {
  readonly id: string;
  readonly label: string;
  readonly status: 'active' | 'expired' | 'revoked';
  readonly profile: string;
  readonly capabilities: readonly string[];
  readonly scopes: 'all' | readonly string[];
  readonly targets: 'all' | { readonly ids: readonly string[]; readonly tags: readonly string[] };
  readonly ceiling: string;
  readonly issuedBy: string;
  readonly issuedAt: string;
  readonly expiresAt: string;
  readonly via: string;
  readonly resource: string | null;
  readonly revoked: { readonly at: string; readonly by: string; readonly reason: string } | null;
  readonly uses: number;
  readonly failures: number;
  readonly lastUsedAt: string | null;
  readonly lastOperation: string | null;
  /** Of the identity provider: whoever brings its tokens. */
  readonly token?: { readonly issuer: string; readonly subject: string; readonly client: string };
};

export type LeaseProfiles = {
  readonly profiles: readonly {
    readonly profile: string;
    readonly says: string;
    readonly capabilities: readonly string[];
    readonly ceiling: string;
  }[];
  readonly seconds: { readonly least: number; readonly usual: number; readonly most: number };
};

export function targetsText({ targets, scopes }: Pick<Lease, 'targets' | 'scopes'>): string {
  const within = scopes === 'all' ? '' : ` of ${scopes.join(', ')}`;
  if (targets === 'all') return `every target${within}`;
  const named = [...targets.ids, ...targets.tags.map((tag) => `tag ${tag}`)];
  return named.length === 0 ? 'no target' : `${named.join(', ')}${within}`;
}

export type ClientConfig = {
  readonly id: string;
  readonly name: string;
  /** Where it goes. */
  readonly where: string;
  readonly text: string;
};

/** For whoever pastes a bearer. `bearer`: shown once, so a placeholder stands for it everywhere else. */
export function configsFor(url: string, bearer: string): readonly ClientConfig[] {
  const headers = { Authorization: `Bearer ${bearer}` };
  const json = (value: object): string => JSON.stringify(value, null, 2);
  return [
    {
      id: 'claude-code',
      name: 'Claude Code',
      where: 'in a shell',
      text: `claude mcp add --transport http holdfast ${url} \\\n  --header "Authorization: Bearer ${bearer}"`,
    },
    {
      id: 'vscode',
      name: 'VS Code',
      where: '.vscode/mcp.json',
      text: json({ servers: { holdfast: { type: 'http', url, headers } } }),
    },
    {
      id: 'cursor',
      name: 'Cursor',
      where: '~/.cursor/mcp.json',
      text: json({ mcpServers: { holdfast: { url, headers } } }),
    },
    {
      id: 'codex',
      name: 'Codex',
      where: '~/.codex/config.toml, and the bearer in the environment',
      text: `[mcp_servers.holdfast]\nurl = "${url}"\nbearer_token_env_var = "HOLDFAST_LEASE"\n\n# export HOLDFAST_LEASE=${bearer}`,
    },
    {
      id: 'other',
      name: 'Others',
      where: 'streamable HTTP with a header',
      text: json({ mcpServers: { holdfast: { type: 'http', url, headers } } }),
    },
    {
      id: 'api',
      name: 'HTTP API',
      where: 'in a shell',
      text: `curl -sS ${url.replace(/\/mcp$/, '')}/api/v1/operations/describe_system \\\n  -H "Authorization: Bearer ${bearer}" \\\n  -H 'Content-Type: application/json' -d '{}'`,
    },
  ];
}

/** For clients that sign in by themselves: the address is all they need. */
export function addressConfigs(url: string): readonly ClientConfig[] {
  return [
    {
      id: 'claude-code',
      name: 'Claude Code',
      where: 'in a shell; then /mcp in a session, to sign in',
      text: `claude mcp add --transport http holdfast ${url}`,
    },
    {
      id: 'vscode',
      name: 'VS Code',
      where: '.vscode/mcp.json',
      text: JSON.stringify({ servers: { holdfast: { type: 'http', url } } }, null, 2),
    },
    {
      id: 'codex',
      name: 'Codex',
      where: '~/.codex/config.toml; then codex mcp login holdfast',
      text: `[mcp_servers.holdfast]\nurl = "${url}"`,
    },
    {
      id: 'other',
      name: 'Others',
      where: 'as a connector, by its address',
      text: url,
    },
  ];
}

export type Usage = {
  readonly capability: string;
  readonly isHeld: boolean;
  readonly calls: number;
  readonly operations: readonly string[];
};

/** What a lease holds beside what it used: what is held and never used could be left out of the next one. */
export function usageOf(
  held: readonly string[],
  operations: readonly { readonly operation: string; readonly calls: number }[],
  capabilityOf: ReadonlyMap<string, string>,
): readonly Usage[] {
  const used = new Map<string, { calls: number; operations: string[] }>();
  for (const { operation, calls } of operations) {
    const capability = capabilityOf.get(operation);
    if (capability === undefined) continue;
    const before = used.get(capability) ?? { calls: 0, operations: [] };
    used.set(capability, {
      calls: before.calls + calls,
      operations: [...before.operations, operation],
    });
  }
  return [...new Set([...held, ...used.keys()])]
    .map((capability) => ({
      capability,
      isHeld: held.includes(capability),
      calls: used.get(capability)?.calls ?? 0,
      operations: used.get(capability)?.operations ?? [],
    }))
    .toSorted((a, b) => b.calls - a.calls || (a.capability < b.capability ? -1 : 1));
}

/** How long, in a choice: within what may be asked for. */
export function durations(
  least: number,
  usual: number,
  most: number,
): readonly (readonly [string, string])[] {
  const steps = [300, 900, 3_600, 4 * 3_600, 8 * 3_600, 24 * 3_600, usual];
  return [...new Set(steps)]
    .filter((seconds) => seconds >= least && seconds <= most)
    .toSorted((a, b) => a - b)
    .map((seconds) => [
      String(seconds),
      `${seconds < 3_600 ? `${seconds / 60} minutes` : seconds === 3_600 ? '1 hour' : `${seconds / 3_600} hours`}${seconds === usual ? ' (usual)' : ''}`,
    ]);
}
