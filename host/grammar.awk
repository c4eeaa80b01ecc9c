# Judges an argv by a compiled grammar (docs/command-grammar.md): `load(file)`, then `judge()` over the words in
# `word[1..words]`. Written from that page, not from its TypeScript twin; a differential test holds the two together.
#
# judge() returns 1 and leaves the normal form in `out[1..outs]`, and in `read_kind` and `read_path[1..reads_n]` the
# files and trees whose content it reads; or it returns 0 and leaves why in `code`.

# --- The compiled grammar --------------------------------------------------------------------------------------------

# load FILE: 1 when all of it was understood. Anything else is no grammar at all.
function load(file,    line, state, got) {
  entries = forms = options = roots = denials = exceptions = wides = networks = nevers = 0
  state = "head"
  values_begin()
  while ((got = (getline line < file)) > 0) {
    if (state == "end") return 0
    if (state == "head") {
      if (line != "holdfast-grammar\t1") return 0
      state = "version"
      continue
    }
    if (state == "version") {
      if (line !~ /^version\t[0-9]+$/) return 0
      state = "body"
      continue
    }
    if (line == "end") { state = "end"; continue }
    # What belongs to an entry is read when its program is asked for: a grammar is long, a channel's start is not.
    if (entries && line !~ /^(entry|alias)\t/) { waiting[entries, ++waits[entries]] = line; continue }
    if (!load_fields(line)) return 0
  }
  close(file)
  return got == 0 && state == "end"
}

# unfold ENTRY: what belongs to it; 0 when that was not understood.
function unfold(e,    i, at_entry) {
  if (!(e in unfolded)) {
    at_entry = entries
    entries = e
    at_form = ids = 0
    first_form[e] = forms + 1; last_form[e] = forms
    unfolded[e] = 1
    for (i = 1; i <= waits[e] + 0; i++) {
      if (!load_fields(waiting[e, i])) unfolded[e] = 0
      delete waiting[e, i]
    }
    entries = at_entry
  }
  return unfolded[e]
}

function load_fields(line,    n, f, i) {
  n = split(line, f, "\t")
  for (i = 2; i <= n; i++) {
    # Words of an add and names of an option are decoded where they are parted.
    if (i == 3 && (f[1] == "add" || f[1] == "entry-add" || f[1] == "option" || f[1] == "entry-option")) continue
    if (f[1] == "form" && i == 2) gsub(/[|]/, "%7C", f[i])
    if (!decode(f[i]) || controls) return 0
    f[i] = decoded
  }
  return load_line(f, n)
}

function load_line(f, n,    names, i, k) {
  if (f[1] == "root" && n == 2) { root[++roots] = f[2]; return 1 }
  if (f[1] == "wide" && n == 2) { wide[++wides] = f[2]; glob_parts(f[2]); return 1 }
  if (f[1] == "network" && n == 2) return (network[++networks] = block(f[2])) != ""
  if (f[1] == "host" && n == 2) {
    known_host[tolower(f[2])] = 1
    if ((i = block(f[2])) != "") network[++networks] = i
    return 1
  }
  # What sh and this program could read in two ways has no place in a glob.
  if (f[1] == "deny" && n == 3) {
    if (f[3] ~ /[\[\]\\?]/ || f[2] !~ /^(secret|device)$/) return 0
    denial_code[++denials] = f[2]; denial[denials] = f[3]
    glob_parts(f[3])
    return 1
  }
  if (f[1] == "except" && n == 2) {
    exception[++exceptions] = f[2]
    glob_parts(f[2])
    return f[2] !~ /[\[\]\\?]/
  }
  if (f[1] == "entry" && n == 4) {
    if (f[3] != "getopt" && f[3] != "words" || f[4] !~ /^(-|[sga]+)$/) return 0
    program[++entries] = f[2]; style[entries] = f[3]; entry_flags[entries] = f[4]
    if (!(f[2] in entries_of)) named[++names_known] = f[2]
    entries_of[f[2]] = entries_of[f[2]] " " entries
    means_program[f[2]] = f[2]
    return 1
  }
  if (!entries) return 0
  if (f[1] == "alias" && n == 2) {
    if (!(f[2] in means_program)) means_program[f[2]] = program[entries]
    return 1
  }
  if (f[1] == "entry-option" && n == 5) return !at_form && option_line(f, "e" entries)
  if (f[1] == "entry-add" && n == 3) return !at_form && add_line(f, "e" entries)
  if (f[1] == "form" && n == 3) {
    at_form = ++forms
    last_form[entries] = forms
    form_flags[forms] = f[3]
    verbs[forms] = f[2] == "-" ? 0 : split(f[2], names, ",")
    for (i = 1; i <= verbs[forms]; i++) verb[forms, i] = names[i]
    return f[3] ~ /^(-|[wsx]+)$/
  }
  if (!at_form) return 0
  if (f[1] == "option" && n == 5) return option_line(f, "f" forms)
  if (f[1] == "add" && n == 3) return add_line(f, "f" forms)
  if (f[1] == "operand" && n == 6) {
    k = ++operands[forms]
    operand_type[forms, k] = f[3]; operand_min[forms, k] = f[4] + 0; operand_max[forms, k] = f[5] + 0
    operand_stdin[forms, k] = f[6] ~ /i/
    return f[4] ~ digits && f[5] ~ digits && f[6] ~ /^(-|i)$/
  }
  if (f[1] == "require" && n == 2) { require[forms, ++requires[forms]] = f[2]; return ids_known(f[2]) }
  if (f[1] == "conflict" && n == 2) { conflict[forms, ++conflicts[forms]] = f[2]; return ids_known(f[2]) }
  return 0
}

function ids_known(list,    n, part, i) {
  n = split(list, part, ",")
  for (i = 1; i <= n; i++) if (!((entries, part[i]) in option_of)) return 0
  return n > 0
}

# An add is one option with its value: of the words that the normal form gets.
function add_line(f, owner,    n, part, i, words_of) {
  if (!((entries, f[2]) in option_of)) return 0
  n = split(f[3], part, " ")
  for (i = 1; i <= n; i++) {
    if (!decode(part[i]) || controls) return 0
    words_of = words_of (i > 1 ? SUBSEP : "") decoded
  }
  add_words[owner, ++adds[owner]] = words_of
  add_known[owner, words_of] = 1
  add_option[owner, adds[owner]] = option_of[entries, f[2]]
  return n == 1 || n == 2
}

function option_line(f, owner,    i, n, part) {
  if (f[2] !~ digits || f[2] + 0 <= ids || f[5] !~ /^(-|[modrx]+)$/) return 0
  ids = f[2] + 0
  option_of[entries, ids] = ++options
  n = split(f[3], part, ",")
  option_type[options] = f[4]; option_flags[options] = f[5]
  option_names[options] = n
  for (i = 1; i <= n; i++) {
    # A comma parts names; one in a name is spelled like what does not stand for itself.
    gsub("%2C", ",", part[i])
    if (!decode(part[i]) || controls) return 0
    part[i] = decoded
    option_name[options, i] = part[i]
    if (!((owner, part[i]) in option_by)) option_by[owner, part[i]] = options
    if (f[5] ~ /d/) option_by[owner, "digits"] = options
  }
  return n > 0
}

# --- Judging -----------------------------------------------------------------------------------------------------

function judge(    i, sum) {
  outs = reads_n = final = 0
  if (words < 1 || words > 256 || word[1] == "") return no("malformed")
  for (i = 1; i <= words; i++) sum += length(word[i])
  if (sum > 65536) return no("malformed")
  return judge_from(1, 0)
}

# judge_from AT INSIDE: the argv from that word on; `inside` a wrapper already.
function judge_from(at, inside,    name, list, e, n, i, f, most, first, matched, begin, reads_begin, worst) {
  name = word[at]
  if (match(name, "^/(usr/|usr/local/)?s?bin/")) name = substr(name, RLENGTH + 1)
  if (name == "" || !(name in means_program)) return no("unknown-program")
  n = split(entries_of[means_program[name]], list, " ")
  most = -1
  first = ""
  begin = outs
  reads_begin = reads_n
  for (i = 1; i <= n; i++) if (!unfold(list[i])) return no("no-grammar")
  for (i = 1; i <= n; i++) {
    e = list[i]
    for (f = first_form[e]; f <= last_form[e]; f++) {
      code = "unknown-form"
      matched = verb_matches(e, f, at)
      if (matched && verbs[f] > most) most = verbs[f]
      else if (!matched && first == "") first = code
    }
  }
  if (most < 0) return no(first == "" ? "unknown-form" : first)
  first = worst = ""
  for (i = 1; i <= n; i++) {
    e = list[i]
    for (f = first_form[e]; f <= last_form[e]; f++) {
      if (verbs[f] != most || !verb_matches(e, f, at)) continue
      outs = begin
      reads_n = reads_begin
      not_read = form_flags[f] ~ /x/
      if (not_read) return no("writes")
      if (fits_form(e, f, at, inside)) return not_read ? no("writes") : 1
      if (final) return 0
      if (first == "") first = code
      if (worst == "" && code ~ /^(secret|device|egress|look-alike|malformed)$/) worst = code
    }
  }
  return no(worst == "" ? first : worst)
}

# find_option ENTRY FORM NAME: its number, or 0; FORM 0 before the verb is complete.
function find_option(e, f, name) {
  if (f && verbs[f] && entry_flags[e] ~ /g/) return ("f" f, name) in option_by ? option_by["f" f, name] : 0
  if (f && (("f" f, name) in option_by)) return option_by["f" f, name]
  if (("e" e, name) in option_by) return option_by["e" e, name]
  return 0
}

# read_word ENTRY FORM AT STOPPED: what stands at that word. Sets `is` to operand, ends or options; for options,
# `found[1..founds]` with `found_name`, `found_value`, `found_has`; `after` is the next word's place. 0 when refused.
function read_word(e, f, at, stopped,    w, o, eq, i, c) {
  w = word[at]
  after = at + 1
  founds = 0
  is = "operand"
  if (stopped) return 1
  if (style[e] == "words") {
    o = find_option(e, f, w)
    if (!o && w ~ /^-[0-9]+$/ && (o = find_option(e, f, "digits"))) return take(o, w, substr(w, 2), 1)
    if (!o || option_flags[o] ~ /d/) return substr(w, 1, 1) == "-" && w != "-" ? no("unknown-option") : 1
    if (option_type[o] == "-") return take(o, w, "", 0)
    if (option_flags[o] ~ /o/ && (at >= words || substr(word[at + 1], 1, 1) == "-" || find_option(e, f, word[at + 1]) || !takes(option_type[o], word[at + 1], 0, 0))) return take(o, w, "", 0)
    if (at >= words) return no("missing")
    after = at + 2
    return take(o, w, word[at + 1], 1)
  }
  if (w == "-" || substr(w, 1, 1) != "-") return 1
  if (w == "--") { is = "ends"; return 1 }
  if (substr(w, 1, 2) == "--") {
    eq = index(w, "=")
    o = find_option(e, f, eq ? substr(w, 1, eq - 1) : w)
    if (!o) return no("unknown-option")
    if (option_type[o] == "-") return eq ? no("bad-value") : take(o, w, "", 0)
    if (eq) return take(o, substr(w, 1, eq - 1), substr(w, eq + 1), 1)
    if (option_flags[o] ~ /o/) return take(o, w, "", 0)
    if (at >= words) return no("missing")
    after = at + 2
    return take(o, w, word[at + 1], 1)
  }
  if (w ~ /^-[0-9]+$/ && (length(w) > 2 || !find_option(e, f, w)) && (o = find_option(e, f, "digits"))) return take(o, w, substr(w, 2), 1)
  for (i = 2; i <= length(w); i++) {
    c = "-" substr(w, i, 1)
    o = find_option(e, f, c)
    if (!o || option_flags[o] ~ /d/) return no("unknown-option")
    if (option_type[o] == "-") { take(o, c, "", 0); continue }
    if (i < length(w)) return take(o, c, substr(w, i + 1), 1)
    if (option_flags[o] ~ /o/) return take(o, c, "", 0)
    if (at >= words) return no("missing")
    after = at + 2
    return take(o, c, word[at + 1], 1)
  }
  return 1
}

function take(o, name, value, has) {
  is = "options"
  found[++founds] = o
  found_name[founds] = name; found_value[founds] = value; found_has[founds] = has
  return 1
}

# verb_matches ENTRY FORM AT: the words of its verb are the first operands, read with the entry's own options.
# Leaves the place after the last of them in `verb_end`.
function verb_matches(e, f, at,    i, k, ended) {
  i = at + 1
  verb_end = i
  ended = 0
  for (k = 1; k <= verbs[f];) {
    if (i > words) return no("missing")
    if (!read_word(e, 0, i, ended)) return 0
    if (is == "ends") ended = 1
    if (is == "operand") {
      if (!one_of(verb[f, k], word[i])) return no(substr(word[i], 1, 1) == "-" ? "unknown-option" : "unknown-form")
      verb_word[k++] = word[i]
    }
    i = after
  }
  verb_end = i
  return 1
}

# fits_form ENTRY FORM AT INSIDE: the whole of it; appends the normal form to `out`.
function fits_form(e, f, at, inside,    i, j, o, w, verb_stop, wraps, stops, stopped, inner, late, before, befores, behind, behind_once, behinds, place, given, givens, operands_seen, seen, said, present, dashed, outer) {
  # busybox takes what was never set for a text when it is handed on.
  befores = behinds = givens = stopped = inner = 0
  verb_matches(e, f, at)
  verb_stop = verb_end
  wraps = form_flags[f] ~ /w/
  if (wraps && inside) return no("launches")
  stops = wraps || form_flags[f] ~ /s/ || entry_flags[e] ~ /s/
  for (i = at + 1; i <= words; i = after) {
    if (!read_word(e, i < verb_stop ? 0 : f, i, stopped)) return 0
    if (is == "ends") { stopped = 1; continue }
    if (is == "operand") {
      if (i < verb_stop) continue
      if (!operands_seen++ && longer_verb(e, f, i)) return no("unknown-form")
      if (stops) stopped = 1
      if (wraps && givens == least(f, 1)) { inner = i; break }
      given[++givens] = word[i]
      if (style[e] == "words") { behind[++behinds] = ""; place[givens] = behinds }
      continue
    }
    for (j = 1; j <= founds; j++) {
      o = found[j]
      if (option_flags[o] ~ /x/) not_read = 1
      if (option_flags[o] ~ /r/) return 1
      if (seen[o]++ && option_flags[o] !~ /m/) return no("too-many")
      normal = found_value[j]
      if (found_has[j] && !takes(option_type[o], found_value[j], 0, 0)) return 0
      if (found_has[j]) reads(option_type[o], normal)
      w = same_dashes(o, found_name[j])
      if (option_flags[o] ~ /d/) w = found_name[j]
      else if (found_has[j] && style[e] == "getopt" && substr(w, 1, 2) == "--" && (entry_flags[e] !~ /a/ || option_flags[o] ~ /o/)) w = w "=" normal
      else if (found_has[j] && style[e] == "getopt" && option_flags[o] ~ /o/) w = w normal
      else if (found_has[j]) w = w SUBSEP normal
      if (i < verb_stop && entry_flags[e] ~ /g/) before[++befores] = w
      else { behind[++behinds] = w; behind_once[behinds] = option_flags[o] !~ /m/ }
      said[o, w] = 1
    }
  }
  if (wraps && !inner) return no("missing")
  if (!fill(f, given, givens)) return 0
  out[++outs] = program[e]
  if (entry_flags[e] ~ /g/) {
    add_missing("e" e, seen, said, present, 0)
    for (i = 1; i <= befores; i++) put(before[i])
  }
  for (i = 1; i <= verbs[f]; i++) { w = verb[f, i]; out[++outs] = index(w, "|") ? substr(w, 1, index(w, "|") - 1) : w }
  late = style[e] == "getopt"
  if (entry_flags[e] !~ /g/) add_missing("e" e, seen, said, present, 0)
  add_missing("f" f, seen, said, present, late)
  for (i = 1; i <= requires[f] + 0; i++) if (!any_of(e, require[f, i], seen, present)) return no("missing")
  for (i = 1; i <= conflicts[f] + 0; i++) if (any_of(e, conflict[f, i], seen, present)) return no("bad-value")
  if (style[e] == "words") for (i = 1; i <= givens; i++) behind[place[i]] = given[i]
  for (i = 1; i <= behinds; i++) if (!late || !(("f" f, behind[i]) in add_known) || behind_once[i]) put(behind[i])
  if (late) {
    # Where an option may be given many times the last one wins: the form's own word is it.
    for (i = 1; i <= adds["f" f] + 0; i++) if (option_flags[add_option["f" f, i]] ~ /m/) put(add_words["f" f, i])
    for (i = 1; i <= givens; i++) if (given[i] ~ /^-./) dashed = 1
    if (dashed) out[++outs] = "--"
    for (i = 1; i <= givens; i++) out[++outs] = given[i]
  }
  if (!wraps) return 1
  # What stands inside has been judged by no other form's leave: its refusal is the whole's.
  outer = not_read
  if (!judge_from(inner, 1)) { final = 1; return 0 }
  not_read = outer || not_read
  return 1
}

function put(w,    i) {
  i = index(w, SUBSEP)
  if (!i) { out[++outs] = w; return }
  out[++outs] = substr(w, 1, i - 1)
  out[++outs] = substr(w, i + length(SUBSEP))
}

# The first of an option's names with as many dashes before it as the one given.
function same_dashes(o, name,    i) {
  for (i = 1; i <= option_names[o]; i++) if (dashes(option_name[o, i]) == dashes(name)) return option_name[o, i]
  return name
}
function dashes(name) { return substr(name, 1, 2) == "--" ? 2 : substr(name, 1, 1) == "-" ? 1 : 0 }

# add_missing OWNER SEEN SAID PRESENT LATE: the options that an entry or a form puts first, unless they were given.
# Those of `many` options of a form come LATE.
function add_missing(owner, seen, said, present, late,    i, o) {
  for (i = 1; i <= adds[owner] + 0; i++) {
    o = add_option[owner, i]
    if (late && option_flags[o] ~ /m/) { present[o] = 1; continue }
    if (option_flags[o] ~ /m/ ? (o, add_words[owner, i]) in said : (o in seen)) continue
    present[o] = 1
    put(add_words[owner, i])
  }
}

function any_of(e, ids, seen, present,    n, part, i) {
  n = split(ids, part, ",")
  for (i = 1; i <= n; i++) if ((option_of[e, part[i]] in seen) || (option_of[e, part[i]] in present)) return 1
  return 0
}

# longer_verb ENTRY FORM AT: a longer verb begins with this form's and goes on with that word.
function longer_verb(e, f, at,    n, list, i, l, k) {
  n = split(entries_of[program[e]], list, " ")
  for (i = 1; i <= n; i++)
    for (l = first_form[list[i]]; l <= last_form[list[i]]; l++) {
      if (verbs[l] <= verbs[f] || !one_of(verb[l, verbs[f] + 1], word[at])) continue
      for (k = 1; k <= verbs[f]; k++) if (!one_of(verb[l, k], verb_word[k])) break
      if (k > verbs[f]) return 1
    }
  return 0
}

function one_of(alternatives, w) { return w != "" && !index(w, "|") && index("|" alternatives "|", "|" w "|") }

# The least that the operand specs from that one on take.
function least(f, from,    i, sum) {
  for (i = from; i <= operands[f] + 0; i++) sum += operand_min[f, i]
  return sum + 0
}

# fill FORM GIVEN N: specs take words from left to right, as many as they may, leaving the least that later ones need.
function fill(f, given, n,    i, k, most, at) {
  if (n < least(f, 1)) return no("missing")
  at = 0
  for (i = 1; i <= operands[f] + 0; i++) {
    most = n - at - least(f, i + 1)
    if (most > operand_max[f, i]) most = operand_max[f, i]
    for (k = 1; k <= most; k++) {
      at++
      if (!takes(operand_type[f, i], given[at], 1, operand_stdin[f, i])) return 0
      reads(operand_type[f, i], normal)
      given[at] = normal
    }
  }
  return at == n ? 1 : no("too-many")
}

# Remembers what the host must look at again once links are resolved.
function reads(type, p) {
  if ((type == "file" || type == "tree") && p != "-") { read_kind[++reads_n] = type; read_path[reads_n] = p }
}
