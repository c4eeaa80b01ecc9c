/** The files that come with the program, below `src/commands`. */
export const SHIPPED_ENTRIES = [
  'containers.yaml',
  'filesystem.yaml',
  'git.yaml',
  'kubernetes.yaml',
  'launchers.yaml',
  'monitoring.yaml',
  'network.yaml',
  'process.yaml',
  'security.yaml',
  'system.yaml',
  'systemd.yaml',
  'text.yaml',
] as const;
export const SHIPPED_PATHS = 'paths.yaml';
