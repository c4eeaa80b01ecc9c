/** Kinds that tools tell which look at a machine themselves: AIDE, OpenSCAP, Lynis, and evidence from outside. */
import * as z from 'zod/v4';
import { attribute } from './kind-parts.ts';
import type { KindSpec } from './kinds.ts';

export const REPORT_KINDS: Readonly<Record<string, KindSpec>> = {
  integrity: {
    about: 'A path that AIDE found otherwise than its database has it; none is as it should be',
    security: true,
    attributes: {
      change: attribute('text', 'added, removed or changed'),
      details: {
        schema: z
          .record(z.string(), z.object({ before: z.string(), after: z.string() }))
          .nullable(),
        about: 'Of each attribute that AIDE compares: before and after',
      },
    },
  },
  control: {
    about: 'A control that another program checked: its rule id, or cis:<benchmark>:<control>',
    attributes: {
      result: attribute(
        'text',
        'pass, fail, not-applicable, not-selected, not-checked, error, ...',
      ),
      severity: attribute('text', 'As its author says'),
      benchmark: attribute('text', 'What it is a part of'),
      detail: attribute('text', 'What was found, in the words of the program'),
    },
  },
  audit: {
    about: 'One program that looks at the hardening of the whole machine, by its name',
    attributes: {
      hardeningIndex: attribute('number', '0 to 100, as Lynis counts'),
      warnings: attribute('number', 'Warnings it gave'),
      suggestions: attribute('number', 'Suggestions it gave'),
      tests: attribute('number', 'Tests it ran'),
      version: attribute('text', 'Its version'),
    },
  },
  audit_finding: {
    about: 'What such a program objects to: its name and the id of the test',
    attributes: {
      level: attribute('text', 'warning or suggestion'),
      text: attribute('text', 'What it says'),
      detail: attribute('text', 'What it is about'),
      solution: attribute('text', 'What it advises'),
    },
  },
  vulnerability_feed: {
    about:
      'What is known of vulnerabilities. Never told of a target: where it is needed, the feed is old or knows nothing of the release',
    attributes: {},
  },
  package_source: {
    about:
      'Which source each package is built from. Never told by itself: where it is needed, packages were judged by their own names',
    attributes: {},
  },
};
