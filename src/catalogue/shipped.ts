/** The files of actions that come with the program, below `src/catalogue/actions`. */
export const SHIPPED_FILES = [
  'ansible.yaml',
  'certificate.yaml',
  'container.yaml',
  'file.yaml',
  'host.yaml',
  'kernel.yaml',
  'look.yaml',
  'package.yaml',
  'service.yaml',
  'talos.yaml',
  'tofu.yaml',
  'upkeep.yaml',
  'user.yaml',
] as const;
