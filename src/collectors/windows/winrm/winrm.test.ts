import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '#base/fault';
import { WINRM_SOURCE } from '#model';
import { ScriptedWindows } from '../../../../test/support/scripted-windows.ts';
import { SimulatedNetwork } from '../../../../test/support/simulated-poster.ts';
import { throwsFault } from '../../../../test/support/throws-fault.ts';
import { lookOverWinrm, observeWindows, WINDOWS_SCRIPT } from '../../index.ts';
import { paperClock } from '../../samples.ts';
import { aWindowsAnswer, WINDOWS_PARTS } from '../samples.ts';
import { parseEnvelope } from './envelope.ts';
import { escapeXml, parseXml } from './xml.ts';

/** More of them in a campaign. */
const RUNS = Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 100);
const URL = 'https://192.0.2.7:5986/wsman';

function aHost(change: (host: ScriptedWindows) => void = () => {}) {
  const host = new ScriptedWindows();
  host.stdout = aWindowsAnswer();
  change(host);
  const network = new SimulatedNetwork();
  const clock = paperClock();
  network.place(URL, (request) => host.answer(request));
  let count = 0;
  const random = {
    bytes: (size: number) => {
      count += 1;
      return new Uint8Array(size).fill(count);
    },
  };
  const { user, password } = host;
  const look = (place: object = {}) =>
    lookOverWinrm({ clock, random, poster: network }, { url: URL, user, password, ...place });
  return { host, network, clock, look };
}

describe('a Windows host over WinRM', () => {
  it('is asked the one script, and its answer is that of a host over SSH', async () => {
    const { host, look, clock } = aHost();
    const bytes = await look();
    assert.deepEqual(bytes, Buffer.from(aWindowsAnswer()));
    const [line, ...more] = host.commandLines;
    assert.deepEqual(more, []);
    assert.deepEqual(line?.slice(0, 4), [
      'powershell',
      '-NoProfile',
      '-NonInteractive',
      '-EncodedCommand',
    ]);
    assert.equal(Buffer.from(line?.[4] ?? '', 'base64').toString('utf16le'), WINDOWS_SCRIPT);
    assert.ok((line ?? []).join(' ').length < 32_000);
    assert.deepEqual(
      new Set(host.verbs),
      new Set(['Create', 'Command', 'Receive', 'Signal', 'Delete']),
    );
    assert.equal(host.shells.size, 0);
    const looks = await observeWindows({
      target: 'host:web-1',
      bytes,
      clock,
      source: WINRM_SOURCE,
    });
    assert.ok(looks.every(({ source }) => source === WINRM_SOURCE));
    assert.deepEqual(
      looks.flatMap(({ shortfalls }) => shortfalls),
      [],
    );
  });

  it('waits for output that comes late, and takes it in pieces of any size', async () => {
    for (const pieceBytes of [50, 333, 1_000_000]) {
      const { look } = aHost((host) => {
        host.timeouts = 3;
        host.pieceBytes = pieceBytes;
      });
      assert.deepEqual(await look(), Buffer.from(aWindowsAnswer()));
    }
  });

  it('gives its shell back, whatever happened', async () => {
    const { host, look } = aHost((each) => {
      each.exit = 1;
    });
    await throwsFault(look, 'winrm-failed');
    assert.deepEqual(host.verbs.slice(-2), ['Signal', 'Delete']);
    assert.equal(host.shells.size, 0);
  });

  it('says why it was not let in, and never the password', async () => {
    const { look } = aHost();
    for (const place of [{ password: 'wrong' }, { user: 'other' }]) {
      const fault = await throwsFault(() => look(place), 'not-authorised');
      assert.ok(!JSON.stringify([fault.message, fault.facts]).includes('wrong'));
    }
    await throwsFault(() => look({ url: 'http://192.0.2.7:5985/wsman' }), 'winrm-settings');
    await throwsFault(() => look({ user: 'a:b' }), 'winrm-settings');
    await throwsFault(() => look({ url: 'https://192.0.2.9/wsman' }), 'connection-lost');
  });

  it('takes no answer for one that it is not', async () => {
    const spoilt: readonly (readonly [string, (text: string) => string, string])[] = [
      ['Create', (text) => text.replaceAll('ShellId', 'Other'), 'winrm-malformed'],
      [
        'Create',
        (text) => text.replace(/uuid:[0-9a-f-]{36}<\/a:RelatesTo/, 'uuid:x</a:RelatesTo'),
        'winrm-malformed',
      ],
      [
        'Command',
        (text) =>
          text.replace('CommandResponse>', 'Other>').replace('/rsp:CommandResponse', '/rsp:Other'),
        'winrm-malformed',
      ],
      [
        'Receive',
        (text) => text.replace(/(Name="stdout" CommandId=)"[^"]*"/, '$1"x"'),
        'winrm-malformed',
      ],
      [
        'Receive',
        (text) => text.replace(/(<rsp:CommandState CommandId=)"[^"]*"/, '$1"x"'),
        'winrm-malformed',
      ],
      [
        'Receive',
        (text) => text.replaceAll(/CommandId="[^"]*"/g, 'CommandId="x"'),
        'winrm-malformed',
      ],
      ['Receive', (text) => text.replace(/(Name="stdout"[^>]*>)/, '$1!'), 'winrm-malformed'],
      ['Receive', (text) => `<!DOCTYPE x [<!ENTITY y "z">]>${text}`, 'xml-malformed'],
      ['Receive', (text) => text.slice(0, -20), 'xml-malformed'],
      ['Receive', () => '', 'xml-malformed'],
    ];
    for (const [verb, how, code] of spoilt) {
      const { host, look } = aHost((each) => {
        each.spoil = (which, text) => (which === verb ? how(text) : text);
      });
      await throwsFault(look, code);
      if (verb !== 'Create') assert.equal(host.shells.size, 0, verb);
    }
    for (const [status, code] of [
      [302, 'winrm-malformed'],
      [404, 'winrm-malformed'],
      [403, 'not-authorised'],
    ] as const)
      await throwsFault(aHost((host) => void (host.status = status)).look, code);
  });

  it('ends in its own time, and with its own size', async () => {
    const { host, look, clock } = aHost((each) => {
      each.spoil = (verb, text) => {
        if (verb === 'Receive') clock.advance(20_000);
        return text;
      };
      each.timeouts = 1_000;
    });
    await throwsFault(look, 'timed-out');
    assert.ok(host.verbs.length < 15);
    const { look: big } = aHost((each) => {
      each.stdout = new Uint8Array(9 * 1024 * 1024);
      each.pieceBytes = 500_000;
    });
    await throwsFault(big, 'winrm-malformed');
  });

  it('of a fault tells its number and no text of the host', async () => {
    const { host, look } = aHost((each) => {
      each.spoil = (verb, text) => {
        if (verb === 'Create') each.shells.clear();
        return text;
      };
    });
    const fault = await throwsFault(look, 'winrm-refused');
    assert.match(fault.message, /WSManFault 2150858843/);
    assert.ok(!fault.message.includes('text of the host'));
    assert.ok(host.verbs.length > 0);
  });

  it('is partial where a part failed, as over SSH', async () => {
    const { services: _, ...rest } = WINDOWS_PARTS;
    const { look, clock } = aHost((host) => {
      host.stdout = aWindowsAnswer(rest, { services: 'CimException' });
    });
    const looks = await observeWindows({ target: 'host:web-1', bytes: await look(), clock });
    assert.ok(!looks.flatMap(({ complete }) => complete).includes('service'));
  });
});

describe('the XML of WinRM', () => {
  it('is put in so that it comes out as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        let escaped: string;
        try {
          escaped = escapeXml(text);
        } catch (thrown) {
          assert.ok(thrown instanceof Fault);
          return;
        }
        const read = parseXml(`<a b="${escaped}">${escaped}</a>`);
        assert.equal(read.text, text);
        assert.equal(read.attributes.get('b'), text);
      }),
    );
  });

  it('is refused when it has anything that is not expected', () => {
    for (const bad of [
      '',
      'x',
      '<a>',
      '<a></b>',
      '<a/><b/>',
      '<a>&unknown;</a>',
      '<a>&#0;</a>',
      '<a>& </a>',
      '<a b="1" b="2"/>',
      '<a b=1/>',
      '<a b="<"/>',
      '<p:a/>',
      '<a p:b="1"/>',
      '<!DOCTYPE a><a/>',
      '<a><!-- x --></a>',
      '<a><![CDATA[x]]></a>',
      '<a><?x y?></a>',
      '<a>\u0001</a>',
      `${'<a>'.repeat(40)}${'</a>'.repeat(40)}`,
      `<a>${'<b/>'.repeat(20_001)}</a>`,
      // Each element would carry the prefixes of all around it.
      [1, 2, 3].reduce(
        (inner, depth) =>
          `<a ${Array.from({ length: 30 }, (_, i) => `xmlns:p${depth}-${i}="u"`).join(' ')}>${inner}</a>`,
        '',
      ),
    ])
      assert.throws(
        () => parseXml(bad),
        (thrown: unknown) => thrown instanceof Fault && thrown.code === 'xml-malformed',
        bad.slice(0, 40),
      );
  });

  it('of any change of an answer is an answer or a fault of ours', () => {
    const host = new ScriptedWindows();
    const basic = Buffer.from(`${host.user}:${host.password}`).toString('base64');
    const whole = Buffer.from(
      host.answer({
        headers: { authorization: `Basic ${basic}` },
        body: Buffer.from('<a:Action>x/Create</a:Action><a:MessageID>uuid:1</a:MessageID>'),
      }).body,
    ).toString('utf8');
    fc.assert(
      fc.property(
        fc.nat(whole.length),
        fc.nat(30),
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 20 }),
          fc.constantFrom('<', '>', '&', '"', '<a>', '</s:Body>'),
        ),
        (at, gone, put) => {
          try {
            parseEnvelope(whole.slice(0, at) + put + whole.slice(at + gone), '1');
          } catch (thrown) {
            assert.ok(thrown instanceof Fault);
          }
        },
      ),
      { numRuns: RUNS },
    );
  });
});
