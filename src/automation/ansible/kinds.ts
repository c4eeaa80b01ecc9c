/** What Ansible says of a target. */
export const ANSIBLE_KINDS = ['playbook', 'task'] as const;
