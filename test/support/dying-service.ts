/**
 * The service in a process of its own, which plays one change from its proposal to its undoing and a
 * stop, and kills itself with SIGKILL where it is told to. For tests that look at what is left.
 *
 * Arguments: data directory, round, and the point at which it dies (none: it lives to the end).
 */
import { FAULT_POINTS, type FaultPoint } from '#execution';
import { approve, ask, mustOpen, propose, TARGET } from './change-home.ts';

const [home = '', round = '', point] = process.argv.slice(2);
const dieAt: FaultPoint | undefined = FAULT_POINTS.find((each) => each === point);
let isArmed = false;

const service = await mustOpen(home, (at) => {
  if (isArmed && at === dieAt) process.kill(process.pid, 'SIGKILL');
});
process.stdout.write('open\n');
isArmed = true;
const { changeId } = await propose(
  service,
  'mark.add',
  { round },
  { reason: `round ${round}`, idempotencyKey: `round-${round}` },
);
await approve(service, changeId);
await ask(service, 'change_undo', { changeId, reason: 'not after all' });
await ask(service, 'emergency_stop', { subject: 'target', name: TARGET, reason: 'enough' });
await service.close();
