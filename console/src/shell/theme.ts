/** Light, dark, or as the device has it. Kept on this device only. */
export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const NAME = 'holdfast-theme';

export function theme(): Theme {
  try {
    const kept = localStorage.getItem(NAME);
    return THEMES.find((each) => each === kept) ?? 'system';
  } catch {
    return 'system';
  }
}

export function applyTheme(next: Theme = theme()): void {
  if (next === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = next;
  try {
    if (next === 'system') localStorage.removeItem(NAME);
    else localStorage.setItem(NAME, next);
  } catch {
    // A browser that keeps nothing: it holds until the page is closed.
  }
}
