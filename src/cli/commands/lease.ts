import { renderAccess } from '../render/access.ts';
import {
  renderIssued,
  renderLease,
  renderLeases,
  renderProfiles,
  renderReadmitted,
  renderTokensRevoked,
} from '../render/lease.ts';
import { type CommandSpec, type GroupSpec, given } from './spec.ts';
import { secondsOf } from './standing.ts';

export const lease: GroupSpec = {
  usage: 'lease',
  summary: 'what an assistant may ask for, where, how high and until when: one bearer, shown once',
  commands: [
    {
      usage: 'issue <label>',
      summary: 'issue a lease for an assistant',
      more: 'It is never more than you have, and nobody can decide with it. The bearer is shown once and kept as a hash.',
      examples: [
        "lease issue 'claude on my laptop' --profile observer",
        'lease issue triage --profile diagnostician --targets web-1,web-2 --for 1h',
        'lease issue dns --profile assistant --tags dns --ceiling T1 --json',
      ],
      options: [
        {
          flags: '--profile <profile>',
          about: 'as lease profiles tells it; default observer',
        },
        { flags: '--targets <targets>', about: 'only these, comma separated', read: 'list' },
        { flags: '--tags <tags>', about: 'and every target with one of these', read: 'list' },
        { flags: '--scopes <scopes>', about: 'only in these scopes', read: 'list' },
        {
          flags: '--ceiling <tier>',
          about: 'the highest tier it may propose; default as high as the profile and you go',
          choices: ['T0', 'T1', 'T2', 'T3'],
        },
        { flags: '--for <time>', about: 'until when: 30m, 4h (default), at most 24h' },
      ],
      async run(desk, [label = ''], options) {
        const { for: time, ...rest } = options;
        await desk.answer(
          'lease_issue',
          {
            label,
            profile: 'observer',
            ...given(rest, 'profile', 'targets', 'tags', 'scopes', 'ceiling'),
            ...(typeof time === 'string' ? { seconds: secondsOf(time) } : {}),
          },
          renderIssued,
        );
      },
    },
    {
      usage: 'list',
      summary: 'list leases: what each may do, and what it was used for',
      examples: ['lease list', 'lease list --status active --json'],
      options: [
        {
          flags: '--status <status>',
          about: 'only these',
          choices: ['active', 'expired', 'revoked'],
        },
        { flags: '--issued-by <operator>', about: 'only those that this person answers for' },
      ],
      async run(desk, _words, options) {
        await desk.answer('lease_list', given(options, 'status', 'issuedBy'), renderLeases);
      },
    },
    {
      usage: 'revoke <lease>',
      summary: 'end a lease now',
      examples: ["lease revoke lease_0123456789abcdef01234567 --reason 'no longer needed'"],
      options: [{ flags: '--reason <reason>', about: 'why', mandatory: true }],
      async run(desk, [leaseId = ''], options) {
        await desk.answer('lease_revoke', { leaseId, ...given(options, 'reason') }, renderLease);
      },
    },
    {
      usage: 'revoke-tokens',
      summary: 'refuse tokens of the identity provider that it still stands by',
      more: 'One token by its jti, every token of a subject through a client, or everything that was made before now. What is open with them ends at once. lease revoke does it for a line of lease list.',
      examples: [
        "lease revoke-tokens --everything --reason 'the keys of the provider leaked'",
        "lease revoke-tokens --jti 7f3a --reason 'found in a log'",
        "lease revoke-tokens --subject 00u1 --client agent-7 --reason 'laptop lost'",
      ],
      options: [
        { flags: '--jti <jti>', about: 'one token' },
        { flags: '--subject <subject>', about: 'with --client: every token of theirs' },
        { flags: '--client <client>', about: 'with --subject' },
        { flags: '--everything', about: 'all that was made before now' },
        { flags: '--issuer <issuer>', about: 'default: the only one whose tokens were brought' },
        { flags: '--reason <reason>', about: 'why', mandatory: true },
      ],
      async run(desk, _words, options) {
        await desk.answer(
          'token_revoke',
          given(options, 'issuer', 'jti', 'subject', 'client', 'everything', 'reason'),
          renderTokensRevoked,
        );
      },
    },
    {
      usage: 'readmit <lease>',
      summary: 'take tokens of a subject and client again that were revoked',
      examples: ["lease readmit oauth_0123456789abcdef01234567 --reason 'laptop found'"],
      options: [{ flags: '--reason <reason>', about: 'why', mandatory: true }],
      async run(desk, [leaseId = ''], options) {
        await desk.answer(
          'lease_readmit',
          { leaseId, ...given(options, 'reason') },
          renderReadmitted,
        );
      },
    },
    {
      usage: 'profiles',
      summary: 'list what a lease can be made from',
      examples: ['lease profiles', 'lease profiles --json'],
      async run(desk) {
        await desk.answer('lease_profiles', {}, renderProfiles);
      },
    },
  ],
};

export const access: CommandSpec = {
  usage: 'access',
  summary: 'show roles, who has them, and what each may ask for',
  more: 'Roles are written in access.yaml. Without it every operator in force is owner.',
  examples: ['access', 'access --json'],
  async run(desk) {
    await desk.answer('access_show', {}, renderAccess);
  },
};
