/** Rules for tests whose other side is on this machine. */
import { parseAllow } from '#egress';
import type { EgressRules } from '#machine';

export const ON_THIS_MACHINE: EgressRules = {
  allow: async () => parseAllow(['127.0.0.0/8', '[::1]', 'localhost']),
};
