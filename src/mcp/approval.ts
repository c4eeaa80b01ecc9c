/**
 * Sends the person behind a client to the console when a change waits for a signature: URL elicitation, in rounds
 * (MCP 2026-07-28, multi round-trip requests; elicitation of the 2025 line where the client declared it).
 *
 * The page is named by the change's id and grants nothing. What the client answers says only whether the page was shown:
 * a decision is read from the record, never from a client. A client that shows nothing gets the plain answer.
 */
import {
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type McpServer,
  type McpServerOptions,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { digestOf } from '#base/digest';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { type Answer, approvalUrl, changeWaiting, withApprovalUrl } from '#operations';
import { isRecord } from './read-message.ts';

export type Approvals = {
  /** What people open: `https://holdfast.example.org`. Asked on each call. */
  readonly consoleUrl: () => string;
  /** At least 32 bytes, for as long as this process lives. */
  readonly key: Uint8Array;
  /** Resolves when the change does not wait for a person any more, and after `ms` anyway. Leaves no event. */
  readonly decided: (changeId: string, ms: number, signal: AbortSignal) => Promise<void>;
  readonly roundMs?: number;
};

/** Below the minute that clients wait for an answer. */
const ROUND_MS = 30_000;
/** A client gives up after ten. */
const MOST_ROUNDS = 8;
const STATE_SECONDS = 900;

type State = { readonly change: string; readonly round: number; readonly call: string };
type Asked = {
  readonly operation: string;
  readonly input: unknown;
  readonly context: ServerContext;
  readonly ask: (operation: string, input: unknown) => Promise<Answer>;
};

export type ApprovalRounds = {
  readonly options: McpServerOptions;
  /** The answer, with the page where a person decides when one is needed. */
  readonly told: (answer: Answer) => Answer;
  readonly waits: (answer: Answer) => boolean;
  /** `first`: the answer of the call itself; without it, the client came back. */
  readonly next: (first: Answer | undefined, asked: Asked) => Promise<Answer | InputRequiredResult>;
};

export function approvalRounds(approvals: Approvals): ApprovalRounds {
  const { decided, roundMs = ROUND_MS } = approvals;
  const codec = createRequestStateCodec<State>({
    key: approvals.key,
    ttlSeconds: STATE_SECONDS,
    bind: ({ mcpReq, http }) => `${mcpReq.method}\n${http?.authInfo?.clientId ?? ''}`,
  });
  const told = (answer: Answer): Answer => withApprovalUrl(answer, approvals.consoleUrl());
  const again = async (
    change: string,
    round: number,
    asked: Asked,
  ): Promise<InputRequiredResult> => {
    const call = digestOf({ operation: asked.operation, input: (asked.input ?? {}) as Json });
    const requestState = await codec.mint({ change, round, call }, asked.context);
    if (round > 1) return inputRequired({ requestState });
    const approval = inputRequired.elicitUrl({
      message: `Change ${change} waits for a person. The page shows exactly what would run; opening it decides nothing.`,
      url: approvalUrl(approvals.consoleUrl(), change),
    });
    return inputRequired({ inputRequests: { approval }, requestState });
  };
  return {
    options: { requestState: { verify: (state, context) => codec.verify(state, context) } },
    told,
    waits: (answer) => changeWaiting(answer) !== undefined,
    next: async (first, asked) => {
      const change = first === undefined ? undefined : changeWaiting(first);
      if (first !== undefined && change !== undefined) return again(change, 1, asked);
      const { context } = asked;
      const state = context.mcpReq.requestState<State>();
      const call = digestOf({ operation: asked.operation, input: (asked.input ?? {}) as Json });
      if (state?.call !== call)
        throw new Fault(
          'invalid',
          'state-of-another-call',
          'the request state belongs to another call: call again without it',
        );
      const isShown = state.round > 1 || wasShown(context);
      if (isShown) await decided(state.change, roundMs, context.mcpReq.signal);
      const answer = told(await asked.ask('get_change', { changeId: state.change }));
      const goesOn =
        isShown && changeWaiting(answer) !== undefined && state.round < roundsOf(context);
      return goesOn ? again(state.change, state.round + 1, asked) : answer;
    },
  };
}

/** Whether the client declared that it can show a page; asking one that did not fails the whole request. */
export function canBeShown(server: McpServer, { mcpReq }: ServerContext): boolean {
  const envelope = mcpReq.envelope as Readonly<Record<string, unknown>> | undefined;
  const declared =
    envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? server.server.getClientCapabilities();
  const elicitation = isRecord(declared) ? declared['elicitation'] : undefined;
  return isRecord(elicitation) && isRecord(elicitation['url']);
}

/** `cancel` and `decline` also come from programs that nobody watches: they deny nothing. */
function wasShown({ mcpReq }: ServerContext): boolean {
  const answered = inputResponse(mcpReq.inputResponses, 'approval');
  return answered.kind === 'elicit' && answered.action === 'accept';
}

/** A client of the 2025 line holds one request open for all of it, and gives up on that after a minute. */
function roundsOf({ mcpReq }: ServerContext): number {
  return mcpReq.envelope === undefined ? 1 : MOST_ROUNDS;
}
