import { resolve } from 'node:path';
import type { GroupSpec } from './spec.ts';

export const witness: GroupSpec = {
  usage: 'witness',
  summary: 'be a witness of other logs: cosign their checkpoints, and refuse a rewritten one',
  commands: [
    {
      usage: 'serve <directory>',
      summary:
        'serve a witness (C2SP tlog-witness) that keeps its key and what it saw in a directory of its own',
      more: 'The file of logs has one verifier key of a log on each line, as holdfast evidence status shows it. Put what is printed into evidence.yaml of those logs.',
      examples: [
        'witness serve /srv/witness --name witness.example/w1 --logs /srv/logs.txt --port 7430',
      ],
      options: [
        {
          flags: '--name <name>',
          about: 'name in its cosignatures, without spaces',
          mandatory: true,
        },
        { flags: '--logs <path>', about: 'file of the logs it knows', mandatory: true },
        { flags: '--host <address>', about: 'address to serve on; default 127.0.0.1' },
        { flags: '--port <port>', about: 'port to serve on; default 7430', read: 'port' },
      ],
      async run(desk, [directory = ''], options) {
        await desk.commands.witness(
          {
            directory: resolve(desk.io.cwd, directory),
            name: String(options['name']),
            logs: resolve(desk.io.cwd, String(options['logs'])),
            host: typeof options['host'] === 'string' ? options['host'] : '127.0.0.1',
            port: typeof options['port'] === 'number' ? options['port'] : 7430,
          },
          (line) => desk.io.stdout(`${line}\n`),
        );
      },
    },
  ],
};
