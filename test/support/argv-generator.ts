/**
 * Argv near what the catalogue knows: its examples, mutated, and the ways people try to get round a
 * judge. A generator with a seed, so that what was found can be found again.
 */
import type { CommandEntry } from '#commands';

const HOSTILE = [
  '--',
  '-',
  '',
  '-x',
  '-xyz',
  '--help',
  '--hel',
  '--output=/tmp/x',
  '-o',
  '-o/tmp/x',
  '-c',
  '-e',
  '--exec',
  '-exec',
  ';',
  '{}',
  '+',
  '-delete',
  '-5',
  '-05',
  '5',
  '0',
  '/etc/shadow',
  '/etc/../etc/shadow',
  '/etc//shadow',
  '//etc/shadow',
  'etc/shadow',
  '/etc/ssh',
  '/etc/./passwd',
  '/proc/1/environ',
  '/proc/self/environ',
  '/proc/self/root/etc/shadow',
  '/dev/sda',
  '/dev/zero',
  '/',
  '/etc',
  '/var/log',
  '/var/log/syslog',
  '/home',
  '/home/x/.ssh/id_rsa',
  '/root/.bash_history',
  '../../etc/shadow',
  '.',
  '..',
  '/var/log/../../etc/passwd',
  `/etc/${'a'.repeat(1100)}`,
  '8.8.8.8',
  '10.1.2.3',
  '127.0.0.1',
  '127.1',
  '0177.0.0.1',
  '2130706433',
  '0x7f000001',
  '169.254.169.254',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  'fe80::1',
  'fd12::1',
  'fd00:ec2::254',
  '::',
  '1::2::3',
  '1:2:3:4:5:6:7:8',
  '[::1]',
  'localhost',
  'LOCALHOST',
  'web-1',
  'WEB-1',
  'evil.example',
  'web-1.evil.example',
  'user@web-1',
  'http://web-1/',
  'https://10.0.0.1:8443/x?y=1',
  'http://8.8.8.8/',
  'http://web-1@8.8.8.8/',
  'http://10.0.0.1:0/',
  'http://[::1]/x',
  'file:///etc/shadow',
  'HTTP://web-1/',
  'http://web-1',
  'http://web-1#x',
  '@10.0.0.1',
  '@8.8.8.8',
  'aaaaaaaaaaaaaaaaaaaaaaaa1.evil.example',
  'a.b.c.d.e.f.g.h.i',
  'example.com',
  'example.com.',
  'a b',
  "it's",
  '$(id)',
  '`id`',
  'x;y',
  'x|y',
  '\u200b',
  '\u00e9',
  '\u2010x',
  'x\u0007',
  'x\ny',
  '\u{1f512}',
  'a=b',
  'A,B',
  ',',
  '1,2',
  '*',
  '?',
  '[',
  '\\',
  '%',
  '%41',
  '+1',
  '-1',
  '+5',
  '1.5',
  '1k',
  '1KiB',
  '999999999999999',
  '9999999999999999',
  '-n5',
  '-n',
  '-n=5',
  '--lines=5',
  '--lines',
  '-1',
  '@5',
  'now',
  'yesterday',
  '-1day',
  '2026-01-01 00:00:00',
  'p',
  '1,5p',
  's/a/b/',
  's/a/b/w x',
  's/a/b/e',
  's/[/]/x/',
  's/[^]/]/x/p',
  '/x/,+2p',
  '1~2p',
  '$!d',
  '{p;p}',
  '{p',
  'w /tmp/x',
  'e id',
  'r /etc/shadow',
  'b',
  ':a;ba',
  'y/ab/cd/',
  's|a\\|b|c|',
  's,a\\,b,c,2g',
  's/a/b/0',
  's/[[:alpha:]/]/x/',
  '\\,x,p',
  'q5',
  '5q;',
  'l 5',
  '{print $1}',
  '{print $1 > "x"}',
  '{print ($1 > 2)}',
  '{print | "sh"}',
  'BEGIN{system("id")}',
  '$3 > 5',
  '/x/ || /y/',
  '{for(i=1;i<=NF;i++) print $i}',
  '{for(i=1;i<=NF;i--) print $i}',
  '{for(k in a) print k}',
  '{while(1) x}',
  '{n=NF; for(i=1;i<=n;i++) n++}',
  '{n=NF; for(i=n;i>0;i--) print $i}',
  'BEGIN{ARGV[1]="x"}',
  '{print ENVIRON["x"]}',
  '{getline}',
  '{getline < "x"}',
  '{"id" | getline}',
  '{a[$1]++} END{for(k in a) print k, a[k]}',
  '{gsub(/[/]/,"x")}',
  '{x = y / z / w}',
  '{x++ / y /}',
  '{if (x) /re/ ; else print}',
  '{printf "%s\\n", $1}',
  'length > 5',
  '{print length/2}',
  'END{print NR}',
  '{exit 1}',
  '{print substr($0, 1, 5)}',
  '{foo(1)}',
  '{x **= 2}',
  '@include "x"',
  '{print $NF; next}',
  '{$(NF+1) = 1}',
  '{for(i=1;i<=NF;i++) $(NF+1)=1}',
  '{print -1 " " !x}',
  '{print 1e5, .5, 1e}',
  '"x" {print}',
  '{print "a\\"b"}',
  '{print "a}',
  '/a\\/b/',
  '{;}',
  '',
  '{x=1;;y=2}',
  '{delete a[1]; delete a}',
  '1;2',
  'BEGIN{x=1};{print x}',
  '{print a[1,2]; if ((1,2) in a) print}',
  '{x ? y : z}',
] as const;

const SCRIPTS = HOSTILE.slice(HOSTILE.indexOf('p'));

export class ArgvGenerator {
  readonly #seeds: readonly (readonly string[])[];
  readonly #options = new Map<string, CommandEntry['options']>();
  readonly #programs: readonly string[];
  #state: number;

  constructor(
    entries: readonly CommandEntry[],
    split: (line: string) => readonly string[] | null,
    seed: number,
  ) {
    this.#state = seed >>> 0 || 1;
    this.#programs = entries.map(({ program }) => program);
    this.#seeds = entries.flatMap((entry) =>
      entry.forms.flatMap((form) => [
        [entry.program, ...form.verb.map(([word]) => word ?? '')],
        ...form.examples.flatMap((line) => {
          const argv = split(line);
          // Examples lie nearest to what is read: three times as often.
          return argv === null || argv.length === 0 ? [] : [argv, argv, argv];
        }),
      ]),
    );
    for (const entry of entries) {
      const all = [...entry.options, ...entry.forms.flatMap((form) => form.options)];
      this.#options.set(entry.program, [...(this.#options.get(entry.program) ?? []), ...all]);
    }
  }

  #random(below: number): number {
    // mulberry32
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  }
  #pick<T>(from: readonly T[]): T {
    return from[this.#random(from.length)] as T;
  }

  #value(type: string | null): string {
    if (type === null || this.#random(4) === 0) return this.#pick(HOSTILE);
    const [name = '', ...rest] = type.split(':');
    const bounds = rest.join(':');
    switch (name) {
      case 'number':
      case 'signed':
        return this.#pick([
          '0',
          '1',
          '5',
          '10',
          '-1',
          '+1',
          '100000',
          ...rest,
          String(Number(rest[1] ?? 0) + 1),
        ]);
      case 'enum':
        return this.#pick(bounds.split(','));
      case 'list':
        return `${this.#pick(bounds.split(','))},${this.#pick(bounds.split(','))}`;
      case 'file':
      case 'tree':
      case 'path':
        return this.#pick(HOSTILE.filter((word) => word.includes('/')));
      default:
        return this.#pick([
          'x',
          'ssh.service',
          'eth0',
          'root',
          'a.b',
          '1.5',
          'abc',
          'text with blanks',
          ...HOSTILE.slice(0, 30),
        ]);
    }
  }

  #option(program: string): readonly string[] {
    const options = this.#options.get(program) ?? [];
    if (options.length === 0) return [this.#pick(HOSTILE)];
    const option = this.#pick(options);
    const name = this.#pick(option.names);
    const value = this.#value(option.value);
    switch (this.#random(6)) {
      case 0:
        return [name];
      case 1:
        return [`${name}=${value}`];
      case 2:
        return [name + value];
      case 3:
        return name.length > 4
          ? [name.slice(0, -1)]
          : [name + this.#pick(options).names[0]?.slice(1)];
      default:
        return option.value === null ? [name] : [name, value];
    }
  }

  /** A script of sed or awk, one of the list with a few of its characters changed. */
  #script(): readonly string[] {
    const pieces = [
      ...'{}()[]/\\;,$!|<>=~+-*^%&?:."0195ab#w e'.split(''),
      'print',
      'getline',
      'length',
      'for(',
      ' in ',
      '++',
      '&&',
      'NF',
      '[:',
      ':]',
      '[^',
      's/a/b/',
      'if(',
      'else',
      'next',
      '$1',
      'gsub(',
      'x',
    ];
    let script: string = this.#pick(SCRIPTS);
    for (let n = this.#random(4); n > 0; n -= 1) {
      const at = this.#random(script.length + 1);
      const end = at + this.#random(3) * this.#random(2);
      script =
        script.slice(0, at) + (this.#random(4) === 0 ? '' : this.#pick(pieces)) + script.slice(end);
    }
    return this.#random(3) === 0
      ? ['sed', '-n', '--', script]
      : ['awk', '--', script, '/etc/hosts'];
  }

  next(): readonly string[] {
    if (this.#random(6) === 0) return this.#script();
    const argv = [...this.#pick(this.#seeds)];
    const program = argv[0] ?? '';
    for (let n = this.#random(5); n > 0; n -= 1) {
      const at = 1 + this.#random(argv.length);
      switch (this.#random(8)) {
        case 0:
          argv.splice(at, 1);
          break;
        case 1:
          argv.splice(at, 0, this.#pick(argv));
          break;
        case 2:
        case 3:
        case 4:
          argv.splice(at, 0, ...this.#option(program));
          break;
        case 5:
          argv.splice(at, 0, this.#pick(HOSTILE));
          break;
        case 6:
          argv[at === argv.length ? at - 1 : at] = this.#pick(HOSTILE);
          break;
        default:
          if (this.#random(3) === 0)
            argv[0] =
              this.#pick(['/usr/bin/', '/bin/', './', '/usr/local/sbin/', '/opt/', '']) +
              this.#pick(this.#programs);
          else argv.push(this.#value('file'));
      }
    }
    return argv;
  }
}
