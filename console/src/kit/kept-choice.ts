/** A yes or no that is kept on this device only, and heard by whatever shows it. */
import { useSyncExternalStore } from 'react';

export class KeptChoice {
  readonly #name: string;
  readonly #listeners = new Set<() => void>();
  #is: boolean;

  constructor(name: string) {
    this.#name = name;
    try {
      this.#is = localStorage.getItem(name) === 'yes';
    } catch {
      this.#is = false;
    }
  }

  readonly is = (): boolean => this.#is;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  turn(): void {
    this.#is = !this.#is;
    try {
      if (this.#is) localStorage.setItem(this.#name, 'yes');
      else localStorage.removeItem(this.#name);
    } catch {
      // A browser that keeps nothing: it holds until the page is closed.
    }
    for (const each of this.#listeners) each();
  }
}

export function useKept({ subscribe, is }: KeptChoice): boolean {
  return useSyncExternalStore(subscribe, is);
}
