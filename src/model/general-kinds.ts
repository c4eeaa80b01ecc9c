/** Kinds that no collector of one machine owns: what other sources and our own engines speak of. */
import { attribute, moving } from './kind-parts.ts';
import type { KindSpec } from './kinds.ts';

export const GENERAL_KINDS: Readonly<Record<string, KindSpec>> = {
  target: {
    about: 'Anything we observe or act on, as the inventory names it',
    attributes: {
      hostType: attribute('text', 'What kind of machine it is'),
      environment: attribute('text', 'production, staging, test, development or lab'),
      owner: attribute('text', 'Who is responsible'),
    },
  },
  cluster: {
    about: 'Hosts that are run as one',
    attributes: {
      version: attribute('text', 'Version of what runs it'),
      members: attribute('edges', 'Hosts in it'),
    },
  },
  network: {
    about: 'A network segment',
    attributes: {
      cidr: attribute('text', 'Its prefix'),
      vlan: attribute('number', 'VLAN id'),
      gateway: attribute('text', 'Its gateway'),
    },
  },
  storage_pool: {
    about: 'Storage that filesystems or volumes are made from',
    attributes: {
      health: attribute('text', 'As the pool says'),
      sizeBytes: attribute('number', 'Total size', { unit: 'bytes' }),
      usedBytes: moving('number', 'In use', { unit: 'bytes' }),
      members: attribute('edges', 'Devices in it'),
    },
  },
  identity: {
    about: 'Someone or something that can sign in, in a directory or identity provider',
    security: true,
    attributes: {
      name: attribute('text', 'Display name'),
      enabled: attribute('flag', 'May sign in'),
      groups: attribute('list', 'Groups it belongs to', { form: 'set' }),
      mfa: attribute('flag', 'A second factor is enrolled'),
      lastSeenAt: moving('time', 'Last sign-in'),
    },
  },
  image: {
    about: 'A container image on a host',
    attributes: {
      digest: attribute('text', 'Content digest'),
      tags: attribute('list', 'Names it goes by', { form: 'set' }),
      sizeBytes: moving('number', 'Size', { unit: 'bytes' }),
    },
  },
  alert: {
    about: 'What a monitoring system reported',
    attributes: {
      state: attribute('text', 'firing, resolved, ...'),
      severity: attribute('text', 'As the source says'),
      summary: attribute('text', 'As the source says; untrusted text'),
      startedAt: moving('time', 'When it began'),
    },
  },
  finding: {
    about: 'Observed differs from declared; written by the drift engine only',
    attributes: {},
  },
  incident: { about: 'Trouble that needs a response', attributes: {} },
  change: { about: 'A proposed or carried out change', attributes: {} },
};
