/** The makers load a library that only they need: whoever looks at certificates does not. */
import type { KeyPair, Making } from './make.ts';

export async function makeAuthority(making: Making): Promise<KeyPair> {
  return (await import('./make.ts')).makeAuthority(making);
}

export async function makeServer(authority: KeyPair, making: Making): Promise<KeyPair> {
  return (await import('./make.ts')).makeServer(authority, making);
}
