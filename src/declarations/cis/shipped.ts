/** The profiles that come with the program, below `src/declarations/profiles`. */
export const SHIPPED_PROFILES = [
  'debian-hardening.yaml',
  'debian-hardening-l2.yaml',
  'talos-kubernetes.yaml',
  'talos-kubernetes-l2.yaml',
  'ubuntu-hardening.yaml',
  'ubuntu-hardening-l2.yaml',
] as const;
