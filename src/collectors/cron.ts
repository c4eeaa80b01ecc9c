/** Scheduled commands: system and user crontabs, anacron, and the scripts of cron.daily and the like. */
import { sha256 } from '#base/digest';
import { childOf } from './links.ts';
import type { Collector, LookSession } from './look-session.ts';
import { Gathering, linesOf, readText, reasonOf, wordsOf } from './reading.ts';

const KINDS = ['cron_job'] as const;
/** Debian's cron and run-parts take no other names. */
const TAKEN_NAME = /^[A-Za-z0-9_-]+$/;

export const cronCollector: Collector = {
  name: 'cron',
  kinds: KINDS,
  look: async (session) => {
    const seen = new Gathering(session);
    await readTable(session, seen, '/etc/crontab', undefined);
    for (const file of await filesIn(session, seen, '/etc/cron.d'))
      await readTable(session, seen, file, undefined);
    for (const spool of ['/var/spool/cron/crontabs', '/var/spool/cron']) {
      for (const file of await filesIn(session, seen, spool)) {
        const user = file.slice(spool.length + 1);
        if (user !== 'crontabs') await readTable(session, seen, file, user);
      }
    }
    for (const period of ['hourly', 'daily', 'weekly', 'monthly', 'yearly']) {
      for (const path of await filesIn(session, seen, `/etc/cron.${period}`))
        seen.add('cron_job', path, { schedule: period, command: path, user: 'root', file: path });
    }
    await readAnacron(session, seen);
    return seen.end(KINDS);
  },
};

async function filesIn(
  session: LookSession,
  seen: Gathering,
  directory: string,
): Promise<string[]> {
  try {
    const names = (await session.files.list(directory)) ?? [];
    return names.filter((name) => TAKEN_NAME.test(name)).map((name) => childOf(directory, name));
  } catch (error) {
    seen.short('cron_job', reasonOf(error, directory));
    return [];
  }
}

async function readTable(
  session: LookSession,
  seen: Gathering,
  path: string,
  user: string | undefined,
): Promise<void> {
  try {
    const info = await session.files.stat(path);
    if (info?.kind === 'directory') return;
    for (const job of parseCrontab((await readText(session, path)) ?? '', user))
      addJob(seen, path, job);
  } catch (error) {
    seen.short('cron_job', reasonOf(error, path));
  }
}

function addJob(seen: Gathering, file: string, job: CronJob): void {
  const digest = sha256(`${job.user}\0${job.command}`).slice(0, 12);
  let key = `${file}/${digest}`;
  for (let n = 2; seen.has('cron_job', key); n++) key = `${file}/${digest}#${n}`;
  seen.add('cron_job', key, { ...job, file });
}

export type CronJob = {
  readonly schedule: string;
  readonly user: string;
  readonly command: string;
};

/** Lines of crontab(5). `user` is given for a user's own table, which has no column for it. */
export function parseCrontab(text: string, user: string | undefined): CronJob[] {
  return linesOf(text).flatMap((raw) => {
    const line = raw.trim();
    if (line.startsWith('#') || /^[A-Za-z_"'][\w"']*[ \t]*=/.test(line)) return [];
    const times = line.startsWith('@') ? 1 : 5;
    const words = wordsOf(line);
    const schedule = words.slice(0, times).join(' ');
    const who = user ?? words[times];
    const command = words.slice(times + (user === undefined ? 1 : 0)).join(' ');
    return who === undefined || command === '' ? [] : [{ schedule, user: who, command }];
  });
}

async function readAnacron(session: LookSession, seen: Gathering): Promise<void> {
  try {
    for (const raw of linesOf((await readText(session, '/etc/anacrontab')) ?? '')) {
      const [period, delay, id, ...command] = wordsOf(raw);
      if (!/^(\d+|@[a-z]+)$/.test(period ?? '') || command.length === 0) continue;
      seen.add('cron_job', `/etc/anacrontab/${id}`, {
        schedule: `every ${period} days, ${delay} minutes late`,
        command: command.join(' '),
        user: 'root',
        file: '/etc/anacrontab',
      });
    }
  } catch (error) {
    seen.short('cron_job', reasonOf(error, '/etc/anacrontab'));
  }
}
