/**
 * Tells people what changed, and does by the clock what `notices.yaml` says. What is to be told is on disk before the
 * moment it was read up to moves on, so a death repeats a notice and loses none; receivers know it by its id.
 */
import { join } from 'node:path';
import { asFault, Fault } from '#base/fault';
import { canonicalJson, type Json, parseJson } from '#base/json';
import type { Log } from '#base/log';
import type { Clock, Files, MachineFiles, Mailer, Poster } from '#base/ports';
import { formatInstant, type Instant, parseInstant } from '#base/time';
import type { EventLog, EventRecord } from '#evidence';
import type { Scope, Target } from '#model';
import {
  type ChatMessage,
  compose,
  composeHappenings,
  isDue,
  type Job,
  NO_NOTICES,
  type Notice,
  type NoticeSettings,
  ntfyMessage,
  Outbox,
  parseNotices,
  post,
  type Schedule,
  type Subscription,
  sendWebhook,
  slackMessage,
  type Transition,
  targetsOf,
  teamsMessage,
  type Waiting,
} from '#notices';
import type { FactReader } from '#store';
import { noticeEvent, reportId } from './notice-event.ts';

export type NoticeNeeds = {
  readonly files: Files;
  readonly machineFiles: MachineFiles;
  readonly uid: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly poster: Poster;
  readonly mailer: Mailer;
  readonly events: Pick<EventLog, 'append' | 'read' | 'size'>;
  /** Where people open the console; `null` while that is not known. Links of messages begin with it. */
  readonly origin: () => Promise<string | null>;
  readonly facts: () => FactReader;
  readonly scopes: () => Promise<readonly Scope[]>;
  readonly targets: () => Promise<readonly Target[]>;
  /** Findings whose status changed between two moments. */
  readonly changes: (
    scopes: readonly Scope[],
    from: Instant,
    to: Instant,
  ) => readonly Pick<Transition, 'finding' | 'was'>[];
  readonly run: (job: Job, schedule: Schedule, targets: readonly Target[]) => Promise<Json>;
  readonly home: string;
  readonly settingsFile: string;
};

const CURSOR = 'cursor.json';
const HEARD = 'heard.json';
const EVENT_PAGE = 200;
const RUNS = 'runs.json';
const MOST_SECRET = 4_096;
const MAIL_TIMEOUT_MS = 20_000;
const SENT_AT_ONCE = 20;

export class NoticeKeeper {
  readonly #needs: NoticeNeeds;
  readonly #directory: string;
  readonly #outbox: Outbox;
  #runs: Map<string, Instant> | undefined;

  constructor(needs: NoticeNeeds) {
    this.#needs = needs;
    this.#directory = join(needs.home, 'notices');
    this.#outbox = new Outbox(needs.files, join(this.#directory, 'outbox'));
  }

  /** As the file says now; none where there is no file. Throws `invalid-notices`. */
  async settings(): Promise<NoticeSettings> {
    const bytes = await this.#needs.files.read(this.#needs.settingsFile);
    return bytes === undefined
      ? NO_NOTICES
      : parseNotices(Buffer.from(bytes).toString(), 'notices.yaml');
  }

  /** What changed since it was asked last goes into the outbox. Answers how many notices. */
  async collect(): Promise<number> {
    const settings = await this.settings();
    const to = this.#needs.facts().lastRecordedAt();
    if (to === undefined) return 0;
    const from = await this.#cursor();
    if (from === undefined || settings.subscriptions.length === 0) {
      if (from !== to) await this.#moveCursor(to);
      return 0;
    }
    if (from >= to) return 0;
    const transitions = this.#needs
      .changes(await this.#needs.scopes(), from, to)
      .map((each) => ({ ...each, at: to }));
    const notices = compose(transitions, settings, this.#needs.clock.now());
    await this.#keep(notices);
    await this.#moveCursor(to);
    return notices.length;
  }

  /** What the log says since it was read last goes into the outbox. Answers how many notices. */
  async hear(): Promise<number> {
    const { events, clock } = this.#needs;
    const settings = await this.settings();
    const heard = await this.#heard();
    const size = events.size;
    if (heard === undefined || heard > size || settings.subscriptions.length === 0) {
      if (heard !== size) await this.#writeState(HEARD, { upTo: size });
      return 0;
    }
    if (heard === size) return 0;
    const notices = composeHappenings(
      await this.#eventsBetween(heard, size),
      settings,
      clock.now(),
    );
    await this.#keep(notices);
    await this.#writeState(HEARD, { upTo: size });
    return notices.length;
  }

  /** Oldest first. What is written meanwhile is for the next time, or it would be told twice. */
  async #eventsBetween(seq: number, size: number): Promise<readonly EventRecord[]> {
    const found: EventRecord[] = [];
    let before = size;
    for (;;) {
      const page = await this.#needs.events.read({}, EVENT_PAGE, before);
      const news = page.filter((event) => event.seq >= seq);
      found.push(...news);
      before = page.at(-1)?.seq ?? 0;
      if (news.length < EVENT_PAGE) return found.toReversed();
    }
  }

  async #heard(): Promise<number | undefined> {
    const upTo = ((await this.#readState(HEARD)) as { readonly upTo?: unknown } | undefined)?.upTo;
    return typeof upTo === 'number' ? upTo : undefined;
  }

  /** Sends what is due, each once. Answers how many were taken. */
  async send(): Promise<number> {
    const { clock, log } = this.#needs;
    const settings = await this.settings();
    const { due, unreadable } = await this.#outbox.due(clock.now());
    for (const file of unreadable)
      log.warn('a notice cannot be read, and is left where it is', { file });
    let taken = 0;
    for (const waiting of due.slice(0, SENT_AT_ONCE)) {
      const { id, subscription: name } = waiting.notice;
      const subscription = settings.subscriptions.find((each) => each.name === name);
      try {
        if (subscription === undefined)
          throw new Fault('missing', 'no-subscription', `nobody is to be told any more: ${name}`);
        await this.#deliver(subscription, waiting.notice);
      } catch (thrown) {
        const { code: why, message } = asFault(thrown);
        const says = why === 'egress-refused' ? { says: message } : {};
        log.warn('a notice was not taken, and is sent again', { notice: id, why, ...says });
        if (await this.#outbox.failed(waiting, clock.now()))
          await this.#tell(waiting, 'failed', why);
        continue;
      }
      await this.#outbox.taken(waiting);
      await this.#tell(waiting, 'done', null);
      taken += 1;
    }
    return taken;
  }

  /** Does what schedules have to do now. */
  async runDue(): Promise<void> {
    const { clock, log, targets } = this.#needs;
    const settings = await this.settings();
    if (settings.schedules.length === 0) return;
    const all = await targets();
    const runs = await this.#lastRuns();
    for (const schedule of settings.schedules) {
      const key = (id: string): string => `${schedule.name} ${id}`;
      const due = targetsOf(schedule, all).filter(({ id }) =>
        isDue(schedule, id, runs.get(key(id)), clock.now()),
      );
      if (due.length === 0) continue;
      const whole = schedule.job === 'report' ? targetsOf(schedule, all) : due;
      // Noted before: a job that brings the service down is not begun again at once by the next start.
      for (const { id } of due) runs.set(key(id), clock.now());
      await this.#keepRuns(runs, settings, all);
      try {
        const told = await this.#needs.run(schedule.job, schedule, whole);
        if (schedule.job === 'report') await this.#report(schedule, settings, told);
      } catch (thrown) {
        log.error('a schedule could not do its work', thrown, { schedule: schedule.name });
      }
    }
  }

  async #report({ name }: Schedule, settings: NoticeSettings, report: Json): Promise<void> {
    const at = this.#needs.clock.now();
    const stamp = formatInstant(at).replaceAll(/[^0-9TZ]/g, '');
    const directory = join(this.#needs.home, 'reports');
    await this.#needs.files.makeDirectory(directory);
    const file = join(directory, `${name}-${stamp}.json`);
    await this.#needs.files.replace(file, Buffer.from(`${canonicalJson(report)}\n`));
    const { lines, ...data } = report as { readonly lines: readonly string[] } & Record<
      string,
      Json
    >;
    await this.#keep(
      settings.subscriptions
        .filter(({ reports }) => reports)
        .map(
          (subscription): Notice => ({
            id: `notice_${reportId(subscription.name, name, at)}`,
            subscription: subscription.name,
            event: 'report',
            at,
            subject: `[holdfast] report ${name}`,
            link: '/drift',
            data: { type: 'report', timestamp: formatInstant(at), data },
            lines: [...lines, `The whole report: ${file}`],
          }),
        ),
    );
  }

  async #keep(notices: readonly Notice[]): Promise<void> {
    const over = await this.#outbox.put(notices);
    for (const { id } of over)
      this.#needs.log.error(
        'there is no room for a notice: nobody takes those that wait',
        undefined,
        {
          notice: id,
        },
      );
  }

  async #deliver({ to }: Subscription, notice: Notice): Promise<void> {
    const { poster, clock } = this.#needs;
    const ca = to.caFile === null ? null : await this.#pin(to.caFile);
    const link = await this.#linkOf(notice);
    const chat = async (
      url: string,
      message: ChatMessage,
      headers: Readonly<Record<string, string>> = {},
    ): Promise<void> => post(poster, { url, ca }, canonicalJson(message), headers);
    switch (to.kind) {
      case 'webhook': {
        const secret = await this.#secret(to.secretFile);
        const data = link === null ? notice.data : { ...notice.data, link };
        return sendWebhook(
          poster,
          { url: to.url, secret, ca },
          { id: notice.id, data },
          clock.now(),
        );
      }
      case 'ntfy': {
        const token = to.tokenFile === null ? null : await this.#secret(to.tokenFile);
        const headers = token === null ? {} : { authorization: `Bearer ${token}` };
        return chat(to.url, ntfyMessage(to.topic, notice, link), headers);
      }
      case 'slack':
        return chat(await this.#secret(to.urlFile), slackMessage(notice, link));
      case 'teams':
        return chat(await this.#secret(to.urlFile), teamsMessage(notice, link));
      case 'mail':
        return this.#mail(to, notice, link, ca);
    }
  }

  /** What waits from before there was a console names no place in it. */
  async #linkOf({ link }: Partial<Notice>): Promise<string | null> {
    const origin = await this.#needs.origin();
    return origin === null || link === undefined ? null : `${origin}${link}`;
  }

  async #mail(
    to: Extract<Subscription['to'], { readonly kind: 'mail' }>,
    notice: Notice,
    link: string | null,
    ca: string | null,
  ): Promise<void> {
    const { host, port, tls, user, passwordFile, from } = to;
    const credentials =
      user === null || passwordFile === null
        ? null
        : { user, password: await this.#secret(passwordFile) };
    return this.#needs.mailer.send({
      host,
      port,
      tls,
      credentials,
      ca,
      from,
      to: to.to,
      messageId: `<${notice.id}@${from.split('@').at(-1) ?? 'holdfast'}>`,
      subject: notice.subject,
      text: `${[...notice.lines, ...(link === null ? [] : [`Look in the console: ${link}`])].join('\n')}\n`,
      timeoutMs: MAIL_TIMEOUT_MS,
    });
  }

  /** A regular file of ours that nobody else may read: its first line. */
  async #secret(file: string): Promise<string> {
    const { machineFiles, uid, home } = this.#needs;
    const path = join(file.startsWith('/') ? '/' : home, file);
    const info = await machineFiles.stat(path).catch(() => undefined);
    const isPrivate = info?.kind === 'file' && info.uid === uid && (info.mode & 0o077) === 0;
    const bytes = isPrivate ? await machineFiles.read(path, MOST_SECRET) : undefined;
    if (bytes !== undefined)
      return Buffer.from(bytes).toString('latin1').split(/\r?\n/, 1)[0] ?? '';
    throw new Fault(
      'refused',
      'notice-secret',
      `a secret of a notice is not a file of ours alone: ${path}. Make it with mode 0600, owned by the account that runs Holdfast`,
    );
  }

  async #pin(file: string): Promise<string> {
    const path = join(file.startsWith('/') ? '/' : this.#needs.home, file);
    const bytes = await this.#needs.machineFiles.read(path, 16 * MOST_SECRET);
    if (bytes !== undefined) return Buffer.from(bytes).toString('latin1');
    throw new Fault('missing', 'notice-ca', `the certificates cannot be read: ${path}`);
  }

  async #tell(
    { notice, tries }: Waiting,
    outcome: 'done' | 'failed',
    why: string | null,
  ): Promise<void> {
    try {
      await this.#needs.events.append(noticeEvent(notice, tries, outcome, why)).durable;
    } catch (thrown) {
      this.#needs.log.error('a notice is not on record', thrown, { notice: notice.id });
    }
  }

  async #cursor(): Promise<Instant | undefined> {
    const read = await this.#readState(CURSOR);
    const at = (read as { readonly at?: unknown } | undefined)?.at;
    return typeof at === 'string' ? parseInstant(at) : undefined;
  }

  async #moveCursor(at: Instant): Promise<void> {
    await this.#writeState(CURSOR, { at: formatInstant(at) });
  }

  async #lastRuns(): Promise<Map<string, Instant>> {
    if (this.#runs !== undefined) return this.#runs;
    const read = (await this.#readState(RUNS)) ?? {};
    this.#runs = new Map(
      Object.entries(read as Readonly<Record<string, Json>>).flatMap(([key, at]) =>
        typeof at === 'string' ? [[key, parseInstant(at)] as const] : [],
      ),
    );
    return this.#runs;
  }

  async #keepRuns(
    runs: Map<string, Instant>,
    { schedules }: NoticeSettings,
    targets: readonly Target[],
  ): Promise<void> {
    const known = new Set(
      schedules.flatMap(({ name }) => targets.map(({ id }) => `${name} ${id}`)),
    );
    for (const key of runs.keys()) if (!known.has(key)) runs.delete(key);
    await this.#writeState(
      RUNS,
      Object.fromEntries([...runs].map(([key, at]) => [key, formatInstant(at)])),
    );
  }

  /** What cannot be read is as if it were not there: a notice may come twice, a schedule run once more. */
  async #readState(name: string): Promise<Json | undefined> {
    const bytes = await this.#needs.files.read(join(this.#directory, name));
    if (bytes === undefined) return undefined;
    try {
      return parseJson(Buffer.from(bytes).toString(), name);
    } catch (thrown) {
      this.#needs.log.warn('a file of notices cannot be read', { name, why: asFault(thrown).code });
      return undefined;
    }
  }

  async #writeState(name: string, state: Json): Promise<void> {
    await this.#needs.files.makeDirectory(this.#directory);
    await this.#needs.files.replace(join(this.#directory, name), Buffer.from(canonicalJson(state)));
  }
}
