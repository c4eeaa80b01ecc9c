/**
 * Messages to ntfy, to a Slack-compatible incoming webhook and to a Teams workflow: plain text in a field that renders no
 * markup, bounded, one link to the console, and nothing to press. What a host said is inert before it comes here.
 */
import type { Json } from '#base/json';
import type { Notice } from './compose.ts';

/** Characters; each below what the service takes (ntfy 4,096 bytes, Slack 3,000 for a block, Teams 28 KiB in all). */
const MOST = { ntfy: 3_000, slack: 2_900, teams: 12_000, subject: 200 } as const;

export type ChatMessage = { readonly [key: string]: Json };
type Told = Pick<Notice, 'subject' | 'lines' | 'event'>;

/** JSON for the root of an ntfy server (ntfy, "Publish as JSON"): no markdown, no actions, no attachment. */
export function ntfyMessage(topic: string, notice: Told, link: string | null): ChatMessage {
  return {
    topic,
    title: cut(plain(notice.subject), MOST.subject),
    message: cutBytes(notice.lines.map((line) => plain(line)).join('\n'), MOST.ntfy),
    markdown: false,
    priority: isUrgent(notice) ? 4 : 3,
    ...(link === null ? {} : { click: link }),
  };
}

/**
 * For Slack's incoming webhooks and those that understand the same. `text` is all that some of them show, and there
 * it may be markup, so it holds our own words and the link alone; details are of the type that has no markup.
 */
export function slackMessage(notice: Told, link: string | null): ChatMessage {
  const subject = slackText(notice.subject, MOST.subject);
  return {
    text: link === null ? subject : `${subject}\n${link}`,
    mrkdwn: false,
    link_names: 0,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'section', text: plainBlock(notice.subject, MOST.subject) },
      { type: 'section', text: plainBlock(notice.lines.join('\n'), MOST.slack) },
      ...(link === null
        ? []
        : [
            {
              type: 'section',
              text: { type: 'mrkdwn', text: `<${link}|Look in the console>`, verbatim: true },
            },
          ]),
    ],
  };
}

/** An adaptive card in the envelope of Teams workflows: runs of text, which know no markdown. */
export function teamsMessage(notice: Told, link: string | null): ChatMessage {
  const run = (text: string, more: { readonly [key: string]: Json } = {}): Json => ({
    type: 'RichTextBlock',
    inlines: [{ type: 'TextRun', text, ...more }],
  });
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            run(cut(plain(notice.subject), MOST.subject), { weight: 'Bolder' }),
            ...linesWithin(notice.lines, MOST.teams).map((line) => run(plain(line))),
            ...(link === null
              ? []
              : [
                  run('Look in the console', {
                    selectAction: { type: 'Action.OpenUrl', url: link },
                  }),
                ]),
          ],
        },
      },
    ],
  };
}

function isUrgent({ event }: Told): boolean {
  return event === 'break-glass.opened' || event === 'stop.tripped' || event === 'change.waiting';
}

function plainBlock(text: string, most: number): Json {
  return { type: 'plain_text', text: slackText(text, most), emoji: false };
}

/** Slack's three characters of control (`<!channel>`, `<@U…>`, `&lt;`) in a form that is none. */
function slackText(text: string, most: number): string {
  return cut(
    plain(text)
      .replaceAll('<', '‹')
      .replaceAll('>', '›')
      .replaceAll('&', '＆')
      .replaceAll(/[*~`]/g, (mark) => SLACK_MARKS[mark] ?? ''),
    most,
  );
}

const SLACK_MARKS: Readonly<Record<string, string>> = { '*': '∗', '~': '∼', '`': 'ˋ' };

/** Nothing but visible characters and line ends, whoever wrote them. */
function plain(text: string): string {
  return text.replaceAll(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, ' ');
}

function cut(text: string, most: number): string {
  return text.length <= most
    ? text
    : `${text
        .slice(0, most - 1)
        .toWellFormed()
        .replace(/\ufffd$/, '')}…`;
}

function cutBytes(text: string, most: number): string {
  let short = cut(text, most);
  while (Buffer.byteLength(short) > most)
    short = cut(short, short.length - Math.ceil((Buffer.byteLength(short) - most) / 4) - 1);
  return short;
}

function linesWithin(lines: readonly string[], most: number): readonly string[] {
  const kept: string[] = [];
  let left = most;
  for (const line of lines) {
    left -= line.length + 60;
    if (left < 0) return [...kept, `… and ${lines.length - kept.length} lines more`];
    kept.push(line === '' ? ' ' : line);
  }
  return kept;
}
