export { type Answer, formatFrame, type Item, parseAnswer, type Verb } from './frames.ts';
