/** Where a person wanted to go, kept in this tab while they sign in elsewhere. */
const KEPT = 'holdfast.next';

/** A view of this console: whoever keeps it has looked. */
export function keepView(view: string): void {
  sessionStorage.setItem(KEPT, view);
}

/** Once. */
export function takeView(): string | undefined {
  const view = sessionStorage.getItem(KEPT) ?? undefined;
  sessionStorage.removeItem(KEPT);
  return view;
}
