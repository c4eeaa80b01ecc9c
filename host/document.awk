# Reads one document of docs/host-contract.md strictly: every line in its place, every value in its one
# spelling. Exits 1 on anything else. Prints the lines without the first and the last, texts spelled for
# printf %b (bytes other than letters and a few marks as \0ooo), so that nothing in them means anything to a shell.
# Give -v kind=<kind>. That the bytes are 0x20-0x7e and LF, and the last one LF, is checked before.
BEGIN {
  form["change"] = "organisation T|change T|plan H|tier E:T1,T2,T3|quorum N|issued N|not-before N|run-by N|checkpoint N H|parts C:1:512|*part H"
  form["run"] = "organisation T|change T|plan H|tier E:T1,T2,T3|standing H|issued N|not-before N|run-by N|checkpoint N H|parts C:1:512|*part H"
  form["part"] = "target I|epoch N|action T|catalogue H|run-as T|args C:1:256|*arg A|stdin S|files C:0:64|*file H X|conditions C:0:64|*condition Q|step P|direction E:forward,inverse|timeout C:1:86400|atomic E:yes,no|nonce I"
  form["standing"] = "organisation T|standing T|action T|issued N|expires N|window W|budget N N|cooldown N|even-tainted E:yes,no|quorum N|cores C:1:512|*core H"
  form["config"] = "organisation T|version N|previous H|issued N|quorum N|inventory H|policy H|catalogue H|baselines H|signers N H|revocations N H|host-policy N H|checkpoint N H"
  form["lift"] = "organisation T|stop T|issued N|run-by N"
  form["identity"] = "organisation T|target I|epoch N"
  form["host-policy"] = "version N|previous H|profile T|rule E:T1 N L|rule E:T2 N L|rule E:T3 N L|rule E:standing N L|rule E:config N L|rule E:lift N L|skew N|origins C:0:64|*origin X"
  rules = split(form[kind], rule, "|")
  if (rules == 0) exit 1
  at = 1
  hexdigits = "0123456789ABCDEF"
  # As strings: what a backslash means in a bracket between slashes differs from one awk to another.
  token = "^[A-Za-z0-9._:@/][A-Za-z0-9._:@/-]*$"
  itself = "^[A-Za-z0-9._~/:@,+=-]$"
}
bad { next }
NR > 2048 || done { bad = 1; next }
NR == 1 { if ($0 != "holdfast-" kind " 1") bad = 1; next }
{
  while (at <= rules && substr(rule[at], 1, 1) == "*" && left == 0) at++
  if (at > rules) { if ($0 == "end") done = 1; else bad = 1; next }
  if (substr(rule[at], 1, 1) == "*") { left--; line(substr(rule[at], 2)) }
  else { line(rule[at]); at++ }
}
END {
  if (bad || !done) exit 1
  if (kind == "part" && most_arg_file > count["files"]) exit 1
  if (kind == "standing" && (value["expires"] <= value["issued"] || value["expires"] - value["issued"] > 7776000)) exit 1
  printf "%s", out
}

# One line against its rule: the key, then one value for each type.
function line(r,    want, has, n, i, got, key) {
  n = split(r, want, / /)
  key = want[1]
  if ($0 ~ /^arg-file / && want[2] == "A") { key = "arg-file"; want[2] = "C:1:64" }
  if (want[2] == "Q") {
    key = "condition"
    if ($0 ~ /^condition file-absent /) { n = 3; want[2] = "E:file-absent"; want[3] = "X" }
    else { n = 4; want[2] = "E:file-sha256"; want[3] = "H"; want[4] = "X" }
  }
  if (split($0, has, / /) != n || has[1] != key) { bad = 1; return }
  got = key
  for (i = 2; i <= n; i++) {
    if (!fits(want[i], has[i])) { bad = 1; return }
    got = got " " (want[i] == "X" || want[i] == "A" ? spelled : has[i])
  }
  value[key] = has[2]
  if (want[2] ~ /^C:/) {
    if (key == "arg-file") { if (has[2] + 0 > most_arg_file) most_arg_file = has[2] + 0 }
    else { left = has[2] + 0; count[key] = left }
  }
  if (key == "core") { if (has[2] <= last_core) bad = 1; last_core = has[2] }
  out = out got "\n"
}

function fits(type, v,    n, part, i) {
  if (type == "T") return v ~ token && length(v) <= 128
  if (type == "N") return number(v)
  if (type == "H") return length(v) == 64 && v !~ /[^0-9a-f]/
  if (type == "I") return length(v) == 32 && v !~ /[^0-9a-f]/
  if (type == "S") return v == "-" || fits("H", v)
  if (type == "L") return fits("E:same-user,touch,separate", v)
  if (type == "X" || type == "A") return text(v)
  if (type == "P") return split(v, part, "/") == 2 && number(part[1]) && number(part[2]) && part[1] + 0 >= 1 && part[1] + 0 <= part[2] + 0
  if (type == "W") return v == "always" || (length(v) == 11 && v ~ /^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$/ && substr(v, 1, 2) < 24 && substr(v, 7, 2) < 24 && substr(v, 1, 5) != substr(v, 7))
  n = split(type, part, /[:,]/)
  if (part[1] == "C") return number(v) && v + 0 >= part[2] + 0 && v + 0 <= part[3] + 0
  for (i = 2; i <= n; i++) if (v "" == part[i] "") return 1
  return 0
}

function number(v) { return (v ~ /^[1-9][0-9]*$/ || v "" == "0") && length(v) <= 15 }

# Percent-encoded UTF-8 (RFC 3629: no overlong form, no surrogate, nothing above 10FFFF), without NUL.
function text(v,    i, c, n, hi, lo, need, low, high) {
  spelled = ""
  if (v == "%") return 1
  if (v == "") return 0
  need = 0
  for (i = 1; i <= length(v); i++) {
    c = substr(v, i, 1)
    if (c ~ itself) {
      if (need) return 0
      spelled = spelled c
      continue
    }
    if (c != "%") return 0
    hi = index(hexdigits, substr(v, i + 1, 1)); lo = index(hexdigits, substr(v, i + 2, 1))
    if (i + 2 > length(v) || !hi || !lo) return 0
    n = (hi - 1) * 16 + lo - 1
    i += 2
    if (n == 0) return 0
    if (n < 128 && sprintf("%c", n) ~ itself) return 0
    if (need) {
      if (n < low || n > high) return 0
      need--; low = 128; high = 191
    } else if (n >= 128) {
      low = 128; high = 191
      if (n >= 194 && n <= 223) need = 1
      else if (n >= 224 && n <= 239) { need = 2; if (n == 224) low = 160; if (n == 237) high = 159 }
      else if (n >= 240 && n <= 244) { need = 3; if (n == 240) low = 144; if (n == 244) high = 143 }
      else return 0
    }
    spelled = spelled sprintf("\\0%03o", n)
  }
  return !need
}
