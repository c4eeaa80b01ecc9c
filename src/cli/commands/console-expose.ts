/** `holdfast console expose`: what will be written, what it costs those who sign, and what is left to do. */
import { resolve } from 'node:path';
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import type { ConsoleShown } from '#operations';
import type { Desk } from '../desk.ts';
import type { ExposeAsked, ExposePlan } from '../program.ts';
import {
  type Bound,
  renderExposed,
  renderExposePlan,
  renderRenewed,
} from '../render/console-expose.ts';
import { mustBeAtATerminal } from '../signing.ts';
import type { CommandSpec, Options } from './spec.ts';

const USUAL_PORT = 7443;

export const consoleExpose: CommandSpec = {
  usage: 'expose [name]',
  summary: 'give the console a name and TLS, so that phones can sign',
  more: 'At a terminal only. Three ways: a certificate authority of your own, a certificate that you have, or your tailnet. Writes server.yaml and shows it first; it is in force when the service starts again and you have signed it. Another name makes every passkey another key.',
  examples: [
    'console expose holdfast.example.org --own-ca',
    'console expose holdfast.example.org --certificate /etc/ssl/hf.pem --key /etc/ssl/hf.key --port 443',
    'console expose --tailnet',
    'console expose --renew',
  ],
  options: [
    {
      flags: '--own-ca',
      about: 'make a certificate authority for this name only, and a certificate',
    },
    { flags: '--new-ca', about: 'with --own-ca: another authority, although there is one' },
    {
      flags: '--certificate <path>',
      about: 'a certificate in PEM with its chain, the server first',
    },
    { flags: '--key <path>', about: 'its key in PEM, without a passphrase, mode 0600' },
    { flags: '--tailnet', about: 'name and certificate from tailscale' },
    { flags: '--also <name>', about: 'a further name it answers to', read: 'repeated' },
    { flags: '--port <port>', about: `default ${USUAL_PORT}`, read: 'port' },
    {
      flags: '--listen <address>',
      about: 'only on this address of the machine; default all of them',
    },
    { flags: '--new-rp-id', about: 'although every passkey has to be registered again' },
    { flags: '--renew', about: 'a fresh certificate for what is served already' },
    { flags: '--yes', about: 'do not ask before it is written' },
  ],
  async run(desk, [name], options) {
    const { exposure } = desk.commands;
    if (options['renew'] === true) {
      desk.show(await exposure.renew(desk.home), renderRenewed);
      return;
    }
    mustBeAtATerminal(
      desk,
      'a name is chosen once, by a person who knows what it costs: run this at a terminal',
    );
    const asked = askedOf(desk, name, options);
    const plan = await exposure.plan(desk.home, asked);
    const bound = await boundElsewhere(desk, plan);
    desk.present({ ...plan, bound }, renderExposePlan);
    if (bound.length > 0 && options['newRpId'] !== true)
      throw new Fault(
        'refused',
        'new-rp-id',
        `passkeys would be lost: ${bound.map(({ id }) => id).join(', ')} signed under another name. Nothing was written; if it is meant, add --new-rp-id`,
        { facts: { operators: bound.map(({ id }) => id), rpId: plan.rpId } },
      );
    if (options['yes'] !== true) {
      const typed = await desk.io.ask('Type yes to write it: ');
      if (typed?.trim() !== 'yes')
        throw new Fault('refused', 'not-confirmed', 'nothing was written: yes was not typed');
    }
    const done = await exposure.carryOut(desk.home, asked);
    desk.show({ ...done, bound, isFirst: await confirmedFirst(desk, plan) }, renderExposed);
  },
};

/** Before anybody may sign, whoever read the file here and said yes to it is the one who confirms it. */
async function confirmedFirst(desk: Desk, { text }: ExposePlan): Promise<boolean> {
  const { unsigned } = (await desk.ask('console_status', {})) as unknown as ConsoleShown;
  if (unsigned?.state !== 'never') return false;
  await desk.ask('server_confirm', { digest: sha256(text) });
  return true;
}

function askedOf(desk: Desk, name: string | undefined, options: Options): ExposeAsked {
  const { certificate, key, listen, port } = options;
  const isFiles = certificate !== undefined || key !== undefined;
  const ways = [options['ownCa'] === true, isFiles, options['tailnet'] === true];
  if (ways.filter(Boolean).length !== 1)
    throw invalid('say how, with one of --own-ca, --certificate and --key, --tailnet');
  if (isFiles && (typeof certificate !== 'string' || typeof key !== 'string'))
    throw invalid('a certificate and its key belong together: give --certificate and --key');
  if (options['newCa'] === true && options['ownCa'] !== true)
    throw invalid('--new-ca goes with --own-ca');
  const { cwd } = desk.io;
  return {
    names: [
      ...(name === undefined ? [] : [name]),
      ...((options['also'] as readonly string[] | undefined) ?? []),
    ],
    port: typeof port === 'number' ? port : USUAL_PORT,
    listen: typeof listen === 'string' ? listen : null,
    by:
      typeof certificate === 'string' && typeof key === 'string'
        ? { kind: 'files', certificate: resolve(cwd, certificate), key: resolve(cwd, key) }
        : options['tailnet'] === true
          ? { kind: 'tailnet' }
          : { kind: 'own-ca', fresh: options['newCa'] === true },
  };
}

/** Operators in force whose passkeys are bound to another name than this one. */
async function boundElsewhere(desk: Desk, { rpId }: ExposePlan): Promise<readonly Bound[]> {
  const { operators } = (await desk.ask('operators_list', {})) as unknown as {
    readonly operators: readonly {
      readonly id: string;
      readonly name: string;
      readonly keys: readonly { readonly rpId?: string }[];
    }[];
  };
  return operators.flatMap(({ id, name, keys }) => {
    const count = keys.filter((each) => each.rpId !== undefined && each.rpId !== rpId).length;
    return count === 0 ? [] : [{ id, name, passkeys: count }];
  });
}

function invalid(what: string): Fault {
  return new Fault('invalid', 'invalid-input', `${what}: holdfast console expose --help`);
}
