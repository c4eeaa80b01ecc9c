/** The row of a new change: an id of our own, and what was asked, for good. */
import { newId } from '#base/ids';
import type { JsonObject } from '#base/json';
import type { NewChange } from '#store';
import { asJson, type Road } from './context.ts';
import type { Asked } from './record.ts';
import type { Scene } from './scene.ts';

export function newChange(road: Road, asked: Asked, scene: Pick<Scene, 'targets'>): NewChange {
  const { requester, proposal } = asked;
  return {
    id: newId('chg', road.random),
    action: proposal.action,
    principal: requester.principal,
    session: requester.session,
    idempotencyKey: proposal.idempotencyKey,
    createdAt: road.clock.now(),
    targets: scene.targets.map(({ id, scope }) => ({ id, scope })),
    body: asJson(asked) as JsonObject,
  };
}
