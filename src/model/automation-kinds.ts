/** Kinds that tools tell which keep targets by files: OpenTofu and Terraform, Ansible, Talos. */
import * as z from 'zod/v4';
import { attribute, moving } from './kind-parts.ts';
import type { AttributeSpec, KindSpec } from './kinds.ts';

/** Of any form, and moving by itself. */
const structure = (about: string): AttributeSpec => ({
  schema: z.unknown(),
  about,
  volatile: true,
});

const TOFU_KINDS: Readonly<Record<string, KindSpec>> = {
  stack: {
    about:
      'What one directory of OpenTofu or Terraform describes; its key is the name of the target',
    attributes: {
      pending: attribute('number', 'Resources that the newest plan would change'),
      drifted: attribute('number', 'Resources that differ from what was recorded of them'),
      plan: moving('text', 'Name of the plan that could be applied now'),
      resources: moving('number', 'Resources that are there'),
      root: attribute('text', 'Its directory', { security: true }),
      program: attribute('text', 'tofu or terraform'),
      cli: attribute('text', 'Settings of the program, kept by us'),
      home: attribute('text', 'Directory that the program takes for its home'),
      serial: moving('number', 'Serial of the state'),
      lineage: attribute('text', 'Lineage of the state'),
      drift: structure('What was recorded of resources that differ from it, field by field'),
    },
  },
  plan: {
    about: 'A saved plan of a stack, that can be applied exactly as it is: stack/name',
    attributes: {
      path: moving('text', 'File that holds it'),
      sha256: moving('text', 'SHA-256 of that file'),
      current: moving('flag', 'Made from the state and the configuration as they are now'),
      creates: moving('number', 'Resources it would create'),
      updates: moving('number', 'Resources it would change in place'),
      deletes: moving('number', 'Resources it would delete'),
      replaces: moving('number', 'Resources it would delete and create anew'),
      destroys: moving('number', 'Resources it would delete, or delete and create anew'),
      madeAt: moving('time', 'When it was made'),
      program: moving('text', 'tofu or terraform'),
      version: moving('text', 'Version of the program that made it'),
      changes: structure('What it would change, field by field'),
    },
  },
  resource: {
    about:
      'A resource of a stack as it is: stack/address. Its attributes are fields, joined by dots',
    attributes: {},
  },
};

const TALOS_KINDS: Readonly<Record<string, KindSpec>> = {
  node: {
    about: 'A node of Talos; its key is the name of the target',
    attributes: {
      address: attribute('text', 'Where its API is asked'),
      config: attribute('text', 'File with the credentials we ask with', { security: true }),
      healthy: moving('flag', 'The checks of the cluster passed when they were last run'),
      healthyAt: moving('time', 'When they were last run'),
      'version.talos': attribute('text', 'Version of Talos'),
      'version.client': moving('text', 'Version of talosctl that asked'),
      'machine.type': attribute('text', 'controlplane or worker'),
      'machine.stage': attribute('text', 'running, when it is'),
      'machine.ready': attribute('flag', 'It says it is ready'),
      members: attribute('list', 'Nodes of its cluster that it knows'),
    },
  },
  node_setting: {
    about: 'One field of the machine configuration of a node of Talos: node/path',
    security: true,
    attributes: {},
  },
};

const ANSIBLE_KINDS: Readonly<Record<string, KindSpec>> = {
  playbook: {
    about: 'What a check of a playbook of Ansible came to on one host: host/root/playbook',
    attributes: {
      state: attribute(
        'text',
        'ok, changed, failed, unreachable, none (no play is for it) or refused',
      ),
      reason: moving('text', 'Why no check was made'),
      archive: moving('text', 'File that holds the content that was checked'),
      sha256: moving('text', 'SHA-256 of that file'),
      limit: attribute('text', 'The one name that the host has in the inventory'),
      inventory: attribute('text', 'The inventory, below the root'),
      root: attribute('text', 'Name of the root'),
      file: attribute('text', 'The playbook, below the root'),
      changes: moving('number', 'Tasks that would change something'),
      failed: moving('number', 'Tasks that failed'),
      unreachable: moving('number', 'Tasks that did not reach the host'),
      found: moving('text', 'Digest of all that it found'),
      ansible: moving('text', 'Version of Ansible that checked'),
      checkedAt: moving('time', 'When it was checked'),
    },
  },
  task: {
    about:
      'A task of a playbook, as its check found the host: host/root/playbook/place and name. What differs is under `is.`, field by field',
    attributes: {
      state: attribute('text', 'ok, changed, skipped, failed, ignored or unreachable'),
      playbook: attribute('text', 'The playbook it is of: root/playbook'),
      name: moving('text', 'As the playbook calls it'),
      at: moving('text', 'File and line below the root'),
      module: moving('text', 'The module it uses'),
      hidden: attribute('flag', 'The playbook keeps its values back (no_log)'),
      diff: moving('text', 'Lines that would go and come, redacted and bounded'),
      message: moving('text', 'What went wrong, as it said'),
      wants: structure('What each field that differs would become'),
    },
  },
};

export const AUTOMATION_KINDS: Readonly<Record<string, KindSpec>> = {
  ...TOFU_KINDS,
  ...TALOS_KINDS,
  ...ANSIBLE_KINDS,
};
