/**
 * Messages of WS-Management's shells, made and read after Microsoft's published [MS-WSMV] (3.1.4.5.2 Create,
 * 3.1.4.11 Command, 3.1.4.14 Receive, 3.1.4.12 Signal, 3.1.4.3 Delete) and DMTF's DSP0226. They have not been
 * exchanged with Windows.
 */
import { Fault } from '#base/fault';
import { type Element, escapeXml, parseXml } from './xml.ts';

const SOAP = 'http://www.w3.org/2003/05/soap-envelope';
const ADDRESSING = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';
const WSMAN = 'http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd';
const TRANSFER = 'http://schemas.xmlsoap.org/ws/2004/09/transfer';
const SHELL = 'http://schemas.microsoft.com/wbem/wsman/1/windows/shell';
const FAULT = 'http://schemas.microsoft.com/wbem/wsman/1/wsmanfault';
const ANONYMOUS = `${ADDRESSING}/role/anonymous`;
const RESOURCE = `${SHELL}/cmd`;

/** Windows takes envelopes of 500 KiB unless it is told otherwise. */
const ENVELOPE_BYTES = 512_000;
/** The operation took longer than it was given: nothing is wrong, ask again. */
const TIMED_OUT = '2150858793';
const MOST_PIECES = 2_000;

export const ACTIONS = {
  create: `${TRANSFER}/Create`,
  command: `${SHELL}/Command`,
  receive: `${SHELL}/Receive`,
  signal: `${SHELL}/Signal`,
  delete: `${TRANSFER}/Delete`,
} as const;

export type Asked =
  | { readonly verb: 'create'; readonly idleSeconds: number }
  | {
      readonly verb: 'command';
      readonly shell: string;
      readonly argv: readonly [string, ...string[]];
    }
  | { readonly verb: 'receive' | 'signal'; readonly shell: string; readonly command: string }
  | { readonly verb: 'delete'; readonly shell: string };

export type Envelope = {
  readonly to: string;
  /** A UUID, new for each message. */
  readonly id: string;
  readonly seconds: number;
};

export function formatEnvelope(asked: Asked, { to, id, seconds }: Envelope): string {
  const shell = asked.verb === 'create' ? '' : selector(asked.shell);
  return (
    `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="${SOAP}" xmlns:a="${ADDRESSING}" xmlns:w="${WSMAN}" xmlns:rsp="${SHELL}">` +
    `<s:Header><a:To>${escapeXml(to)}</a:To><w:ResourceURI s:mustUnderstand="true">${RESOURCE}</w:ResourceURI>` +
    `<a:ReplyTo><a:Address s:mustUnderstand="true">${ANONYMOUS}</a:Address></a:ReplyTo>` +
    `<a:Action s:mustUnderstand="true">${ACTIONS[asked.verb]}</a:Action>` +
    `<w:MaxEnvelopeSize s:mustUnderstand="true">${ENVELOPE_BYTES}</w:MaxEnvelopeSize>` +
    `<a:MessageID>uuid:${escapeXml(id)}</a:MessageID>` +
    `<w:Locale xml:lang="en-US" s:mustUnderstand="false"/>` +
    `<w:OperationTimeout>PT${seconds}.000S</w:OperationTimeout>${shell}${options(asked)}</s:Header>` +
    `<s:Body>${body(asked)}</s:Body></s:Envelope>`
  );
}

function selector(shell: string): string {
  return `<w:SelectorSet><w:Selector Name="ShellId">${escapeXml(shell)}</w:Selector></w:SelectorSet>`;
}

function options({ verb }: Asked): string {
  const option = (name: string, value: string): string =>
    `<w:Option Name="${name}">${value}</w:Option>`;
  switch (verb) {
    case 'create':
      // UTF-8, and nothing of the account's profile is loaded.
      return `<w:OptionSet>${option('WINRS_NOPROFILE', 'TRUE')}${option('WINRS_CODEPAGE', '65001')}</w:OptionSet>`;
    case 'command':
      // Started as it is: no cmd.exe reads the line, and its limit of 8,191 characters does not hold.
      return `<w:OptionSet>${option('WINRS_CONSOLEMODE_STDIN', 'TRUE')}${option('WINRS_SKIP_CMD_SHELL', 'TRUE')}</w:OptionSet>`;
    case 'receive':
    case 'signal':
    case 'delete':
      return '';
  }
}

function body(asked: Asked): string {
  switch (asked.verb) {
    case 'create':
      return `<rsp:Shell><rsp:IdleTimeOut>PT${asked.idleSeconds}.000S</rsp:IdleTimeOut><rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>`;
    case 'command': {
      const [program, ...words] = asked.argv.map(escapeXml);
      const said = words.map((word) => `<rsp:Arguments>${word}</rsp:Arguments>`).join('');
      return `<rsp:CommandLine><rsp:Command>${program}</rsp:Command>${said}</rsp:CommandLine>`;
    }
    case 'receive':
      return `<rsp:Receive><rsp:DesiredStream CommandId="${escapeXml(asked.command)}">stdout stderr</rsp:DesiredStream></rsp:Receive>`;
    case 'signal':
      return `<rsp:Signal CommandId="${escapeXml(asked.command)}"><rsp:Code>${SHELL}/signal/terminate</rsp:Code></rsp:Signal>`;
    case 'delete':
      return '';
  }
}

export type Received = {
  readonly stdout: readonly Uint8Array[];
  /** `null` while the command runs. */
  readonly exit: number | null;
};

export type Answered =
  | { readonly kind: 'answer'; readonly body: Element }
  | { readonly kind: 'again' };

/** Reads an answer to the message `id`. Throws `winrm-refused` for a fault, `winrm-malformed` for anything else. */
export function parseEnvelope(text: string, id: string): Answered {
  const root = parseXml(text);
  if (!is(root, SOAP, 'Envelope')) throw winrmMalformed('it is no SOAP envelope');
  const header = one(root, SOAP, 'Header');
  const content = one(root, SOAP, 'Body');
  const fault = find(content, SOAP, 'Fault');
  if (fault !== undefined) return readFault(fault);
  if (one(header, ADDRESSING, 'RelatesTo').text.toLowerCase() !== `uuid:${id}`.toLowerCase())
    throw winrmMalformed('it is the answer to another message');
  return { kind: 'answer', body: content };
}

function readFault(fault: Element): Answered {
  const detail = find(fault, SOAP, 'Detail');
  const said = detail && find(detail, FAULT, 'WSManFault');
  const code = /^\d{1,10}$/.exec(said?.attributes.get('Code') ?? '')?.[0];
  if (code === TIMED_OUT) return { kind: 'again' };
  throw new Fault(
    'unavailable',
    'winrm-refused',
    `the Windows host refused it: ${code === undefined ? 'without a code' : `WSManFault ${code}`}. Look into its event log of Windows Remote Management`,
  );
}

export function shellOf(body: Element): string {
  const created = find(body, TRANSFER, 'ResourceCreated');
  const parameters = created && find(created, ADDRESSING, 'ReferenceParameters');
  const selectors = parameters && find(parameters, WSMAN, 'SelectorSet');
  const said =
    selectors?.children.find(
      (each) => is(each, WSMAN, 'Selector') && each.attributes.get('Name') === 'ShellId',
    )?.text ?? shellIn(body);
  return idOf(said, 'a shell');
}

function shellIn(body: Element): string | undefined {
  const shell = find(body, SHELL, 'Shell');
  return shell && find(shell, SHELL, 'ShellId')?.text;
}

export function commandOf(body: Element): string {
  const answer = one(body, SHELL, 'CommandResponse');
  return idOf(one(answer, SHELL, 'CommandId').text, 'a command');
}

export function receivedOf(body: Element, command: string): Received {
  const answer = one(body, SHELL, 'ReceiveResponse');
  const stdout: Uint8Array[] = [];
  let exit: number | null = null;
  if (answer.children.length > MOST_PIECES) throw winrmMalformed('it has too many pieces');
  for (const each of answer.children) {
    const isOurs = each.attributes.get('CommandId')?.toLowerCase() === command.toLowerCase();
    if (is(each, SHELL, 'Stream')) {
      if (!isOurs) throw winrmMalformed('it holds the output of another command');
      if (each.attributes.get('Name') === 'stdout') stdout.push(base64(each.text));
    } else if (is(each, SHELL, 'CommandState')) {
      if (!isOurs) throw winrmMalformed('it tells of another command');
      if (each.attributes.get('State') === `${SHELL}/CommandState/Done`) {
        const said = find(each, SHELL, 'ExitCode')?.text.trim() ?? '';
        if (!/^-?\d{1,11}$/.test(said)) throw winrmMalformed('a command ended without a code');
        exit = Number(said);
      }
    }
  }
  return { stdout, exit };
}

function base64(text: string): Uint8Array {
  const plain = text.replace(/[ \t\r\n]/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(plain) || plain.length % 4 !== 0)
    throw winrmMalformed('a piece of output is no base64');
  return Buffer.from(plain, 'base64');
}

function idOf(text: string | undefined, what: string): string {
  const id = text?.trim() ?? '';
  if (!/^[A-Za-z0-9-]{1,64}$/.test(id)) throw winrmMalformed(`it names no ${what.slice(2)}`);
  return id;
}

function is(element: Element, namespace: string, name: string): boolean {
  return element.namespace === namespace && element.name === name;
}

function find(element: Element, namespace: string, name: string): Element | undefined {
  const found = element.children.filter((each) => is(each, namespace, name));
  if (found.length > 1) throw winrmMalformed('something stands twice in it');
  return found[0];
}

function one(element: Element, namespace: string, name: string): Element {
  const found = find(element, namespace, name);
  if (found === undefined) throw winrmMalformed('something is missing in it');
  return found;
}

export function winrmMalformed(what: string): Fault {
  return new Fault(
    'invalid',
    'winrm-malformed',
    `answer of the Windows host is not what WinRM answers: ${what}. See that the port is that of WinRM over HTTPS`,
  );
}
