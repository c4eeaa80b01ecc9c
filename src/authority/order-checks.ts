/** What holds for an order whoever signed it: clocks, the one history of the log, the part and what it relies on. */
import { sha256 } from '#base/digest';
import {
  type CheckpointMark,
  type HostPolicy,
  NO_HASH,
  type PartDocument,
} from './document-values.ts';
import { partDocument } from './documents.ts';
import { authorityFault } from './faults.ts';
import type { HostView, RunRequest } from './host-view.ts';

type Timed = { readonly issued: number; readonly notBefore?: number; readonly runBy?: number };

export function requireOrganisation({ identity }: HostView, organisation: string): void {
  if (organisation !== identity.organisation) {
    throw authorityFault(
      'wrong-organisation',
      `the order is of another organisation: ${organisation}. Send it to a host of that organisation`,
    );
  }
}

export function requireTime({ now, floor }: HostView, { skew }: HostPolicy, order: Timed): void {
  if (now + skew < floor) {
    throw authorityFault(
      'clock-below-floor',
      "the host's clock is behind a time it has already seen: set its clock, then send again",
    );
  }
  if (order.issued > now + skew) {
    throw authorityFault(
      'clock-skew',
      "the order was issued in the future of the host's clock: set both clocks, then sign again",
    );
  }
  if (now < (order.notBefore ?? 0)) {
    throw authorityFault(
      'not-yet',
      `the order may not run before ${order.notBefore}: send it then`,
    );
  }
  if (order.runBy !== undefined && now > order.runBy) {
    throw authorityFault('expired', `the order had to run by ${order.runBy}: have it signed again`);
  }
}

/** What was issued later must not be smaller; what was issued earlier may still wait for its turn. */
export function requireOneHistory(
  { witness }: HostView,
  { issued, checkpoint: { size, root } }: { issued: number; checkpoint: CheckpointMark },
): void {
  const isOne =
    (size !== 0 || root === NO_HASH) &&
    witness.every((seen) =>
      size === seen.size ? root === seen.root : size > seen.size || issued <= seen.issued,
    );
  if (!isOne) {
    throw authorityFault(
      'checkpoint-fork',
      'the event log is not the one this host was shown: it was cut or written anew. Run "holdfast verify" before anything else',
    );
  }
}

export function requirePart(host: HostView, text: string, parts: readonly string[]): PartDocument {
  const part = partDocument.parse(text);
  if (!parts.includes(sha256(text))) {
    throw authorityFault('not-a-part', 'the part is not one that was signed: send the signed one');
  }
  if (part.target !== host.identity.target) {
    throw authorityFault('wrong-target', 'the part is for another host: send it there');
  }
  if (part.epoch !== host.identity.epoch) {
    throw authorityFault(
      'wrong-epoch',
      `the host was enrolled again since: epoch ${host.identity.epoch}. Propose the change again`,
    );
  }
  return part;
}

export function requireInputs(host: HostView, part: PartDocument, { stdin }: RunRequest): void {
  if ((stdin === null ? null : sha256(stdin)) !== part.stdin) {
    throw authorityFault(
      'stdin-changed',
      'the input is not the one that was signed: send that one',
    );
  }
  for (const { path, sha256: signed } of part.files) {
    if (host.present.get(path) !== signed) {
      throw authorityFault(
        'file-changed',
        `a file on the host is not the one that was signed: ${path}. Propose the change again`,
      );
    }
  }
  for (const each of part.conditions) {
    const found = host.present.get(each.path);
    const holds = each.kind === 'file-absent' ? found === undefined : found === each.sha256;
    if (!holds) {
      throw authorityFault(
        'condition-failed',
        `the host is no longer as the change expects it: ${each.path}. Propose the change again`,
      );
    }
  }
}
