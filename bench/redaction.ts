/** Row R1: what redacting and neutralising costs on text as logs have it. */
import { clean, redactJson } from '#redaction';
import { inTurn, mustHold, took } from './measure.ts';
import { alone, paired, type Row } from './row.ts';
import type { Setting } from './sizes.ts';

/** Lines of a journal; every fiftieth gives something away. */
export function logText(bytes: number): string {
  const lines: string[] = [];
  for (let i = 0, length = 0; length < bytes; i += 1) {
    const time = `2026-03-01T12:${String(i % 60).padStart(2, '0')}:00.${String(i % 1_000_000).padStart(6, '0')}Z`;
    const line =
      i % 50 === 49
        ? `${time} web-1 app[${i}]: connecting to postgres://app:s3cr3t-${i}@db.internal:5432/main password=hunter${i}`
        : i % 7 === 3
          ? `${time} web-1 kernel: eth0: renamed from veth${i.toString(16)}, mtu 1500, 10.0.${i % 256}.${(i * 7) % 256}`
          : `${time} web-1 nginx[812]: 203.0.113.${i % 256} "GET /items/${i}?page=2 HTTP/1.1" 200 ${i % 9_000} "Mozilla/5.0 (X11; Linux x86_64)"`;
    lines.push(line);
    length += line.length + 1;
  }
  return lines.join('\n');
}

/** One pass with one expression: the least that anything which looks for a label has to do. */
const LABELLED = /(pass(?:word|wd)?|secret|token|api[_-]?key)(\s*[=:]\s*)\S+/gi;
const UNSEEN = /[^\P{C}\n\t]/gu;

export async function redactionRows({ sizes }: Setting): Promise<Row[]> {
  const text = logText(sizes.textBytes);
  const longer = logText(sizes.textBytes * 4);
  const mib = (of: string): number => Buffer.byteLength(of) / (1 << 20);
  mustHold(!/hunter\d/.test(clean(text).text), 'no password is left');
  const rate = async (act: () => unknown, of = text): Promise<number> =>
    mib(of) / ((await took(act)) / 1_000);
  const pair = await inTurn(
    sizes.rounds,
    () => rate(() => clean(text)),
    () => rate(() => text.replace(LABELLED, '$1$2[redacted]').replace(UNSEEN, '')),
  );
  const linear = await inTurn(
    sizes.rounds,
    async () => 1_000 / (await rate(() => clean(longer), longer)),
    async () => 1_000 / (await rate(() => clean(text))),
  );
  const facts = { facts: text.split('\n').map((line, i) => ({ entity: `log:${i}`, value: line })) };
  const asJson = await inTurn(
    sizes.rounds,
    () => rate(() => redactJson(facts), JSON.stringify(facts)),
    () => rate(() => JSON.parse(JSON.stringify(facts)), JSON.stringify(facts)),
  );
  const told = {
    id: 'R1',
    what: `redact and neutralise ${mib(text).toFixed(2)} MiB of log`,
    unit: 'MiB/s',
  };
  return [
    alone({ ...told, must: { atLeast: 50 } }, pair.ours),
    paired({ ...told, beside: 'two regular expressions' }, pair),
    paired(
      {
        id: 'R1',
        what: 'time a MiB, four times as long',
        beside: 'the shorter',
        unit: 'ms',
        must: { atMost: 1.25 },
      },
      linear,
    ),
    paired(
      { id: 'R1', what: 'the same in JSON values', beside: 'stringify and parse', unit: 'MiB/s' },
      asJson,
    ),
  ];
}
