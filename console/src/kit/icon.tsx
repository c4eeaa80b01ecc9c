/** Icons as strokes of one weight. They never stand alone for a meaning: a word is beside them or read aloud. */
import type { ReactNode } from 'react';

const PATHS = {
  overview: 'M3 12l9-8 9 8M5.5 10.5V20h13v-9.5',
  approvals: 'M12 3l7 3v5c0 4.6-2.9 8.3-7 10-4.1-1.7-7-5.4-7-10V6zM9 12l2.2 2.2L15.2 10',
  fleet: 'M4 5h16v5H4zM4 14h16v5H4zM7.5 7.5h.01M7.5 16.5h.01',
  changes: 'M4 8h12l-3-3M20 16H8l3 3',
  drift: 'M3 8c3-4 6 4 9 0s6 4 9 0M3 16c3-4 6 4 9 0s6 4 9 0',
  assistants: 'M6 8h12v10H6zM12 8V4M9.5 12.5h.01M14.5 12.5h.01M3 12v3M21 12v3',
  evidence: 'M6 3h9l4 4v14H6zM14.5 3v4.5H19M9 12h7M9 16h5',
  policy: 'M12 4v16M7 20h10M5 8l7-2 7 2M5 8l-2.5 5.5h5zM19 8l-2.5 5.5h5z',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5',
  stop: 'M8.5 3h7L21 8.5v7L15.500 21h-7L3 15.500v-7zM9.500 9.500h5v5h-5z',
  person: 'M12 12a4 4 0 100-8 4 4 0 000 8zM4.500 20.500c1-4 4-6 7.500-6s6.500 2 7.500 6',
  menu: 'M4 7h16M4 12h16M4 17h16',
  close: 'M6 6l12 12M18 6L6 18',
  search: 'M10.500 17a6.500 6.500 0 100-13 6.500 6.500 0 000 13zM15.500 15.500L20.500 20.500',
  up: 'M7 14l5-5 5 5',
  down: 'M7 10l5 5 5-5',
  right: 'M10 7l5 5-5 5',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  warning: 'M12 4l9 16H3zM12 10v4.500M12 17.200h.01',
  info: 'M12 21a9 9 0 100-18 9 9 0 000 18zM12 11v5.500M12 7.500h.01',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  key: 'M8 15.500a3.500 3.500 0 100-7 3.500 3.500 0 000 7zM11.500 12H21M17.500 12v3.500M20.500 12v2.500',
  light:
    'M12 16a4 4 0 100-8 4 4 0 000 8zM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400',
  dark: 'M19.500 14.500A8 8 0 019.500 4.500a8 8 0 1010 10z',
  external: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
  download: 'M12 4v11M7.500 11l4.500 4.500 4.500-4.500M5 20h14',
  undo: 'M8 5L4 9l4 4M4 9h10a5.500 5.500 0 010 11H9',
  clock: 'M12 21a9 9 0 100-18 9 9 0 000 18zM12 7v5.500l3.500 2',
} as const;
export type IconName = keyof typeof PATHS;

export function Icon({
  name,
  label,
}: {
  readonly name: IconName;
  readonly label?: string;
}): ReactNode {
  return (
    <svg
      className="icon"
      viewBox="0 0 24 24"
      width="18"
      height="18"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
      strokeLinecap="round"
      strokeLinejoin="round"
      {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
