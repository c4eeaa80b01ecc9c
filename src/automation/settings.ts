/**
 * `automation.yaml`: which directories of Ansible and OpenTofu, and which clusters of Talos, keep which
 * targets. Nothing outside a root is read or run; without a root nothing is.
 */

export type AnsibleRoot = {
  /** Playbooks are named `<name>/<playbook>`. */
  readonly name: string;
  /** Absolute. */
  readonly root: string;
  /** Below the root. */
  readonly inventory: string;
  readonly playbooks: readonly string[];
  /** Target id → the one name it has in that inventory; a target that is not here goes by its key. */
  readonly targets: ReadonlyMap<string, string>;
  readonly at: string;
};

export type Stack = {
  readonly target: string;
  readonly root: string;
  readonly program: 'tofu' | 'terraform';
  readonly at: string;
};

export type TalosConfig = {
  readonly target: string;
  /** Absolute path of a talosconfig that only we may read. */
  readonly config: string;
  readonly at: string;
};

export type AutomationSettings = {
  readonly ansible: readonly AnsibleRoot[];
  readonly stacks: readonly Stack[];
  readonly talos: readonly TalosConfig[];
};
