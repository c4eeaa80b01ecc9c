/**
 * Says what node_modules holds, measured against package-lock.json: `development`, `production` or
 * `nothing`. Plain JavaScript, for it must run on whatever Node a machine has before ours is there.
 */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const root = process.argv[2];
const read = (...path) => JSON.parse(readFileSync(join(root, ...path), 'utf8')).packages;

try {
  const wanted = Object.entries(read('package-lock.json')).filter(([path]) => path !== '');
  const held = read('node_modules', '.package-lock.json');
  // Optional packages are those of other platforms too: absent is fine, another version is not.
  const isHeld = ([path, { version, optional, devOptional }]) =>
    held[path] === undefined ? optional || devOptional : held[path].version === version;
  const production = wanted.filter(([, { dev, devOptional }]) => !dev && !devOptional);
  if (!production.every(isHeld)) console.log('nothing');
  else console.log(wanted.every(isHeld) ? 'development' : 'production');
} catch {
  console.log('nothing');
}
