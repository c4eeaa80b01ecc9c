export { type AnsibleContent, readAnsibleContent } from './ansible/content.ts';
export { ansibleDeclaration } from './ansible/declaration.ts';
export { ANSIBLE_KINDS, type AnsibleRootNow, ansibleLook } from './ansible/look.ts';
export { hostNameProblem, readAutomation } from './read-settings.ts';
export type { AnsibleRoot, AutomationSettings, Stack, TalosConfig } from './settings.ts';
export { TALOS_KINDS, type TalosLookRequest, talosLook } from './talos/look.ts';
export { type TofuFact, tofuDeclaration } from './tofu/declaration.ts';
export { TOFU_KINDS, type TofuLookRequest, tofuLook } from './tofu/look.ts';
export type { ToolFact, ToolLook, ToolShortfall } from './tool-look.ts';
