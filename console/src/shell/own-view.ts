/** Where to after signing in: a view of this console and nothing else. An address must not lead anybody away. */
export function ownView(next: string | undefined, origin: string): string {
  if (next === undefined || !/^\/(?![/\\])/.test(next)) return '/';
  let view: URL;
  try {
    view = new URL(next, origin);
  } catch {
    return '/';
  }
  // What dots were taken out of may begin like the address of somebody else.
  const isPath = !view.pathname.startsWith('//');
  return isPath && view.origin === origin && view.pathname !== '/sign-in'
    ? `${view.pathname}${view.search}`
    : '/';
}
