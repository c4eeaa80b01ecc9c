export { compose, type Notice, type Transition } from './compose.ts';
export { isDue, targetsOf } from './due.ts';
export { Outbox, type Waiting } from './outbox.ts';
export {
  type Job,
  NO_NOTICES,
  type NoticeSettings,
  parseNotices,
  type Schedule,
  type Subscription,
} from './settings.ts';
export { type Hook, notTaken, sendWebhook } from './webhook.ts';
export { isWithin } from './window.ts';
