export { nodeChannels } from './channels.ts';
export { nodeClock } from './clock.ts';
export { nodeFiles } from './files.ts';
export { nodeMachineFiles } from './machine-files.ts';
export { nodePoster } from './poster.ts';
export { nodePrograms } from './programs.ts';
export { nodeRandom } from './random.ts';
export { nodeSender, type SenderPlace } from './sender.ts';
export { nodeSocketFiles } from './socket-files.ts';
