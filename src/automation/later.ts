/** Looks through tools, which most fleets are kept without: each loads with the first look of its kind. */
import type { ansibleLook as Ansible } from './ansible/look.ts';
import type { talosLook as Talos } from './talos/look.ts';
import type { tofuLook as Tofu } from './tofu/look.ts';

export const ansibleLook: typeof Ansible = async (...given) =>
  (await import('./ansible/look.ts')).ansibleLook(...given);

export const talosLook: typeof Talos = async (...given) =>
  (await import('./talos/look.ts')).talosLook(...given);

export const tofuLook: typeof Tofu = async (...given) =>
  (await import('./tofu/look.ts')).tofuLook(...given);
