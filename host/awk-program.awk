# The part of awk that only reads and certainly ends (docs/command-grammar.md), read token by token: where a string, a
# pattern or a division begins decides what is code. Where one awk reads it in another way than the next, it is refused.
# `at_text` and `at_kind` are the token at `at_from`, which ends before `at_to`; the first thing that is not understood sets `a_code`.

function awk_begin(    n, i, w) {
  n = split("length substr index split sub gsub gensub match tolower toupper sprintf int sqrt exp log sin cos atan2 rand srand systime strftime mktime strtonum", w, " ")
  for (i = 1; i <= n; i++) a_function[w[i]] = 1
  n = split("system ENVIRON PROCINFO SYMTAB FUNCTAB ARGV ARGC while do function func close fflush BEGINFILE ENDFILE switch case default return nextfile", w, " ")
  for (i = 1; i <= n; i++) a_forbidden[w[i]] = 1
  n = split("print printf if else for next exit delete break continue getline in BEGIN END", w, " ")
  for (i = 1; i <= n; i++) a_statement[w[i]] = 1
  n = split(">> && || ++ -- += -= *= /= %= ^= == <= >= != !~", w, " ")
  for (i = 1; i <= n; i++) a_double[w[i]] = 1
  n = split("= += -= *= /= %= ^=", w, " ")
  for (i = 1; i <= n; i++) a_assigns[w[i]] = 1
  n = split("< <= == != >= ~ !~ && || + - * / % ^", w, " ")
  for (i = 1; i <= n; i++) a_binary[w[i]] = 1
  a_begun = 1
}

function awk_reads(v,    name) {
  if (!a_begun) awk_begin()
  at = v; a_code = ""; a_depth = a_loops = 0; at_text = at_before = ""
  split("", a_tame); split("", a_must)
  awk_scan(1)
  if (at_kind == "end") awk_stop("unknown-form")
  while (a_code == "" && at_kind != "end") if (!awk_took(";")) awk_item()
  for (name in a_must) if (a_tame[name] != 1) awk_stop("never-ends")
  return a_code == "" ? 1 : no(a_code)
}

function awk_stop(why) { if (a_code == "") a_code = why; at_kind = "end"; at_text = ""; return 0 }
function awk_is(text) { return at_text == text && (at_kind == "mark" || at_kind == "name") }
function awk_took(text) { if (!awk_is(text)) return 0; awk_next(); return 1 }
function awk_must(text) { if (!awk_took(text)) awk_stop("unknown-form") }
function awk_deeper() { if (++a_depth > 40) awk_stop("unknown-form") }

function awk_item() {
  if (awk_took("BEGIN") || awk_took("END")) { awk_block(); return }
  if (!awk_is("{")) {
    awk_expression(1)
    if (awk_took(",")) awk_expression(1)
  }
  if (awk_is("{")) awk_block()
  else if (at_kind != "end" && !awk_is(";")) awk_stop("unknown-form")
}

function awk_block() {
  awk_must("{")
  awk_deeper()
  while (a_code == "" && !awk_is("}")) if (!awk_took(";")) awk_statement()
  a_depth--
  awk_must("}")
}

function awk_statement() {
  # Where a statement begins behind ")", programs differ on what "/" is.
  if (awk_is("/") && at_before == ")") { awk_stop("unknown-form"); return }
  if (awk_is("{")) { awk_block(); return }
  awk_deeper()
  if (awk_took("if")) {
    awk_must("(")
    awk_expression(1)
    awk_must(")")
    awk_body()
    while (awk_is(";")) awk_next()
    if (awk_took("else")) awk_body()
  } else if (awk_took("for")) awk_for()
  else {
    awk_simple()
    if (!awk_took(";") && !awk_is("}")) awk_stop("unknown-form")
  }
  a_depth--
}
function awk_body() { if (!awk_took(";")) awk_statement() }

function awk_for(    rest, head, n, part, i, mine) {
  rest = substr(at, at_from, 200)
  if (match(rest, "^[(] *[A-Za-z_][A-Za-z0-9_]* +in +[A-Za-z_][A-Za-z0-9_]* *[)]")) {
    head = substr(rest, 1, RLENGTH)
    n = RLENGTH
    gsub("[()]", " ", head)
    split(head, part, " ")
    awk_may_use(part[1]); awk_may_use(part[3])
    awk_assigned("name", part[1], 0)
    awk_jump(n)
    awk_body()
    return
  }
  n = awk_loop(substr(at, at_from, 500))
  if (!n) { awk_stop("never-ends"); return }
  mine = split(loop_names, part, " ")
  for (i = 1; i <= mine; i++) awk_may_use(part[i])
  awk_assigned("name", part[1], 1)
  for (i = 2; i <= mine; i++) if (part[i] !~ /^(NF|NR|FNR)$/) a_must[part[i]] = 1
  if (a_loops >= 3) { awk_stop("unknown-form"); return }
  head = loop_names
  awk_jump(n)
  a_held[++a_loops] = " " head " "
  a_counter[a_loops] = part[1]
  awk_body()
  a_loops--
}

# The one loop that certainly ends: a counter, a bound that stays, a step towards it. How long its head is, or 0;
# `loop_names` is the counter, then what start and bound rest on.
function awk_loop(text,    counter, order, sign) {
  loop_left = text; loop_names = ""
  if (!loop_eat("[(] *") || !loop_eat("[A-Za-z_][A-Za-z0-9_]*")) return 0
  counter = loop_got
  loop_names = counter
  if (!loop_eat(" *= *") || !loop_sum(counter) || !loop_eat(" *; *")) return 0
  if (!loop_eat("[A-Za-z_][A-Za-z0-9_]*") || loop_got != counter || !loop_eat(" *[<>]=? *")) return 0
  order = index(loop_got, "<") ? "+" : "-"
  if (!loop_sum(counter) || !loop_eat(" *; *")) return 0
  if (loop_eat("[+][+]|--")) {
    sign = loop_got
    if (!loop_eat("[A-Za-z_][A-Za-z0-9_]*") || loop_got != counter) return 0
  } else {
    if (!loop_eat("[A-Za-z_][A-Za-z0-9_]*") || loop_got != counter) return 0
    if (loop_eat("[+][+]|--")) sign = loop_got
    else {
      if (!loop_eat(" *[+-]= *")) return 0
      sign = loop_got
      if (!loop_eat("[1-9][0-9]*") || length(loop_got) > 6) return 0
    }
  }
  if (!index(sign, order) || !loop_eat(" *[)]")) return 0
  return length(text) - length(loop_left)
}

function loop_eat(what) {
  if (!match(loop_left, "^(" what ")")) return 0
  loop_got = substr(loop_left, 1, RLENGTH)
  loop_left = substr(loop_left, RLENGTH + 1)
  return 1
}

function loop_sum(counter,    kept) {
  do {
    if (loop_eat("[0-9]+")) { if (length(loop_got) > 6) return 0 }
    else if (loop_eat("length *[(] *")) {
      if (loop_eat("[$][0-9]+")) { if (length(loop_got) > 4) return 0 }
      else if (loop_eat("[$]?[A-Za-z_][A-Za-z0-9_]*") && !loop_name(loop_got ~ /^[$]/ ? substr(loop_got, 2) : loop_got, counter)) return 0
      if (!loop_eat(" *[)]")) return 0
    } else if (!loop_eat("[A-Za-z_][A-Za-z0-9_]*") || !loop_name(loop_got, counter)) return 0
    kept = loop_left
  } while (loop_eat(" *[+-] *"))
  loop_left = kept
  return 1
}
function loop_name(name, counter) {
  if (name == counter) return 0
  if (name != "length") loop_names = loop_names " " name
  return 1
}

function awk_simple() {
  if (awk_took("print") || awk_took("printf")) { awk_print(); return }
  if (awk_took("next") || awk_took("break") || awk_took("continue")) return
  if (awk_took("exit")) {
    if (!awk_is(";") && !awk_is("}")) awk_expression(1)
  } else if (awk_took("delete")) {
    awk_name()
    if (awk_took("[")) awk_list("]")
  } else if (awk_took("getline")) {
    if (at_kind == "name") awk_assigned("name", awk_name(), 0)
    else awk_assigned("field", "0", 0)
  } else awk_expression(1)
}

# Right in a print, ">" writes a file.
function awk_print() {
  if (!awk_is(";") && !awk_is("}") && !awk_is(">") && !awk_is(">>")) {
    awk_expression(0)
    while (awk_took(",")) awk_expression(0)
  }
  if (awk_is(">") || awk_is(">>")) awk_stop("writes")
}

function awk_list(close_mark) {
  if (awk_took(close_mark)) return
  awk_expression(1)
  while (awk_took(",")) awk_expression(1)
  awk_must(close_mark)
}

# An expression; precedence is not kept, as what it does is the same whatever binds tighter. What it was, as far as
# setting it goes, is returned: "name X", "element X", "field X", or nothing.
function awk_expression(compares,    place) {
  awk_deeper()
  place = awk_operand(compares)
  while (a_code == "") {
    if (at_kind == "mark" && at_text == "?") {
      awk_next()
      awk_expression(compares)
      awk_must(":")
      awk_expression(compares)
    } else if (at_kind == "mark" && (at_text == ">" ? compares : (at_text in a_binary))) {
      awk_next()
      awk_operand(compares)
    } else if (awk_took("in")) awk_name()
    else if (at_kind == "number" || at_kind == "string" || at_kind == "name" && !(at_text in a_statement) || at_kind == "mark" && at_text ~ /^([$(!]|[+][+]|--)$/) awk_operand(compares)
    else break
    place = ""
  }
  a_depth--
  return place
}

function awk_operand(compares,    place, plain_one, from, value) {
  awk_deeper()
  place = awk_unassigned(compares)
  a_depth--
  if (place == "") return ""
  if (awk_is("++") || awk_is("--")) {
    awk_set(place, 1)
    awk_next()
    # Behind it a "/" divides for some and begins a pattern for others.
    if (awk_is("/")) awk_stop("unknown-form")
    return ""
  }
  if (at_kind != "mark" || !(at_text in a_assigns)) return place
  plain_one = at_text == "="
  awk_next()
  from = at_from
  awk_expression(compares)
  value = substr(at, from, at_from - from)
  awk_set(place, plain_one && (value ~ /^([0-9]+|NF|NR|FNR|length|(length|split|gsub|index) *\([^()]*\)) *$/) && value !~ /^[0-9][0-9][0-9][0-9][0-9][0-9][0-9]/)
  return ""
}

function awk_unassigned(compares,    place) {
  if (at_kind == "number" || at_kind == "string") { awk_next(); return "" }
  if (at_kind == "name") return awk_named()
  if (at_kind != "mark") { awk_stop("unknown-form"); return "" }
  if (at_text == "/" || at_text == "/=") { awk_pattern(); return "" }
  if (at_text ~ /^[!+-]$/) { awk_next(); awk_operand(compares); return "" }
  if (at_text == "++" || at_text == "--") {
    awk_next()
    place = awk_unassigned(compares)
    if (place == "") awk_stop("unknown-form")
    else awk_set(place, 1)
    return ""
  }
  if (at_text == "(") { awk_next(); awk_list(")"); return "" }
  if (at_text == "$") return awk_field()
  awk_stop("unknown-form")
  return ""
}

function awk_field(    from, which) {
  awk_next()
  from = at_from
  if (awk_is("/") || awk_is("/=")) { awk_stop("unknown-form"); return "" }
  awk_deeper()
  awk_unassigned(1)
  a_depth--
  which = substr(at, from, at_from - from)
  gsub("^ +| +$", "", which)
  return "field " which
}

function awk_named(    text, to) {
  text = at_text
  to = at_to
  if (text in a_function) {
    awk_next()
    if (awk_took("(")) awk_call(text)
    else if (text != "length" || awk_is("/") || awk_is("/=")) awk_stop("unknown-form")
    return ""
  }
  awk_name()
  if (awk_is("(")) { awk_stop("unknown-form"); return "" }
  if (!awk_took("[")) return "name " text
  awk_list("]")
  return "element " text
}

# The arguments; what some functions set counts as assigned.
function awk_call(name,    sets, count, place) {
  sets = name == "sub" || name == "gsub" ? 2 : name == "split" || name == "match" ? (name == "split" ? 1 : 2) : -1
  while (a_code == "" && !awk_is(")")) {
    if (count > 0) awk_must(",")
    place = awk_expression(1)
    if (count + 0 == sets && place != "") awk_set(place, 0)
    count++
  }
  awk_next()
  if ((name == "sub" || name == "gsub") && count < 3) awk_assigned("field", "0", 0)
}

function awk_set(place, tame,    i) { i = index(place, " "); awk_assigned(substr(place, 1, i - 1), substr(place, i + 1), tame) }

function awk_assigned(what, name, tame,    i) {
  if (what == "element") return
  if (what == "name") {
    # Asked first: an element that is set may be there before its value is known.
    if ((name in a_tame) && a_tame[name] == 0) tame = 0
    a_tame[name] = tame + 0
    for (i = 1; i <= a_loops; i++) if (index(a_held[i], " " name " ")) awk_stop("never-ends")
    return
  }
  # A field that is set may make the record longer: not while a loop goes up to its end.
  if (name ~ /^[1-9][0-9]?[0-9]?$/) return
  for (i = 1; i <= a_loops; i++) if (index(a_held[i], " NF ") && a_counter[i] != name) awk_stop("never-ends")
}

function awk_name(    text) {
  text = at_text
  if (at_kind != "name") awk_stop("unknown-form")
  else { awk_may_use(text); awk_next() }
  return text
}
function awk_may_use(name) { if ((name in a_forbidden) || (name in a_statement) || (name in a_function)) awk_stop("unknown-form") }

function awk_jump(n) { at_before = ")"; awk_scan(at_from + n) }
function awk_next() { at_before = at_text; awk_scan(at_to) }

function awk_scan(from,    c, two, rest, i) {
  if (a_code != "") return
  while (substr(at, from, 1) == " ") from++
  at_from = from
  c = substr(at, from, 1)
  if (c == "") { at_kind = "end"; at_text = ""; at_to = from; return }
  rest = substr(at, from, 200)
  if (c == "\"") {
    for (i = from + 1; i <= length(at); i++) {
      if (substr(at, i, 1) == "\\") i++
      else if (substr(at, i, 1) == "\"") { awk_token("string", i + 1); return }
    }
    awk_stop("unknown-form")
    return
  }
  if (c ~ /[0-9.]/ && match(substr(at, from), "^([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9][0-9]?)?")) {
    awk_token("number", from + RLENGTH)
    if (substr(at, at_to, 1) ~ /[A-Za-z_.]/) awk_stop("unknown-form")
    return
  }
  if (c ~ /[A-Za-z_]/) {
    match(substr(at, from), "^[A-Za-z_][A-Za-z0-9_]*")
    awk_token("name", from + RLENGTH)
    if (at_text in a_forbidden) awk_stop("unknown-form")
    return
  }
  two = substr(rest, 1, 2)
  if (two == "||") { awk_token("mark", from + 2); return }
  if (c == "|") { awk_stop("launches"); return }
  if (two == "**") { awk_stop("unknown-form"); return }
  if (two in a_double) awk_token("mark", from + 2)
  else if (index("{}();,[]+-*/%^!<>=~?:$", c)) awk_token("mark", from + 1)
  else awk_stop("unknown-form")
}

function awk_token(what, to) { at_kind = what; at_to = to; at_text = substr(at, at_from, to - at_from) }

# A pattern in slashes, from the "/" that the token stands at.
function awk_pattern(    i, c) {
  brackets_begin()
  for (i = at_from + 1; i <= length(at); i++) {
    c = substr(at, i, 1)
    if (c == "\\") { bracket_escaped(substr(at, i + 1, 1)); i++ }
    else if (c != "/") bracket_plain(c)
    else if (bracket_open()) break
    else { at_before = "/"; awk_scan(i + 1); return }
  }
  awk_stop("unknown-form")
}
