import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { instant } from '#base/time';
import { cpuMs } from '#test/cpu';
import { observeReport } from './observe-report.ts';
import { reportParserOf } from './parsers.ts';
import type { ReportParser, ToolReport } from './report.ts';
import type { ToolName } from './settings.ts';
import { xmlEvents } from './xml.ts';

const RUNS = Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 150);
const NOW = instant('2026-11-21T18:00:00Z');
const DATABASE = `---------------------------------------------------
The attributes of the (uncompressed) database(s):
---------------------------------------------------

/var/lib/aide/aide.db
 SHA256    : qd5nrggQGbKUsfzpEHj5ZJvvQgKB7mHm
             NiOCDX3sADM=


End timestamp: 2026-11-21 17:24:22 +0000 (run time: 0m 0s)
`;
const START = 'Start timestamp: 2026-11-21 17:24:22 +0000 (AIDE 0.18.3)\n';
const AIDE_CLEAN = `${START}AIDE found NO differences between database and filesystem. Looks okay!!

Number of entries:	6

${DATABASE}`;
const AIDE_CHANGED = `${START}AIDE found differences between database and filesystem!!

Summary:
  Total number of entries:	7
  Added entries:		1
  Removed entries:		1
  Changed entries:		2

---------------------------------------------------
Added entries:
---------------------------------------------------

f+++++++++++++++++: /srv/tree/n\\012l

---------------------------------------------------
Removed entries:
---------------------------------------------------

f-----------------: /srv/tree/with space

---------------------------------------------------
Changed entries:
---------------------------------------------------

f > ...     H     : /srv/tree/a
f = p..     .     : /srv/tree/b

---------------------------------------------------
Detailed information about changes:
---------------------------------------------------

File: /srv/tree/a
 Size      : 2                                | 3
 SHA256    : h0KPxSKAPTEGXnvOPPA/5HUJZjHl4Hu9 | 2c2BVXZMNUPxD62KSA10MTdGb41VITyO
             eg/eYMTPJcc=                     | rvzRLwbUOoA=

File: /srv/tree/b
 Perm      : -rw-r--r--                       | -rw-------


${DATABASE}`;
const AIDE_JSON = `${JSON.stringify(
  {
    start_time: '2026-11-21 17:24:22 +0000',
    aide_version: '0.18.3',
    outline: 'AIDE found differences between database and filesystem!!',
    number_of_entries: { total: 7, added: 1, removed: 0, changed: 1 },
    added: { '/srv/tree/n\nl': 'f+++++++++++++++++' },
    changed: { '/srv/tree/b': 'f = p..     .     ' },
    details: { '/srv/tree/b': { perm: { old: '-rw-r--r--', new: '-rw-------' } } },
    end_time: '2026-11-21 17:24:22 +0000',
    run_time_seconds: 0,
  },
  null,
  2,
)}\n`;
const LYNIS = `# Lynis Report
report_version_major=1
report_datetime_start=2026-11-21 17:22:22
lynis_version=3.0.8
hostname=web-1
suggestion[]=KRNL-5820|If not required, consider explicit disabling of core dump|-|-|
suggestion[]=AUTH-9286|Configure minimum password age in /etc/login.defs|-|-|
suggestion[]=AUTH-9286|Configure maximum password age in /etc/login.defs|-|-|
warning[]=KRNL-5830|Reboot of system is most likely needed||text:reboot|
lynis_tests_done=251
report_datetime_end=2026-11-21 17:24:22
hardening_index=58
finish=true
`;
const XCCDF = `<?xml version="1.0" encoding="UTF-8"?>
<Benchmark xmlns="http://checklists.nist.gov/xccdf/1.2" id="xccdf_own_benchmark_one">
  <title>Own &amp; small</title>
  <Rule id="xccdf_own_rule_one" selected="true" severity="high"/>
  <Rule id="xccdf_own_rule_two" selected="true" severity="medium"/>
  <!-- a word -->
  <TestResult id="t" start-time="2026-11-21T17:24:07+00:00" end-time="2026-11-21T17:24:22+00:00" version="1">
    <benchmark href="xccdf.xml" id="xccdf_own_benchmark_one"/>
    <target>web-1</target>
    <rule-result idref="xccdf_own_rule_one" severity="high"><result>pass</result></rule-result>
    <rule-result idref="xccdf_own_rule_two" severity="medium"><result>fail</result></rule-result>
  </TestResult>
</Benchmark>
`;
const EVIDENCE = `${JSON.stringify({
  format: 'cis-evidence/1',
  host: 'web-1',
  benchmark: 'cis-talos-1.0',
  finishedAt: '2026-11-21T17:24:22Z',
  controls: 2,
  results: [
    { control: '1.2.3', result: 'pass' },
    { control: '1.2.4', result: 'fail', detail: 'anonymous-auth is on' },
  ],
})}\n`;

function parserOf(tool: ToolName): ReportParser {
  const parser = reportParserOf(tool);
  assert.ok(parser !== undefined);
  return parser;
}

function observed(tool: ToolName, text: string | Uint8Array, change: Partial<ToolReport> = {}) {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  return observeReport(parserOf(tool), {
    target: 'host:web-1',
    host: 'web-1',
    isFromTarget: true,
    now: NOW,
    maxAgeSeconds: 7_200,
    tookMs: 1,
    undatedAt: NOW,
    ...change,
    bytes,
  });
}

const told = (look: ReturnType<typeof observed>): string[] =>
  look.facts.map((fact) => `${fact.entity} ${fact.attribute} ${JSON.stringify(fact.value)}`);

const GOOD: readonly (readonly [ToolName, string, string])[] = [
  ['aide', 'text without differences', AIDE_CLEAN],
  ['aide', 'text with differences', AIDE_CHANGED],
  ['aide', 'JSON', AIDE_JSON],
  ['lynis', 'a whole run', LYNIS],
  ['openscap', 'XCCDF', XCCDF],
  ['cis-evidence', 'JSON', EVIDENCE],
];

describe('a report of a scan', () => {
  for (const [tool, what, text] of GOOD) {
    it(`is complete: ${tool}, ${what}`, () => {
      const look = observed(tool, text);
      assert.deepEqual(look.shortfalls, []);
      assert.deepEqual(look.complete, parserOf(tool).kinds);
      assert.equal(look.observedAt, instant('2026-11-21T17:24:22Z'));
    });

    it(`is never complete when it was cut, wherever: ${tool}, ${what}`, () => {
      const bytes = Buffer.from(text);
      // The last line end of XML says nothing: the document ends before it.
      const whole =
        tool === 'openscap' || tool === 'cis-evidence' ? bytes.length - 1 : bytes.length;
      for (let at = 0; at < whole; at++) {
        const look = observed(tool, bytes.subarray(0, at));
        assert.deepEqual(look.complete, [], `cut at ${at}`);
        assert.ok(look.shortfalls.length > 0);
      }
    });

    it(`is not complete when it is old: ${tool}, ${what}`, () => {
      assert.deepEqual(observed(tool, text, { maxAgeSeconds: 60 }).complete, []);
    });

    it(`never throws, and never shows what it was not told: ${tool}, ${what}`, () => {
      const bytes = Buffer.from(text);
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
          (edits) => {
            const edited = Buffer.from(bytes);
            for (const [at, byte] of edits) edited[at] = byte;
            const look = observed(tool, edited);
            assert.equal(look.complete.length > 0 || look.shortfalls.length > 0, true);
            for (const { reason } of look.shortfalls) assert.ok(reason.length <= 300, reason);
          },
        ),
        { numRuns: RUNS },
      );
    });
  }

  it('is nothing at all where it is something else', () => {
    for (const [tool] of GOOD) {
      for (const text of ['', '\n', '{}', '<a/>', 'null', '[]', '\0', '# Lynis Report\n']) {
        const look = observed(tool, text);
        assert.deepEqual(look.complete, [], `${tool} ${text}`);
        assert.deepEqual(
          look.facts.filter(({ entity }) => !entity.startsWith('audit:')),
          [],
        );
      }
    }
  });

  it('tells nothing of another host', () => {
    for (const tool of ['lynis', 'openscap', 'cis-evidence'] as const) {
      const text = GOOD.find(([each]) => each === tool)?.[2] ?? '';
      const look = observed(tool, text.replace('web-1', 'web-2'));
      assert.deepEqual([look.facts, look.complete], [[], []]);
    }
    assert.deepEqual(observed('aide', AIDE_CHANGED, { isFromTarget: false }).facts, []);
  });
});

describe('what AIDE tells', () => {
  it('is one entity for each path, with what was and what is', () => {
    assert.deepEqual(told(observed('aide', AIDE_CHANGED)), [
      'integrity:web-1//srv/tree/n\\012l change "added"',
      'integrity:web-1//srv/tree/with space change "removed"',
      'integrity:web-1//srv/tree/a change "changed"',
      'integrity:web-1//srv/tree/a details {"size":{"before":"2","after":"3"},"sha256":{"before":"h0KPxSKAPTEGXnvOPPA/5HUJZjHl4Hu9eg/eYMTPJcc=","after":"2c2BVXZMNUPxD62KSA10MTdGb41VITyOrvzRLwbUOoA="}}',
      'integrity:web-1//srv/tree/b change "changed"',
      'integrity:web-1//srv/tree/b details {"perm":{"before":"-rw-r--r--","after":"-rw-------"}}',
    ]);
    assert.deepEqual(told(observed('aide', AIDE_JSON)).slice(-2), [
      'integrity:web-1//srv/tree/b change "changed"',
      'integrity:web-1//srv/tree/b details {"perm":{"before":"-rw-r--r--","after":"-rw-------"}}',
    ]);
  });

  const notClean: readonly (readonly [string, string])[] = [
    [
      'of a database that was made',
      AIDE_CLEAN.replace(/AIDE found NO.*/, 'AIDE successfully initialized database.'),
    ],
    [
      'that lists less than it counts',
      AIDE_CHANGED.replace('f = p..     .     : /srv/tree/b\n', ''),
    ],
    [
      'that lists more than it counts',
      AIDE_CHANGED.replace('Removed entries:		1', 'Removed entries:		0'),
    ],
    ['without its summary', AIDE_CHANGED.replace(/Summary:[\s\S]*?\n\n/, '')],
    [
      'that says clean above differences',
      AIDE_CHANGED.replace(
        /AIDE found diff.*/,
        'AIDE found NO differences between database and filesystem. Looks okay!!',
      ),
    ],
    ['of two runs in one file', AIDE_CHANGED + AIDE_CLEAN],
    ['with words behind its end', `${AIDE_CLEAN}x\n`],
  ];
  for (const [what, text] of notClean) {
    it(`is not complete: a report ${what}`, () => {
      assert.deepEqual(observed('aide', text).complete, []);
    });
  }

  it('cannot be made clean by the name of a file', () => {
    const name =
      'f+++++++++++++++++: /srv/x\\012End timestamp: 2026-11-21 17:24:22 +0000 (run time: 0m 0s)';
    const cut = AIDE_CHANGED.replace(/f\+{17}: .*/, name).replace(/\n-{51}\nRemoved[\s\S]*/, '\n');
    assert.deepEqual(observed('aide', cut).complete, []);
  });
});

describe('what Lynis tells', () => {
  it('is its index, and each warning and suggestion', () => {
    const facts = told(observed('lynis', LYNIS));
    assert.ok(facts.includes('audit:web-1/lynis hardeningIndex 58'));
    assert.ok(facts.includes('audit_finding:web-1/lynis/KRNL-5830/warning level "warning"'));
    assert.ok(
      facts.includes(
        'audit_finding:web-1/lynis/AUTH-9286/suggestion#2 text "Configure maximum password age in /etc/login.defs"',
      ),
    );
  });

  it('reads what a host repeats in time that grows with its length', () => {
    const begun = cpuMs();
    for (const line of ['a[]=\n', 'warning[]=KRNL-5830|x|-|-|\n'])
      observed('lynis', LYNIS.replace('finish=true', `${line.repeat(120_000)}finish=true`));
    assert.ok(cpuMs() - begun < 5_000);
  });

  it('of a few chosen tests says nothing of the others', () => {
    const look = observed('lynis', LYNIS.replace('tests_done=251', 'tests_done=3'));
    assert.deepEqual(look.complete, ['audit']);
    assert.match(look.shortfalls[0]?.reason ?? '', /only 3 tests/);
  });

  it('is dated no later than now where the machine keeps a zone further east', () => {
    const look = observed('lynis', LYNIS.replaceAll('2026-11-21 17', '2026-11-21 22'));
    assert.equal(look.observedAt, instant('2026-11-21T17:54:22Z'));
    assert.deepEqual(observed('lynis', LYNIS.replaceAll('2026-11-21', '2026-11-23')).complete, []);
  });
});

describe('what OpenSCAP tells', () => {
  it('is the result of each rule', () => {
    const facts = told(observed('openscap', XCCDF)).filter((fact) => / result /.test(fact));
    assert.deepEqual(facts, [
      'control:web-1/xccdf_own_rule_one result "pass"',
      'control:web-1/xccdf_own_rule_two result "fail"',
    ]);
  });

  const doubtful: readonly (readonly [string, string])[] = [
    [
      'a rule without a result',
      XCCDF.replace(/ {4}<rule-result idref="xccdf_own_rule_two".*\n/, ''),
    ],
    ['no end', XCCDF.replace(/ end-time="[^"]*"/, '')],
    ['no rules', XCCDF.replace(/ {2}<Rule .*\n/g, '')],
    ['a result that is none', XCCDF.replace('>fail<', '>fine<')],
    ['two results of one rule', XCCDF.replaceAll('rule_two', 'rule_one')],
    ['a result that any object has', XCCDF.replace('>fail<', '>constructor<')],
    [
      'two tests that tell one rule each',
      XCCDF.replace(
        /( {2}<TestResult.*\n)([\s\S]*?)( {4}<rule-result.*\n)/,
        '$1$2$3  </TestResult>\n$1',
      ),
    ],
    ['two tests', XCCDF.replace(/( {2}<TestResult[\s\S]*<\/TestResult>\n)/, '$1$1')],
  ];
  for (const [what, text] of doubtful) {
    it(`is not complete: ${what}`, () => {
      assert.deepEqual(observed('openscap', text).complete, []);
    });
  }

  const hostile: readonly (readonly [string, string])[] = [
    ['a document type', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
    ['a document type that says nothing', '<!DOCTYPE a><a/>'],
    ['an entity of its own', '<a>&b;</a>'],
    ['an entity that any object has', '<a>&constructor;</a>'],
    ['a bare &', '<a>a & b</a>'],
    ['a number that is no character', '<a>&#0;</a>'],
    ['half a character', '<a>&#xD800;</a>'],
    ['another encoding', '<?xml version="1.0" encoding="UTF-7"?><a/>'],
    ['two documents', '<a/><a/>'],
    ['an end too many', '<a></a></a>'],
    ['crossed ends', '<a><b></a></b>'],
    ['an attribute twice', '<a b="1" b="2"/>'],
    ['no end', '<a>'],
    ['depth', '<a>'.repeat(5_000)],
    ['text behind it', '<a/>x'],
  ];
  for (const [what, text] of hostile) {
    it(`is not read at all: XML with ${what}`, () => {
      assert.throws(() => [...xmlEvents(text)], { code: 'xml-refused' });
    });
  }

  it('is read in time that grows with its length alone', () => {
    const text = `<a>${'<b c="&amp;">&lt;</b>'.repeat(60_000)}</a>`;
    assert.equal([...xmlEvents(text)].length, 60_000 * 3 + 2);
  });
});

describe('evidence from outside', () => {
  it('is as the page shows it', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/profiles.md'), 'utf8');
    const example = /```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const now = instant('2026-03-01T12:00:00Z');
    const look = observed('cis-evidence', example, { target: 'host:cp-1', host: null, now });
    assert.deepEqual(look.complete, ['control']);
  });

  it('is named by its benchmark and its control', () => {
    assert.deepEqual(
      told(observed('cis-evidence', EVIDENCE)).filter((fact) => / (result|detail) /.test(fact)),
      [
        'control:web-1/cis:cis-talos-1.0:1.2.3 result "pass"',
        'control:web-1/cis:cis-talos-1.0:1.2.4 result "fail"',
        'control:web-1/cis:cis-talos-1.0:1.2.4 detail "anonymous-auth is on"',
      ],
    );
  });

  const doubtful: readonly (readonly [string, string])[] = [
    ['fewer results than controls', EVIDENCE.replace('"controls":2', '"controls":3')],
    ['no end', EVIDENCE.replace('"finishedAt"', '"startedAt"')],
    ['no host', EVIDENCE.replace('"host":"web-1",', '')],
    ['a result that is none', EVIDENCE.replace('"pass"', '"fine"')],
    ['a key that is not known', EVIDENCE.replace('"host"', '"hosts"')],
    ['a control twice', EVIDENCE.replace('1.2.4', '1.2.3')],
  ];
  for (const [what, text] of doubtful) {
    it(`is not complete: ${what}`, () => {
      const change = what === 'no host' ? { isFromTarget: false } : {};
      assert.deepEqual(observed('cis-evidence', text, change).complete, []);
    });
  }
});
