# The front of a reader's channel (docs/reading.md): reads requests in their one form, judges them, and hands what may
# run to the shell behind it, spelled so that nothing in it means anything to a shell. With `judging`, only judges:
# one argv per line, words percent-encoded with a space between.
BEGIN {
  loaded = load(grammar)
  number = 0
  request_begin()
  if (!judging) {
    if (loaded) {
      for (i = 1; i <= denials; i++) print denial_code[i] " " denial[i] > rules
      for (i = 1; i <= exceptions; i++) print "except " exception[i] > rules
      for (i = 1; i <= roots; i++) print "root " root[i] > rules
      for (i = 1; i <= wides; i++) print "wide " wide[i] > rules
      for (i = 1; i <= names_known; i++) print "program " named[i] > rules
      close(rules)
    }
    print "ready"
    fflush()
  }
}
judging { print judged($0); next }
finished { next }
{
  if (!take_line($0)) {
    print "bad " number
    finished = 1
    exit
  }
  if (complete) { answer(); request_begin() }
}
END {
  if (judging) exit
  if (!finished) print line_of ? "bad " number : "bye"
  fflush()
  printf "" > eof
  close(eof)
}

function request_begin() {
  line_of = complete = words = expected = 0
  verb_asked = unfit = ""
}

function judged(line,    n, part, i, said) {
  if (!loaded) return "refused no-grammar"
  words = split(line, part, " ")
  for (i = 1; i <= words; i++) {
    if (!decode(part[i])) return "refused bad-request"
    if (controls || unseen) return "refused " (controls ? "malformed" : "look-alike")
    word[i] = decoded
  }
  if (!judge()) return "refused " code
  said = "read"
  for (i = 1; i <= outs; i++) said = said " " encode(out[i])
  return said
}

# take_line LINE: 1 when it is what comes next in the one form.
function take_line(v,    n, f) {
  line_of++
  if (length(v) > 16384 || v ~ /[^ -~]/) return 0
  if (line_of == 1) return v == "holdfast-read 1"
  if (v == "end") {
    complete = 1
    return line_of == last_line
  }
  n = split(v, f, " ")
  if (n != 2 || v != f[1] " " f[2]) return 0
  if (line_of == 2) { number++; last_line = 4; return v == "id " number }
  if (line_of == 3) {
    verb_asked = f[2]
    last_line = verb_asked == "hello" ? 5 : verb_asked == "snapshot" ? 6 : 999
    return f[1] == "verb" && f[2] ~ /^(run|snapshot|hello)$/
  }
  if (verb_asked == "hello") return line_of == 4 && f[1] == "bytes" && counted(f[2], 4194304)
  if (line_of == 4) { seconds = f[2]; return f[1] == "seconds" && counted(f[2], 600) }
  if (line_of == 5) { bytes = f[2]; return f[1] == "bytes" && counted(f[2], 4194304) }
  if (verb_asked == "snapshot") return 0
  if (line_of == 6) { expected = f[2] + 0; last_line = 7 + expected; return f[1] == "args" && counted(f[2], 256) }
  if (f[1] != "arg" || line_of >= last_line || !decode(f[2])) return 0
  word[++words] = decoded
  if (controls) unfit = "malformed"
  else if (unseen && unfit == "") unfit = "look-alike"
  return 1
}

function counted(v, most) { return v ~ /^[1-9][0-9]*$/ && length(v) <= 7 && v + 0 <= most }

function answer(    i, said) {
  if (verb_asked == "hello") print "hello " number
  else if (verb_asked == "snapshot") print "snapshot " number " " seconds " " bytes
  else if (!loaded) print "refuse " number " no-grammar -"
  else if (unfit != "" || !judge()) {
    print "refuse " number " " (unfit == "" ? code : unfit) " " cleaned(word[1])
  } else {
    said = "run " number " " seconds " " bytes " " reads_n
    for (i = 1; i <= reads_n; i++) said = said " x" read_kind[i] " " spell(read_path[i])
    for (i = 1; i <= outs; i++) said = said " " spell(out[i])
    print said
  }
  fflush()
}

# For a log: a few plain characters, a mark for every other.
function cleaned(v) {
  v = substr(v, 1, 64)
  gsub("[^A-Za-z0-9._/-]", "_", v)
  return v == "" ? "_" : v
}
