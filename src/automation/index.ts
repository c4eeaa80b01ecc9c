export { hostNameProblem, readAutomation } from './read-settings.ts';
export type { AnsibleRoot, AutomationSettings, Stack, TalosConfig } from './settings.ts';
