/**
 * A Windows host as far as WinRM shows one, made after Microsoft's published [MS-WSMV] and DMTF's DSP0226, not
 * after a real one: shells, one command in each, its output in pieces, time-outs, faults, and trouble when told.
 */
import { randomUUID } from 'node:crypto';
import type { PostAnswer } from '#base/ports';

const SHELL = 'http://schemas.microsoft.com/wbem/wsman/1/windows/shell';
const TIMED_OUT = '2150858793';

export type WsmanRequest = {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};

export class ScriptedWindows {
  readonly user = 'CORP\\holdfast';
  readonly password = 'pä"ss<&>word';
  /** What the command prints. */
  stdout: Uint8Array = new Uint8Array();
  exit = 0;
  pieceBytes = 1_000;
  /** So many receives run out of time before output comes. */
  timeouts = 0;
  /** Changes an answer before it leaves. */
  spoil: (verb: string, text: string) => string = (_, text) => text;
  status: number | null = null;
  readonly verbs: string[] = [];
  readonly commandLines: (readonly string[])[] = [];
  readonly shells = new Set<string>();
  #command: { readonly id: string; sent: number } | undefined;

  /** One request over HTTP, answered. */
  answer({ headers, body }: WsmanRequest): PostAnswer {
    if (this.status !== null) return this.#post(this.status, '');
    const expected = Buffer.from(`${this.user}:${this.password}`).toString('base64');
    if (headers['authorization'] !== `Basic ${expected}`) return this.#post(401, '');
    const text = Buffer.from(body).toString('utf8');
    const action = inside(text, 'a:Action');
    const verb = action.split('/').at(-1) ?? '';
    this.verbs.push(verb);
    const id = inside(text, 'a:MessageID');
    const said = this.#act(verb, text);
    const [status, content] = 'fault' in said ? [500, fault(said.fault)] : [200, said.body];
    const envelope = `<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:rsp="${SHELL}"><s:Header><a:Action>${action}Response</a:Action><a:MessageID>uuid:${randomUUID().toUpperCase()}</a:MessageID><a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To><a:RelatesTo>${id}</a:RelatesTo></s:Header><s:Body>${content}</s:Body></s:Envelope>`;
    return this.#post(status, this.spoil(verb, envelope));
  }

  #act(verb: string, text: string): { readonly body: string } | { readonly fault: string } {
    if (verb === 'Create') {
      const id = randomUUID().toUpperCase();
      this.shells.add(id);
      return {
        body: `<x:ResourceCreated><a:Address>https://host/wsman</a:Address><a:ReferenceParameters><w:ResourceURI>${SHELL}/cmd</w:ResourceURI><w:SelectorSet><w:Selector Name="ShellId">${id}</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated><rsp:Shell><rsp:ShellId>${id}</rsp:ShellId></rsp:Shell>`,
      };
    }
    const shell = /<w:Selector Name="ShellId">([^<]*)</.exec(text)?.[1] ?? '';
    if (!this.shells.has(shell)) return { fault: '2150858843' };
    switch (verb) {
      case 'Command': {
        const argv = [inside(text, 'rsp:Command'), ...all(text, 'rsp:Arguments')].map(plain);
        this.commandLines.push(argv);
        this.#command = { id: randomUUID().toUpperCase(), sent: 0 };
        return {
          body: `<rsp:CommandResponse><rsp:CommandId>${this.#command.id}</rsp:CommandId></rsp:CommandResponse>`,
        };
      }
      case 'Receive':
        return this.#receive();
      case 'Signal':
        return { body: '<rsp:SignalResponse/>' };
      case 'Delete':
        this.shells.delete(shell);
        return { body: '' };
      default:
        return { fault: '2150858752' };
    }
  }

  #receive(): { readonly body: string } | { readonly fault: string } {
    if (this.timeouts > 0) {
      this.timeouts -= 1;
      return { fault: TIMED_OUT };
    }
    const command = this.#command;
    if (command === undefined) return { fault: '2150858843' };
    const piece = this.stdout.subarray(command.sent, command.sent + this.pieceBytes);
    command.sent += piece.length;
    const isDone = command.sent >= this.stdout.length;
    const stream = (name: string, bytes: Uint8Array, end = ''): string =>
      `<rsp:Stream Name="${name}" CommandId="${command.id}"${end}>${Buffer.from(bytes).toString('base64')}</rsp:Stream>`;
    const state = isDone
      ? `<rsp:CommandState CommandId="${command.id}" State="${SHELL}/CommandState/Done"><rsp:ExitCode>${this.exit}</rsp:ExitCode></rsp:CommandState>`
      : `<rsp:CommandState CommandId="${command.id}" State="${SHELL}/CommandState/Running"/>`;
    const progress = stream('stderr', Buffer.from('#< CLIXML\r\n'));
    const end = isDone ? stream('stdout', new Uint8Array(), ' End="true"') : '';
    return {
      body: `<rsp:ReceiveResponse>${progress}${stream('stdout', piece)}${end}${state}</rsp:ReceiveResponse>`,
    };
  }

  #post(status: number, text: string): PostAnswer {
    const headers = { 'content-type': 'application/soap+xml;charset=UTF-8' };
    return { status, headers, body: Buffer.from(text) };
  }
}

function inside(text: string, name: string): string {
  return all(text, name)[0] ?? '';
}

function all(text: string, name: string): string[] {
  return [...text.matchAll(new RegExp(`<${name}(?: [^>]*)?>([^<]*)</${name}>`, 'g'))].map(
    ([, said]) => said ?? '',
  );
}

function plain(text: string): string {
  return text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}

function fault(code: string): string {
  return `<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason><s:Text xml:lang="en-US">The operation failed.</s:Text></s:Reason><s:Detail><f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="${code}" Machine="host"><f:Message>text of the host</f:Message></f:WSManFault></s:Detail></s:Fault>`;
}
