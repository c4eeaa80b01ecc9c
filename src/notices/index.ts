export { type ChatMessage, ntfyMessage, slackMessage, teamsMessage } from './chat.ts';
export { compose, type Notice, type Transition } from './compose.ts';
export { isDue, targetsOf } from './due.ts';
export { composeHappenings, type Happening } from './happenings.ts';
export { Outbox, type Waiting } from './outbox.ts';
export {
  type About,
  type Job,
  NO_NOTICES,
  type NoticeSettings,
  parseNotices,
  type Schedule,
  type Subscription,
} from './settings.ts';
export { type Hook, post, sendWebhook } from './webhook.ts';
export { isWithin } from './window.ts';
