/**
 * The MCP server of one caller: the same tools and resources for both eras of the protocol and
 * both transports. All state lives behind `perform`; a server is made anew for every request.
 */
import {
  McpServer,
  type McpServerFactory,
  type McpServerOptions,
} from '@modelcontextprotocol/server';
import { capabilitiesOf } from '#access';
import type { Caller, Operation } from '#operations';
import { type ApprovalRounds, type Approvals, approvalRounds } from './approval.ts';
import type { ResourceChanges } from './changes.ts';
import { INSTRUCTIONS } from './instructions.ts';
import { mountPrompts } from './prompts.ts';
import { isRecord } from './read-message.ts';
import { completer, mountResources, resourceReader } from './resources.ts';
import type { CleanText } from './summary.ts';
import { type Asker, mountTools, type Perform, type Tool, toolsOf } from './tools.ts';

export type McpSetup = {
  readonly operations: readonly Operation[];
  readonly perform: Perform;
  readonly version: string;
  /** Takes secrets, control and bidirectional characters out of text that is shown. */
  readonly clean: CleanText;
  /** Tells of resources that changed; without it nothing can be subscribed to. */
  readonly changes?: ResourceChanges;
  /** The console where people decide; without it nobody is sent there. */
  readonly approvals?: Approvals;
  /** More to serve than the operations. The conformance profile of the tests mounts its fixtures here. */
  readonly more?: {
    readonly options?: McpServerOptions;
    readonly mount: (server: McpServer, era: 'legacy' | 'modern') => void;
    readonly mayWatch?: (uri: string) => boolean;
  };
};

/** What a transport serves to one caller. */
export type McpService = {
  readonly factory: McpServerFactory;
  /** Asks for what the protocol refuses by itself, unserved tools and arguments that are no object, so that asking leaves its event. */
  readonly heard: (message: unknown) => Promise<void>;
  /** What this caller would have to hold for what the message asks; `undefined`: nothing more. `any`: for anything at all. */
  readonly lacks: (message: unknown) => Operation['capability'] | 'any' | undefined;
  /** Whether the caller may be told of changes of this resource. */
  readonly mayWatch: (uri: string) => Promise<boolean>;
};

/** `caller` as a function: whoever holds a connection open is asked for anew with each message. */
export function mcpService(setup: McpSetup): (caller: Caller | (() => Caller)) => McpService {
  const all = toolsOf(setup.operations);
  const rounds = setup.approvals === undefined ? undefined : approvalRounds(setup.approvals);
  return (caller) => {
    const asker: Asker = {
      perform: setup.perform,
      get caller() {
        return typeof caller === 'function' ? caller() : caller;
      },
      clean: setup.clean,
      rounds,
    };
    const served = (): readonly Tool[] => {
      const held = capabilitiesOf(asker.caller.reach);
      return all.filter(({ capability }) => held.includes(capability));
    };
    const read = resourceReader(asker, setup.operations);
    const mayWatch = async (uri: string): Promise<boolean> => {
      if (setup.more?.mayWatch?.(uri) === true) return true;
      try {
        return (await read(uri)) !== undefined;
      } catch {
        return false;
      }
    };
    const factory: McpServerFactory = ({ era }) => {
      const server = new McpServer(
        { name: 'holdfast', title: 'Holdfast', version: setup.version },
        optionsOf(setup, rounds),
      );
      mountTools(server, served(), asker);
      mountResources(server, asker, setup.operations);
      mountPrompts(server, completer(asker, setup.operations, 'targets'));
      setup.more?.mount(server, era);
      setup.changes?.attach(server, era, mayWatch);
      return server;
    };
    const heard = async (message: unknown): Promise<void> => {
      const asked = toolAsked(message);
      if (asked === undefined || setup.more !== undefined) return;
      const { name, input } = asked;
      // What is served with an object of arguments is asked where it is called.
      if (served().some((tool) => tool.name === name) && isRecord(input)) return;
      await setup.perform({ operation: name, input, caller: asker.caller }).catch(() => {});
    };
    const lacks: McpService['lacks'] = (message) => {
      if (setup.more !== undefined) return undefined;
      const mine = served();
      if (mine.length === 0) return 'any';
      const name = toolAsked(message)?.name;
      if (mine.some((tool) => tool.name === name)) return undefined;
      return all.find((tool) => tool.name === name)?.capability;
    };
    return { factory, mayWatch, heard, lacks };
  };
}

function toolAsked(
  message: unknown,
): { readonly name: string; readonly input: unknown } | undefined {
  if (!isRecord(message) || message['method'] !== 'tools/call') return undefined;
  const params = message['params'];
  const name = isRecord(params) ? params['name'] : undefined;
  if (!isRecord(params) || typeof name !== 'string') return undefined;
  return { name, input: params['arguments'] === undefined ? {} : params['arguments'] };
}

function optionsOf(
  { changes, more }: McpSetup,
  rounds: ApprovalRounds | undefined,
): McpServerOptions {
  const lasting = { ttlMs: 300_000, cacheScope: 'private' } as const;
  return {
    instructions: INSTRUCTIONS,
    capabilities: {
      tools: { listChanged: false },
      prompts: { listChanged: false },
      resources: { listChanged: false, ...(changes === undefined ? {} : { subscribe: true }) },
    },
    cacheHints: {
      'tools/list': lasting,
      'prompts/list': lasting,
      'resources/list': lasting,
      'resources/templates/list': lasting,
      'server/discover': lasting,
    },
    ...rounds?.options,
    ...more?.options,
  };
}
