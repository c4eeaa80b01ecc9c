/** Run inside a lab host: prints what Holdfast's own collectors see there, as lines of JSON. */
import { COLLECTORS, observe } from '#collectors';
import { nodeClock, nodeMachineFiles, nodePrograms } from '#machine';

const [target = 'host:lab', ...names] = process.argv.slice(2);
const clock = nodeClock();
const observed = await observe({
  target,
  machine: { files: nodeMachineFiles(), programs: nodePrograms(), clock },
  collectors: COLLECTORS.filter(({ name }) => names.length === 0 || names.includes(name)),
  clock,
});
const facts = observed.flatMap((each) => each.facts);
process.stdout.write(
  facts
    .map(({ entity, attribute, value }) => `${JSON.stringify({ entity, attribute, value })}\n`)
    .join(''),
);
