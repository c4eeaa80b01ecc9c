import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cpuMs } from '#test/cpu';
import { judgeAwk } from './awk.ts';

const RUNS = Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 1_000);
const classOf = (program: string): string => judgeAwk(program).class;

describe('an awk program', () => {
  it('reads when it selects, counts and prints', () => {
    for (const program of [
      '{print $1, $NF}',
      '$3 >= 1000 {print $1}',
      'NR==1 || /re/ {n++} END {print n+0}',
      '{sum+=$5} END {print sum/NR}',
      '{printf "%s %d\\n", $1, ($2>3)?1:0}',
      '{count[$1]++} END {for (k in count) print k, count[k]}',
      '!seen[$0]++',
      '{for(i=NF;i>0;i--) printf "%s ", $i; print ""}',
      'BEGIN{FS=":"} {print $1}',
      'length($0)>80',
      'length > 72',
      'NR>=10 && NR<=20',
      '/start/,/end/',
      '{n=split($0,a,","); for(i=1;i<=n;i++) print a[i]}',
      '{if ($3 > 5) print "hi"; else print "lo"}',
      '{if ($3 > 5) {print "hi"} else {print "lo"}}',
      '{print $NF-1, $(NF-1)}',
      '$1 ~ /^a/ && $2 !~ "b"{print}',
      '{ $1=""; print }',
      '{for(i=1;i<=NF;i++) gsub(/a/,"b",$i); print}',
      '{for(i=2;i<=NF;i+=2) $i=""; print}',
      '/x/{getline; print}',
      '{a[$1]=a[$1]" "$2} END{for(i in a) print i, a[i]}',
      'NR%2',
      '{print substr($0, index($0,$3))}',
      '{t=$1; if (t>m) {m=t}} END {print m}',
      '{print NR": "$0}',
      '{ print ($3/1024) " MB" }',
      '{ printf("%d %s\\n", c[u], u) }',
      '($1,$2) in a',
      '{delete a[$1]}',
      '{print toupper(substr($1,1,1)) substr($1,2)}',
      '$5 == "GET" { c[$7] += 1 } END { for (u in c) printf("%d %s\\n", c[u], u) }',
      '/[0-9]+\\/tcp/ {print $1}',
      '{print (a > b) ? a : b}',
      '{print "a;b|c>d `x` system"}',
      '/a|b>c/',
      'BEGIN { for (i = 0; i < 10; i++) print i }',
      '{exit}',
    ])
      assert.equal(classOf(program), 'read', `${program}: ${judgeAwk(program).because}`);
  });

  it('writes with a redirection out of print', () => {
    for (const program of [
      '{print > "x"}',
      '{print $1 > $2}',
      '{print >> "x"}',
      '{printf "a" > "x"}',
      '{print a>b?c:d}',
      '{print (a,b) > "c"}',
      '{print a, b > "c" d}',
      '{print > "/dev/tcp"}',
      '{print x = 1 > "f"}',
      '{if(1) print > "x"}',
      '{print !a > "x"}',
      '{print $1 ~ 2 > "x"}',
    ])
      assert.equal(classOf(program), 'write', program);
  });

  it('runs something with system and with pipes', () => {
    for (const program of [
      'BEGIN{system("id")}',
      'BEGIN{system ("id")}',
      '{print | "sh"}',
      '{"id" | getline}',
      '{print |& "sh"}',
      '{x="id"; x | getline y}',
      '!system("id")',
      '{print /a/ | "sh"}',
      '{print "a" "b"|"sh"}',
    ])
      assert.equal(classOf(program), 'exec', program);
  });

  it('reads no other file, no environment, and holds nothing unknown', () => {
    for (const program of [
      '{getline x < "/etc/shadow"}',
      '{getline < "/etc/shadow"}',
      '{while ((getline l < "f") > 0) print l}',
      'BEGIN{ARGV[1]="/etc/shadow";ARGC=2}',
      '{print ENVIRON["A"]}',
      'BEGIN{print PROCINFO["pid"]}',
      '@include "x"',
      '@load "x"',
      'function f(){}',
      '{f()}',
      '{f (1)}',
      '{close("x")}',
      '{fflush()}',
      '{print length /x/}',
      '{if(1) /x/}',
      '{i++ /x/ 1}',
      '/a[/]b/',
      '/a',
      '{print "a}',
      '{print `id`}',
      '{print $1}}',
      '{print',
      "{print $1'",
      '{a b c',
      '# x',
      '{print 0x1f}',
      'é',
      '{print a ** b}',
      '{print $1}\n{system("x")}',
      '{a / "x/ ; system(1) ; "y/}',
      '{@f()}',
      'BEGIN{SYMTAB["x"]}',
      '{print -}',
      '{print a,}',
      '',
    ])
      assert.notEqual(classOf(program), 'read', program);
  });

  it('ends', () => {
    for (const program of [
      'BEGIN{while(1);}',
      'BEGIN{do {} while(1)}',
      'BEGIN{for(;;);}',
      'BEGIN{for(i=1;i>0;i++);}',
      'BEGIN{for(i=1;i<=2;i--);}',
      'BEGIN{for(i=1;i<=2;i++) i=0}',
      'BEGIN{for(i=1;i<=2;i++) for(i=0;i<1;i++);}',
      'BEGIN{n=2;for(i=1;i<=n;i++) n++}',
      'BEGIN{n=2;for(i=1;i<=n;i++) n+=1}',
      'BEGIN{n="x";for(i=1;i<=n;i++);}',
      'BEGIN{for(i=1;i<=n;i++);}',
      'BEGIN{n=10^400;for(i=n;i>0;i--);}',
      '{for(i=1;i<=NF;i++) NF++}',
      '{for(i=1;i<=NF;i++) $(NF+1)=1}',
      '{for(i=1;i<=NF;i++) $0=$0 " x"}',
      '{for(i=1;i<=NF;i++) sub(/$/," x")}',
      '{for(i=1;i<=NF;i++) getline i}',
      '{for(i=1;i<=NF;i++) {split($0,i)}}',
      'BEGIN{for(i=1;i<=2;j++);}',
      'BEGIN{for(i=1;j<=2;i++);}',
      'BEGIN{for(i=1;i!=2;i++);}',
      'BEGIN{for(i=1;i<=i;i++);}',
      'BEGIN{for(i=1;i<=2;i+=0);}',
      'BEGIN{for(i=1;i<=9999999;i++);}',
    ])
      assert.equal(classOf(program), 'deny', program);
  });

  it('is judged without anything thrown, and in time proportional to it', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '(',
      ')',
      '/',
      '"',
      ';',
      'print',
      '$',
      '1',
      'a',
      '>',
      '|',
      '||',
      '[',
      ']',
      '\\',
      'getline',
      'system',
      'for',
      'in',
      '=',
      '++',
      ' ',
      ',',
      '?',
      ':',
      'é',
      '!',
      'if',
      'else',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        const { class: of } = judgeAwk(parts.join(''));
        if (of === 'read') {
          const text = parts
            .join('')
            .replaceAll(/"(?:\\.|[^"\\])*"/g, '""')
            .replaceAll(/\/(?:\\.|[^/\\])*\//g, '//');
          assert.doesNotMatch(text, /\bsystem\b|[^|]\|(?:[^|]|$)/);
        }
      }),
      { numRuns: RUNS },
    );
    for (const piece of [
      '(',
      '!',
      '{',
      '$',
      'a=',
      '-',
      '/',
      '"',
      '1?',
      'if(1)',
      'a[',
      '2^',
      'for(i=1;i<=2;i++)',
      '++',
      ' ',
    ]) {
      const from = cpuMs();
      judgeAwk(piece.repeat(4_096 / piece.length));
      judgeAwk(`{${piece.repeat(4_000 / piece.length)}`);
      assert.ok(cpuMs() - from < 150, piece);
    }
  });
});
