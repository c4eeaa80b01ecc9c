/** Why allow-listed commands turn out not to only read: eighteen ways, each known by what an argv looks like. */
type Argv = readonly string[];

const program =
  (...names: readonly string[]) =>
  ([first = '']: Argv): boolean =>
    names.includes(first);
const word =
  (pattern: RegExp) =>
  ([, ...words]: Argv): boolean =>
    words.some((each) => pattern.test(each));
const isOption = (each: string): boolean => each.startsWith('-') && each.length > 1;

export const ATTACKS: readonly { readonly name: string; readonly is: (argv: Argv) => boolean }[] = [
  {
    name: 'action options',
    is: word(/^-(?:exec|execdir|ok|okdir|delete)$|^--(?:checkpoint|to-command)/),
  },
  { name: 'output options', is: word(/^-o|^--output|^-fprint/) },
  { name: 'positional output', is: (argv) => program('uniq', 'xxd')(argv) && argv.length > 2 },
  { name: 'files of lists and settings', is: word(/^-f$|^--file|^--files0-from|^--config/) },
  { name: 'interpreters inside', is: program('sed', 'awk', 'gawk', 'mawk', 'jq') },
  {
    name: 'bare operands that set',
    is: (argv) => program('hostname', 'date', 'sysctl')(argv) && argv.length > 1,
  },
  { name: 'clusters and glued values', is: word(/^-[A-Za-z]{2,}$/) },
  {
    name: 'abbreviated options',
    is: word(/^--(?:hel|outp|fil|lin|fol|hos|forc|verb|vers|recurs)$|^--[a-z]{1,3}$/),
  },
  {
    name: 'abbreviated keywords',
    is: (argv) => program('ip')(argv) && /^[a-z]{1,3}$/.test(argv[1] ?? ''),
  },
  {
    name: 'options behind operands',
    is: ([, ...words]) => {
      const operand = words.findIndex((each) => !isOption(each));
      return operand !== -1 && words.slice(operand).some(isOption);
    },
  },
  {
    name: 'options before the verb',
    is: (argv) =>
      program('systemctl', 'docker', 'git', 'kubectl', 'ip', 'apt-get')(argv) &&
      isOption(argv[1] ?? ''),
  },
  {
    name: 'environment',
    is: (argv) => program('env', 'printenv')(argv) || /^\w+=/.test(argv[0] ?? ''),
  },
  { name: 'syntax of shells', is: word(/[;&|<>$`\n]/) },
  {
    name: 'builtins of shells',
    is: program('test', '[', 'printf', 'command', 'type', 'echo', 'kill', 'ulimit', 'true'),
  },
  {
    name: 'wrappers',
    is: program('env', 'nice', 'timeout', 'time', 'watch', 'xargs', 'nohup', 'setsid'),
  },
  { name: 'devices and processes', is: word(/^\/+(?:dev|proc)\//) },
  { name: 'look-alikes', is: ([, ...words]) => words.some((each) => /[^ -~]/.test(each)) },
  {
    name: 'ways out',
    is: program('dig', 'ping', 'host', 'nslookup', 'curl', 'wget', 'traceroute'),
  },
];
