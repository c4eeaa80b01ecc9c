/**
 * What osquery is asked: these questions and no others. Each names its columns and reads one table that only tells
 * how the machine is; the command entry of `osqueryi` accepts exactly them, and the pack for osqueryd is made of them.
 *
 * Tables and columns as osquery's published schema has them; it could not be run here.
 */

export const QUERIES = {
  time: 'SELECT unix_time FROM time',
  system: 'SELECT hostname, cpu_brand, cpu_logical_cores, physical_memory FROM system_info',
  os: 'SELECT name, version, codename, platform, arch FROM os_version',
  kernel: 'SELECT version, arguments FROM kernel_info',
  deb: 'SELECT name, version, arch, status FROM deb_packages',
  rpm: 'SELECT name, epoch, version, release, arch FROM rpm_packages',
  users: 'SELECT username, uid, gid, description, directory, shell FROM users',
  groups: 'SELECT groupname, gid FROM groups',
  ports: 'SELECT pid, port, protocol, family, address FROM listening_ports',
  processes: 'SELECT pid, name, path FROM processes',
  mounts:
    'SELECT device, path, type, flags, blocks_size, blocks, blocks_free, blocks_available FROM mounts',
  interfaces: 'SELECT interface, mac, mtu FROM interface_details',
  units: 'SELECT id, load_state, active_state, sub_state, fragment_path, user FROM systemd_units',
} as const;
export type QueryName = keyof typeof QUERIES;

export const QUERY_NAMES = Object.keys(QUERIES) as readonly QueryName[];

/** In normal form: no extension, no database of its own, no event publisher, JSON out. */
export const OSQUERY_QUERIES: readonly {
  readonly name: QueryName;
  readonly argv: readonly [string, ...string[]];
}[] = QUERY_NAMES.map((name) => ({
  name,
  argv: [
    'osqueryi',
    '--json',
    '--disable_extensions',
    '--disable_database',
    '--disable_events',
    QUERIES[name],
  ],
}));

/** The pack that makes osqueryd log the same, every so many seconds: what is in `deploy/osquery/holdfast.conf`. */
export function osqueryPack(seconds: number): string {
  const queries = QUERY_NAMES.map((name) => [
    `holdfast_${name}`,
    {
      query: `${QUERIES[name]};`,
      interval: seconds,
      ...(name === 'time' ? {} : { snapshot: true }),
    },
  ]);
  return `${JSON.stringify({ queries: Object.fromEntries(queries) }, null, 2)}\n`;
}
