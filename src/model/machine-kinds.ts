/**
 * Kinds that the collectors of one machine own. Keys are `<target name>/<key>`; the words behind
 * `about` say what the key is. Paths keep their leading slash: `file:web-1//etc/passwd`.
 */
import { attribute, moving } from './kind-parts.ts';
import type { KindSpec } from './kinds.ts';

const bytes = { unit: 'bytes' } as const;
const seconds = { unit: 'seconds' } as const;
/** The order of its list says nothing. */
const set = { form: 'set' } as const;
const caseless = { form: 'caseless' } as const;

export const MACHINE_KINDS: Readonly<Record<string, KindSpec>> = {
  host: {
    about: 'The machine itself; its key is the name of the target',
    attributes: {
      'os.id': attribute('text', 'Distribution, like debian'),
      'os.name': attribute('text', 'Distribution with version, for people'),
      'os.version': attribute(
        'text',
        'Version of the distribution, with its point release if known',
      ),
      'os.codename': attribute('text', 'Code name of the release'),
      'kernel.release': attribute('text', 'Release of the running kernel'),
      'kernel.version': attribute('text', 'Build of the running kernel'),
      'kernel.taint': attribute('number', 'Taint bits of the kernel; 0 is untainted'),
      'kernel.commandLine': attribute('text', 'Parameters the kernel was started with'),
      architecture: attribute('text', 'Machine architecture'),
      hostname: attribute('text', 'Name the machine gives itself', caseless),
      timezone: attribute('text', 'Time zone of the machine'),
      init: attribute('text', 'Program that is process 1'),
      'cpu.model': attribute('text', 'Processor model'),
      'cpu.count': attribute('number', 'Processors in use'),
      'memory.totalBytes': attribute('number', 'Memory, cut to whole MiB', bytes),
      'memory.availableBytes': moving('number', 'Memory that could be used now', bytes),
      'swap.totalBytes': attribute('number', 'Swap space', bytes),
      'swap.usedBytes': moving('number', 'Swap in use', bytes),
      'boot.id': moving('text', 'Random id of this boot'),
      'boot.at': moving('time', 'When the machine started, to the second'),
      uptimeSeconds: moving('number', 'Time since the machine started', seconds),
      load: moving('number', 'Runnable processes, mean of one minute'),
      'processes.count': moving('number', 'Processes that exist'),
      'reach.state': moving('text', 'reachable or unreachable, when it was last tried'),
      'reach.reason': moving('text', 'Why it could not be reached'),
    },
  },
  component: {
    about:
      'A part of the system that is there or not: systemd, sshd, sudo, cron, a container runtime',
    attributes: {
      present: attribute('flag', 'Installed'),
      running: attribute('flag', 'Answers or manages the machine'),
      version: attribute('text', 'Version'),
      path: attribute('text', 'Where it was found'),
    },
  },
  service: {
    about: 'A service of the init system, by unit name',
    attributes: {
      'state.active': attribute(
        'text',
        'active, inactive, failed; only for services that run steadily',
      ),
      'state.enabled': attribute(
        'text',
        'Whether it starts by itself: enabled, disabled, static, masked',
      ),
      'state.load': attribute('text', 'Whether its definition could be read'),
      'state.failed': attribute('flag', 'Its last run failed'),
      'state.current': moving('text', 'State at this moment, also of services that come and go'),
      'state.sub': moving('text', 'Finer state at this moment'),
      since: moving('time', 'When it entered its state'),
      restarts: moving('number', 'Automatic restarts'),
      description: attribute('text', 'What it says about itself'),
      user: attribute('text', 'Account it runs as', { security: true }),
      path: attribute('text', 'File that defines it', { security: true }),
      overrides: attribute('list', 'Files that change its definition', { security: true, ...set }),
    },
  },
  unit: {
    about: 'A socket or path unit of systemd, by unit name',
    attributes: {
      'state.active': attribute('text', 'active, inactive, failed'),
      'state.enabled': attribute('text', 'Whether it starts by itself'),
      'state.failed': attribute('flag', 'It failed'),
      'state.current': moving('text', 'State at this moment'),
      description: attribute('text', 'What it says about itself'),
      path: attribute('text', 'File that defines it', { security: true }),
      overrides: attribute('list', 'Files that change its definition', { security: true, ...set }),
      triggers: attribute('edges', 'Units it starts'),
    },
  },
  timer: {
    about: 'A timer of systemd, by unit name',
    attributes: {
      'state.active': attribute('text', 'active or inactive'),
      'state.enabled': attribute('text', 'Whether it starts by itself'),
      'state.failed': attribute('flag', 'It failed'),
      'state.current': moving('text', 'State at this moment'),
      schedule: attribute('list', 'When it fires', set),
      triggers: attribute('edges', 'Units it starts'),
      description: attribute('text', 'What it says about itself'),
      path: attribute('text', 'File that defines it', { security: true }),
      overrides: attribute('list', 'Files that change its definition', { security: true, ...set }),
      nextAt: moving('time', 'When it fires next'),
      lastAt: moving('time', 'When it fired last'),
    },
  },
  package: {
    about: 'An installed package, by name; a foreign architecture follows a colon',
    attributes: {
      version: attribute('text', 'Installed version'),
      architecture: attribute('text', 'Architecture'),
      state: attribute('text', 'installed, or what it is stuck in'),
      held: attribute('flag', 'Kept from upgrades'),
      manager: attribute('text', 'dpkg, rpm or apk'),
      source: attribute('text', 'Source package it is built from; of dpkg'),
      sourceVersion: attribute('text', 'Version of the source, where it is another'),
    },
  },
  mount: {
    about: 'A mounted filesystem, by mount point',
    attributes: {
      source: attribute('text', 'What is mounted'),
      type: attribute('text', 'Type of filesystem'),
      options: attribute('list', 'Mount options', set),
    },
  },
  filesystem: {
    about: 'Space of a mounted local filesystem, by mount point',
    attributes: {
      type: attribute('text', 'Type of filesystem'),
      sizeBytes: attribute('number', 'Size', bytes),
      usedBytes: moving('number', 'In use', bytes),
      availableBytes: moving('number', 'Free for ordinary accounts', bytes),
      inodes: moving('number', 'File entries it can hold now'),
      inodesUsed: moving('number', 'File entries in use'),
    },
  },
  block_device: {
    about: 'A disk, partition or mapped device, by kernel name or mapping name',
    attributes: {
      type: attribute('text', 'disk, partition, mapped, raid or loop'),
      sizeBytes: attribute('number', 'Size', bytes),
      model: attribute('text', 'Model'),
      readOnly: attribute('flag', 'Cannot be written'),
      removable: attribute('flag', 'Can be taken out'),
      encrypted: attribute('flag', 'A LUKS or plain dm-crypt mapping'),
      parents: attribute('edges', 'Devices it is made from'),
    },
  },
  interface: {
    about: 'A network interface, by name',
    attributes: {
      type: attribute('text', 'ethernet, loopback, bridge, wireguard, ...'),
      mac: attribute('text', 'Hardware address of a device', caseless),
      mtu: attribute('number', 'Largest packet', bytes),
      enabled: attribute('flag', 'Set up by an administrator'),
      master: attribute('edge', 'Bridge or bond it belongs to'),
      promiscuous: attribute('flag', 'Hears traffic for others', { security: true }),
      state: moving('text', 'Link state'),
      macVirtual: moving('text', 'Address of a virtual interface, often random'),
    },
  },
  address: {
    about: 'An address of an interface, as `<interface>/<address>`; temporary ones are left out',
    comesAndGoes: 'dynamic',
    attributes: {
      family: attribute('text', 'inet or inet6'),
      prefix: attribute('number', 'Length of the network prefix'),
      scope: attribute('text', 'global, link or host'),
      interface: attribute('edge', 'Interface'),
      dynamic: moving('flag', 'Given by DHCP or router advertisement'),
      lifetimeSeconds: moving('number', 'Rest of the lease', seconds),
    },
  },
  route: {
    about: 'A route of the main table, as `<destination> dev <interface>`',
    attributes: {
      gateway: attribute('text', 'Next hop'),
      metric: attribute('number', 'Preference'),
      interface: attribute('edge', 'Interface'),
    },
  },
  port: {
    about: 'A socket that waits for others, as `<protocol>/<address>:<port>`',
    security: true,
    attributes: {
      protocol: attribute('text', 'tcp or udp'),
      address: attribute('text', 'Local address'),
      port: attribute('number', 'Local port'),
      process: attribute('text', 'Name of the program that holds it'),
      exe: attribute('text', 'Path of that program'),
      user: attribute('text', 'Account that opened it'),
      unit: attribute('text', 'Unit of systemd that holds it'),
      pid: moving('number', 'Process id'),
      exeReplaced: moving('flag', 'The program on disk is not the one that runs'),
    },
  },
  user: {
    about: 'A local account, by name',
    security: true,
    attributes: {
      uid: attribute('number', 'User id'),
      gid: attribute('number', 'Id of the primary group'),
      name: attribute('text', 'Free text of the account (GECOS)'),
      home: attribute('text', 'Home directory'),
      shell: attribute('text', 'Login shell'),
      groups: attribute('list', 'Groups it belongs to besides the primary one', set),
      'password.state': attribute('text', 'set, locked, empty, or unreadable'),
      'password.changedOn': attribute('text', 'Day of the last change'),
      expiresOn: attribute('text', 'Day the account ends'),
    },
  },
  group: {
    about: 'A local group, by name',
    security: true,
    attributes: {
      gid: attribute('number', 'Group id'),
      members: attribute('list', 'Accounts listed as members', set),
    },
  },
  sudo_rule: {
    about: 'A line of sudoers, as `<file>/<whom it is for>`',
    security: true,
    attributes: {
      rule: attribute('text', 'The line, white space joined'),
      type: attribute('text', 'rule, defaults, alias or include'),
      who: attribute('text', 'Whom it is for'),
      noPassword: attribute('flag', 'Asks for no password'),
      file: attribute('text', 'File it stands in'),
    },
  },
  authorized_key: {
    about: 'A key that may sign in over SSH, as `<account>/<fingerprint>`; never the key itself',
    security: true,
    attributes: {
      type: attribute('text', 'Algorithm'),
      fingerprint: attribute('text', 'SHA256 fingerprint as OpenSSH prints it'),
      comment: attribute('text', 'Free text behind the key'),
      options: attribute('list', 'Restrictions; values of environment= are left out'),
      user: attribute('edge', 'Account it opens'),
      file: attribute('text', 'File it stands in'),
    },
  },
  sshd_setting: {
    about:
      'A setting of the SSH server, by lower-case keyword; those of Match blocks below `match <criteria>/`',
    security: true,
    attributes: {
      value: attribute('textOrList', 'Value; a list where the keyword may repeat', {
        form: 'sshd',
      }),
      origin: attribute(
        'text',
        'effective (the server said so) or configured (read from its files)',
      ),
    },
  },
  cron_job: {
    about:
      'A scheduled command, as `<file>/<digest of account and command>` or the path of a script',
    attributes: {
      schedule: attribute('text', 'When it runs'),
      command: attribute('text', 'What it runs'),
      user: attribute('text', 'Account it runs as', { security: true }),
      file: attribute('text', 'File it stands in'),
    },
  },
  container: {
    about: 'A container, by name',
    attributes: {
      runtime: attribute('text', 'docker or podman'),
      image: attribute('text', 'Image it was made from'),
      state: attribute('text', 'running, exited, ...'),
      ports: attribute('list', 'Ports it publishes', { security: true, ...set }),
      networks: attribute('list', 'Networks it is in', set),
      id: moving('text', 'Id, new for every recreation'),
      status: moving('text', 'State with its age'),
    },
  },
  certificate: {
    about: 'An X.509 certificate, by path of its file; the first one of a chain',
    attributes: {
      subject: attribute('text', 'Subject'),
      issuer: attribute('text', 'Issuer'),
      subjectAltNames: attribute('list', 'Names it is good for', set),
      notBefore: attribute('time', 'Valid from'),
      notAfter: attribute('time', 'Valid until'),
      fingerprint: attribute('text', 'SHA-256 of the certificate, hexadecimal', caseless),
      serial: attribute('text', 'Serial number', caseless),
      keyType: attribute('text', 'Kind of public key'),
      keyBits: attribute('number', 'Size of an RSA key', { unit: 'bits' }),
      isCa: attribute('flag', 'May sign other certificates'),
      selfSigned: attribute('flag', 'Issuer and subject are one'),
      trustAnchor: attribute('flag', 'Added to what this machine trusts', { security: true }),
      chainLength: attribute('number', 'Certificates in the file'),
    },
  },
  file: {
    about: 'A file that security rests on, by path',
    security: true,
    attributes: {
      type: attribute('text', 'file, directory, symlink or other'),
      owner: attribute('text', 'Account that owns it'),
      group: attribute('text', 'Group that owns it'),
      mode: attribute('text', 'Permission bits, octal, like 0644', { form: 'mode' }),
      sha256: attribute(
        'text',
        'SHA-256 of its content; never of files that hold secrets',
        caseless,
      ),
      linkTarget: attribute('text', 'Where a symbolic link points'),
    },
  },
  kernel_parameter: {
    about: 'A kernel parameter (sysctl), by name',
    attributes: { value: attribute('textOrNumber', 'Value as text', { form: 'sysctl' }) },
  },
  time_sync: {
    about: 'How the clock is kept right',
    attributes: {
      provider: attribute('text', 'chrony, systemd-timesyncd, ntpd or none'),
      enabled: attribute('flag', 'Synchronisation is switched on'),
      synchronized: attribute('flag', 'The clock follows a reference'),
      hardwareClockLocal: attribute('flag', 'The hardware clock keeps local time'),
      reference: moving('text', 'Whom it follows now'),
      stratum: moving('number', 'Distance from a reference clock'),
      offsetSeconds: moving('number', 'Difference from the reference', seconds),
      skewPpm: moving('number', 'Drift of the clock'),
    },
  },
};
