export { Argv, Code } from './argv.tsx';
export {
  AssuranceBadge,
  Badge,
  SeverityBadge,
  StateBadge,
  stateInWords,
  TierBadge,
  type Tone,
} from './badge.tsx';
export { Button, LinkButton } from './button.tsx';
export { ConfirmDialog, Dialog } from './dialog.tsx';
export { Diff } from './diff.tsx';
export { Empty } from './empty.tsx';
export { ErrorPanel } from './error-panel.tsx';
export { Check, Choice, Field, Select } from './field.tsx';
export { Foreign } from './foreign.tsx';
export { Icon, type IconName } from './icon.tsx';
export { Menu, MenuAction } from './menu.tsx';
export { Page } from './page.tsx';
export { Facts, Panel } from './panel.tsx';
export { Skeleton } from './skeleton.tsx';
export { type Column, Table } from './table.tsx';
export { Tabs } from './tabs.tsx';
export { span, Time, turnExactTimes, useExactTimes, useNow } from './time.tsx';
export { toast } from './toast.tsx';
export { sentence, visible } from './visible.ts';
