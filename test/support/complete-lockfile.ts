/**
 * Adds to package-lock.json the optional packages of other platforms that npm left out because the
 * registry at hand does not have them. `npm ci` refuses a lockfile without them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { missingOptionals, type Packages } from './lockfile.ts';

const PATH = 'package-lock.json';
const SYSTEMS = ['darwin', 'win32', 'android', 'freebsd', 'openharmony', 'linux'];
const PROCESSORS = ['x64', 'arm64', 'arm', 'ppc64', 'riscv64', 's390x', 'ia32'];

const lock = JSON.parse(readFileSync(PATH, 'utf8')) as { packages: Packages };
for (const { parent, name, version } of missingOptionals(lock.packages)) {
  const words = (name.split('/').at(-1) ?? '').split('-');
  const system = SYSTEMS.find((each) => words.includes(each));
  const processor = PROCESSORS.find((each) => words.includes(each));
  const c = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc';
  const isCNamed = words.some((word) => /^(musl|gnu)/.test(word));
  // Beside its parent: another version of the same name may stand further up.
  const place = parent.slice(0, parent.lastIndexOf('node_modules/') + 'node_modules/'.length);
  lock.packages[place + name] = {
    version,
    ...(processor === undefined ? {} : { cpu: [processor] }),
    ...(lock.packages[parent]?.dev === true ? { dev: true } : {}),
    ...(system === 'linux' && isCNamed ? { libc: [c] } : {}),
    optional: true,
    ...(system === undefined ? {} : { os: [system] }),
  };
  process.stdout.write(`added ${place}${name}@${version}\n`);
}
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')),
);
writeFileSync(PATH, `${JSON.stringify(lock, null, 2)}\n`);
