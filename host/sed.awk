# The part of sed that only reads (docs/command-grammar.md): addresses, blocks, and commands that print, delete, hold,
# replace and end. What is not in it is refused, also where sed would take it; and so is what one sed reads in
# another way than the next, like a delimiter in brackets.

function sed_reads(v,    c, command, depth, grows, restarts, from) {
  st = v; sp = 1; sn = length(v); s_bad = 0
  if (v !~ /[^ ]/) return no("unknown-form")
  # The one loop that is known to end: it takes a line each time, and stops at the last.
  if (match(v, /^ *: *[a-z] *; *N *; *[$] *! *b *[a-z] */)) {
    sp = RLENGTH + 1
    c = substr(v, 1, RLENGTH)
    gsub(/[^a-z]/, "", c)
    if (length(c) != 3 || substr(c, 1, 1) != substr(c, 3, 1) || (sp <= sn && sed_at() != ";")) return no("unknown-form")
    grows = 1
  }
  while (sp <= sn) {
    sed_skip(" ;")
    if (sp > sn) break
    if (sed_at() == "}") {
      if (!depth--) return no("unknown-form")
      sp++
      if (!sed_ended()) return no("unknown-form")
      continue
    }
    if (sed_address()) {
      sed_skip(" ")
      if (sed_at() == ",") {
        sp++
        sed_skip(" ")
        if (sed_at() ~ /^[+~]$/) { sp++; if (!sed_number()) return no("unknown-form") }
        else if (!sed_address()) return no("unknown-form")
      }
      sed_skip(" ")
    }
    if (s_bad) return no("unknown-form")
    if (sed_at() == "!") { sp++; sed_skip(" ") }
    command = c = sed_at()
    sp++
    if (c == "{") { if (++depth > 20) return no("unknown-form"); continue }
    if (c == "s") {
      c = sed_at()
      sp++
      if (!sed_delimited(c, 1)) return no("unknown-form")
      from = sp
      if (!sed_delimited(c, 0)) return no("unknown-form")
      if (substr(st, from, sp - 1 - from) ~ /[\\&]/) grows = 1
      while (sed_at() ~ /^[gpiI0-9]$/) sp++
    } else if (c == "y") {
      c = sed_at()
      sp++
      if (!sed_delimited(c, 0) || !sed_delimited(c, 0)) return no("unknown-form")
    } else if (c == "q" || c == "Q" || c == "l") {
      sed_skip(" ")
      sed_number()
    } else if (c != "" && index("aic", c)) {
      # All that follows is text to print; a backslash at its end would take more from elsewhere.
      sed_skip(" ")
      if (sp > sn || !sed_text(substr(st, sp))) return no("unknown-form")
      sp = sn + 1
    } else if (c == "" || !index("pd=nNDPhHgGxz", c)) return no("unknown-form")
    if (command == "D") restarts = 1
    if (index("yGgx", command)) grows = 1
    if (!sed_ended()) return no("unknown-form")
  }
  if (restarts && grows) return no("never-ends")
  return depth ? no("unknown-form") : 1
}

function sed_at() { return substr(st, sp, 1) }
function sed_skip(what) { while (sp <= sn && index(what, substr(st, sp, 1))) sp++ }
function sed_ended() { sed_skip(" "); return sp > sn || sed_at() == ";" || sed_at() == "}" }

function sed_text(v,    n) {
  while (substr(v, length(v) - n, 1) == "\\" && n < length(v)) n++
  return n % 2 == 0
}

function sed_number(    from) {
  from = sp
  while (sed_at() ~ /^[0-9]$/) sp++
  return sp > from
}

# An address, if there is one; one that is not well formed leaves `s_bad`.
function sed_address(    c) {
  c = sed_at()
  if (c == "$") { sp++; return 1 }
  if (c == "/" || c == "\\") {
    if (c == "\\") { sp++; c = sed_at() }
    sp++
    if (!sed_delimited(c, 1)) { s_bad = 1; return 0 }
    while (sed_at() ~ /^[IM]$/) sp++
    return 1
  }
  if (!sed_number()) return 0
  if (sed_at() == "~") { sp++; if (!sed_number()) s_bad = 1 }
  return !s_bad
}

# Up to the delimiter and behind it. In a pattern no bracket may be open there, by either way of reading one.
function sed_delimited(delimiter, is_pattern,    c, next_one) {
  if (delimiter == "" || !index("/|#,:;@!%_+=~^-", delimiter)) return 0
  brackets_begin()
  for (; sp <= sn; sp++) {
    c = sed_at()
    if (c == delimiter) {
      if (is_pattern && bracket_open()) return 0
      sp++
      return 1
    }
    if (c == "\\") {
      next_one = substr(st, sp + 1, 1)
      if (next_one == "") return 0
      # Escaped, a delimiter that means something in a pattern means two things.
      if (next_one == delimiter && is_pattern && index("|+^", delimiter)) return 0
      bracket_escaped(next_one)
      sp++
    } else bracket_plain(c)
  }
  return 0
}

# Whether a "[" of a pattern is open: by the reading in which a backslash quotes in brackets (1), and by POSIX, where it
# does not (2). `held` is how much it holds, -1 outside: the first of a bracket is never its end, and a "^" before it
# does not count; `within_class` is the mark of a [: :] in it.
function brackets_begin(    r) { for (r = 1; r <= 2; r++) { held[r] = -1; last_held[r] = within_class[r] = "" } }
function bracket_open() { return held[1] >= 0 || held[2] >= 0 }
function bracket_plain(c) { bracket_step(1, c); bracket_step(2, c) }
function bracket_escaped(c) {
  if (held[1] >= 0) { held[1]++; last_held[1] = "" }
  if (held[2] >= 0) { bracket_step(2, "\\"); bracket_step(2, c) }
}
function bracket_step(r, c,    before) {
  before = last_held[r]
  last_held[r] = c
  if (held[r] < 0) {
    if (c == "[") { held[r] = 0; last_held[r] = "" }
  } else if (within_class[r] != "") {
    if (c == "]" && before == within_class[r]) within_class[r] = last_held[r] = ""
  } else if (before == "[" && c != "" && index(":.=", c)) { within_class[r] = c; last_held[r] = "" }
  else if (c == "]" && held[r] > 0) held[r] = -1
  else if (c != "^" || held[r] > 0) held[r]++
}
