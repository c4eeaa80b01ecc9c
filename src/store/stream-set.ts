/**
 * Sets of stream numbers as bytes: ascending runs, each as the gap before it and its length, both
 * variable-length. Equal sets have equal bytes, and an inventory whose streams were numbered in
 * one go takes a few bytes.
 */
import { storeFault } from './faults.ts';

/** `streams` ascending and without repeats. */
export function encodeStreams(streams: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  let expected = 0;
  let i = 0;
  while (i < streams.length) {
    const start = streams[i] as number;
    let end = start + 1;
    i++;
    while (i < streams.length && streams[i] === end) {
      end++;
      i++;
    }
    pushNumber(bytes, start - expected);
    pushNumber(bytes, end - start);
    expected = end;
  }
  return Uint8Array.from(bytes);
}

export function decodeStreams(bytes: Uint8Array): Uint32Array {
  const out: number[] = [];
  let at = 0;
  let expected = 0;
  const next = (): number => {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 35; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw storeFault('store-damaged', 'a stored set cannot be read: run holdfast doctor');
  };
  while (at < bytes.length) {
    const start = expected + next();
    expected = start + next();
    if (expected > 0xffff_ffff || expected <= start) {
      throw storeFault('store-damaged', 'a stored set cannot be read: run holdfast doctor');
    }
    for (let stream = start; stream < expected; stream++) out.push(stream);
  }
  return Uint32Array.from(out);
}

export function hasStream(streams: Uint32Array, stream: number): boolean {
  let low = 0;
  let high = streams.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = streams[middle] as number;
    if (found === stream) return true;
    if (found < stream) low = middle + 1;
    else high = middle;
  }
  return false;
}

function pushNumber(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}
