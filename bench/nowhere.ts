import type { Files } from '#base/ports';

/** A disk that takes everything and keeps nothing: what is left is what the program computes. */
export const NOWHERE: Files = {
  info: async () => undefined,
  list: async () => undefined,
  read: async () => undefined,
  readRange: async () => undefined,
  replace: async () => {},
  appender: async () => ({ append: async () => {}, sync: async () => {}, close: async () => {} }),
  truncate: async () => {},
  makeDirectory: async () => {},
  remove: async () => {},
};
