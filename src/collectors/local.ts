/** Everything that is looked at on one machine. The slow ones come first, so that the round is short. */
import { accountsCollector } from './accounts.ts';
import { authorizedKeysCollector } from './authorized-keys.ts';
import { certificatesCollector } from './certificates.ts';
import { componentsCollector } from './components.ts';
import { containersCollector } from './containers.ts';
import { cronCollector } from './cron.ts';
import { kernelParametersCollector } from './kernel-parameters.ts';
import type { Collector } from './look-session.ts';
import { networkCollector } from './network.ts';
import { packagesCollector } from './packages.ts';
import { portsCollector } from './ports.ts';
import { securityFilesCollector } from './security-files.ts';
import { sshdCollector } from './sshd.ts';
import { storageCollector } from './storage.ts';
import { sudoCollector } from './sudo.ts';
import { systemCollector } from './system.ts';
import { timeSyncCollector } from './time-sync.ts';
import { unitsCollector } from './units.ts';

export const COLLECTORS: readonly Collector[] = [
  unitsCollector,
  portsCollector,
  containersCollector,
  packagesCollector,
  securityFilesCollector,
  storageCollector,
  networkCollector,
  sshdCollector,
  certificatesCollector,
  systemCollector,
  accountsCollector,
  authorizedKeysCollector,
  sudoCollector,
  cronCollector,
  componentsCollector,
  kernelParametersCollector,
  timeSyncCollector,
];
