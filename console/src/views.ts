/** The views of the navigation. */

/** `bar`: also in the bar at the bottom of a phone. `keys`: typed after `g`. */
export const NAVIGATION = [
  { to: '/', name: 'Overview', icon: 'overview', keys: 'o', bar: true },
  { to: '/approvals', name: 'Approvals', icon: 'approvals', keys: 'a', bar: true },
  { to: '/fleet', name: 'Fleet', icon: 'fleet', keys: 'f', bar: true },
  { to: '/changes', name: 'Changes', icon: 'changes', keys: 'c', bar: true },
  { to: '/drift', name: 'Drift', icon: 'drift', keys: 'd', bar: false },
  { to: '/assistants', name: 'Assistants', icon: 'assistants', keys: 's', bar: false },
  { to: '/evidence', name: 'Evidence', icon: 'evidence', keys: 'e', bar: false },
  { to: '/policy', name: 'Policy', icon: 'policy', keys: 'p', bar: false },
  { to: '/sign', name: 'To sign', icon: 'key', keys: 'k', bar: false },
  { to: '/settings', name: 'Settings', icon: 'settings', keys: ',', bar: false },
] as const;
