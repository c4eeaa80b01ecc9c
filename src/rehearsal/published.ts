/**
 * Which actions have passed their contract test: lines of JSON, one for each test that was passed.
 *
 * An action counts by its digest, so an edited one is a draft again. Only a line that is whole and
 * says `passed` counts; anything else in the file counts for nothing, and is told.
 */
import { Fault } from '#base/fault';
import { canonicalJson, type Json } from '#base/json';
import { formatInstant, type Instant, parseInstant } from '#base/time';
import type { Report } from './protocol.ts';

export type Published = {
  readonly digest: string;
  readonly testedAt: Instant;
  readonly where: string;
  readonly result: 'passed';
};

export type PublishedActions = {
  readonly byDigest: ReadonlyMap<string, Published>;
  /** Numbers of lines that say nothing we understand, from 1. */
  readonly unreadable: readonly number[];
};

const DIGEST = /^(sha256:)?[0-9a-f]{64}$/;

/** The record of a passed test; refuses a report of one that failed. */
export function publish(report: Report, testedAt: Instant): Published {
  const failed = report.tries.filter(({ held }) => !held);
  if (report.result !== 'passed' || failed.length > 0 || report.tries.length === 0) {
    throw new Fault(
      'refused',
      'contract-broken',
      `action does not keep its contract: ${report.action}: ${failed.map(({ name, says }) => `${name}: ${says}`).join('; ')}. Mend it, then test it again`,
      { facts: { action: report.action, failed: failed.map(({ name }) => name) } },
    );
  }
  return { digest: report.digest, testedAt, where: report.where, result: 'passed' };
}

/** One line, with its end. */
export function formatPublished({ digest, testedAt, where, result }: Published): string {
  return `${canonicalJson({ digest, testedAt: formatInstant(testedAt), where, result })}\n`;
}

export function parsePublished(text: string): PublishedActions {
  const byDigest = new Map<string, Published>();
  const unreadable: number[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const read = readLine(line);
    if (read === undefined) unreadable.push(index + 1);
    else byDigest.set(read.digest, read);
  }
  return { byDigest, unreadable };
}

function readLine(line: string): Published | undefined {
  try {
    const { digest, testedAt, where, result } = JSON.parse(line) as Record<string, Json>;
    if (typeof digest !== 'string' || !DIGEST.test(digest) || result !== 'passed') return undefined;
    if (typeof where !== 'string' || typeof testedAt !== 'string') return undefined;
    return { digest, testedAt: parseInstant(testedAt), where, result };
  } catch {
    return undefined;
  }
}
