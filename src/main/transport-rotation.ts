/** The next transport keys, before, while and after hosts take them: none is used before every host was entered with it. */
import { sha256 } from '#base/digest';
import type { Json } from '#base/json';
import { resolveTarget } from '#inventory';
import type { EnrolmentNeeds } from './enrolment-keeper.ts';

type Needs = Pick<EnrolmentNeeds, 'transport' | 'inventory' | 'enter' | 'events'>;

export async function changeKeys(
  needs: Needs,
  verb: 'stage' | 'try' | 'commit',
  targets: readonly string[],
  principal: string,
): Promise<Json> {
  const { transport, inventory, enter, events } = needs;
  switch (verb) {
    case 'stage': {
      const [current, next] = [await transport.current(), await transport.next()];
      return { keys: { ...current }, next: { ...next } };
    }
    case 'try': {
      const read = await inventory();
      const tried: { target: string; why: string | null }[] = [];
      for (const target of targets) {
        tried.push({
          target,
          why: await enter(resolveTarget(read, target, read.scopes), transport.nextDirectory),
        });
      }
      return { tried };
    }
    case 'commit': {
      await transport.commit();
      const keys = await transport.current();
      await events.append({
        kind: 'transport.keys',
        operation: 'transport.keys',
        requestId: sha256(keys.runner).slice(0, 32),
        traceId: null,
        scope: 'all',
        principal,
        onBehalfOf: null,
        surface: 'cli',
        arguments: {},
        decision: { verdict: 'allow', because: 'an operator put them on the hosts' },
        outcome: 'done',
        fault: null,
        targets: [],
        output: null,
        tainted: false,
        more: { ...keys },
      }).durable;
      return { keys: { ...keys } };
    }
  }
}
