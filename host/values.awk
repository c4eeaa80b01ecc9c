# Texts and values of docs/command-grammar.md: percent-encoding, and what each type of value takes.
# A refused value leaves why in `code`; an accepted one leaves its normal spelling in `normal`.
# Patterns are strings: what a backslash means in a bracket between slashes differs from one awk to another.
function values_begin(    i, n, part, ends) {
  hexdigits = "0123456789ABCDEF"
  hiddens = split("00A0 00AD 034F 061C 115F-1160 1680 17B4-17B5 180B-180F 2000-200F 2028-202F 205F-206F 2800 3000 3164 E000-F8FF FE00-FE0F FEFF FFA0 FFF0-FFFB 1D173-1D17A E0000-10FFFF", part, " ")
  for (i = 1; i <= hiddens; i++) { n = split(part[i], ends, "-"); hidden_from[i] = hex(ends[1]); hidden_to[i] = hex(ends[n]) }
  n = split("02D7 2010 2011 2012 2013 2014 2015 2043 2212 FE58 FE63 FF0D", part, " ")
  for (i = 1; i <= n; i++) false_dash[hex(part[i])] = 1
  zeros = binary(0, 128)
  mapped = binary(0, 80) binary(65535, 16)
  n = split("169.254.0.0/16 fe80::/10 fd00:ec2::/32 100.100.100.200 168.63.129.16 192.0.0.192", part, " ")
  for (i = 1; i <= n; i++) never[++nevers] = block(part[i])
  network[++networks] = block("127.0.0.0/8")
  network[++networks] = block("::1")
  known_host["localhost"] = 1
  for (i = 1; i < 256; i++) { byte[i] = sprintf("%c", i); ordinal[byte[i]] = i }
  itself = "^[A-Za-z0-9._~/:@,+=-]$"
  plain = "^[A-Za-z0-9._~/:@,+=-]+$"
  digits = "^[0-9]+$"
  shape["word"] = "^[A-Za-z0-9_.:@%+,=/][A-Za-z0-9_.:@%+,=/-]*$"
  shape["name"] = "^[A-Za-z0-9_][A-Za-z0-9_.@+-]*$"
  shape["user"] = shape["group"] = shape["name"]
  shape["unit"] = "^[A-Za-z0-9:_.@*?\\\\][A-Za-z0-9:_.@*?\\\\-]*$"
  shape["container"] = "^[A-Za-z0-9][A-Za-z0-9_.-]*$"
  shape["interface"] = "^[A-Za-z0-9][A-Za-z0-9_.:@-]*$"
  shape["time"] = "^([A-Za-z0-9]|[@+-][0-9])[A-Za-z0-9 :.,+-]*$"
  shape["decimal"] = "^[0-9]+([.][0-9]+)?$"
  shape["size"] = "^[+-]?[0-9]+([.][0-9]+)?[kKmMgGtTpPbBcwi]*$"
}

# decode TEXT: the bytes of a percent-encoded text, in `decoded`; 0 when it is not in its one spelling, is not UTF-8
# (RFC 3629: no overlong form, no surrogate, nothing above 10FFFF), or holds a NUL. `controls` and `unseen` count
# what no word of a command may hold: control characters, and what cannot be seen or looks like a dash.
function decode(v,    i, n, c, hi, lo, need, low, high, point, from) {
  controls = unseen = 0
  decoded = v
  if (v ~ plain) return 1
  decoded = ""
  if (v == "%") return 1
  if (v == "") return 0
  n = length(v)
  for (i = 1; i <= n; i++) {
    c = substr(v, i, 1)
    if (c ~ itself) {
      if (need) return 0
      decoded = decoded c
      continue
    }
    if (c != "%" || i + 2 > n) return 0
    hi = index(hexdigits, substr(v, i + 1, 1)); lo = index(hexdigits, substr(v, i + 2, 1))
    if (!hi || !lo) return 0
    c = (hi - 1) * 16 + lo - 1
    i += 2
    if (c == 0 || c < 128 && byte[c] ~ itself) return 0
    if (need) {
      if (c < low || c > high) return 0
      need--; low = 128; high = 191
      point = point * 64 + c - 128
      if (!need && point < 160) controls++
      else if (!need && hidden(point, from)) unseen++
    } else if (c >= 128) {
      low = 128; high = 191; from = i
      if (c >= 194 && c <= 223) { need = 1; point = c - 192 }
      else if (c >= 224 && c <= 239) { need = 2; point = c - 224; if (c == 224) low = 160; if (c == 237) high = 159 }
      else if (c >= 240 && c <= 244) { need = 3; point = c - 240; if (c == 240) low = 144; if (c == 244) high = 143 }
      else return 0
    } else if (c < 32 || c == 127) controls++
    decoded = decoded byte[c]
  }
  return !need
}

# hidden POINT PLACE: a character that is not seen, or, at the beginning of a word, a dash that is none.
function hidden(point, place,    i) {
  if (place == 3 && (point in false_dash)) return 1
  for (i = 1; i <= hiddens; i++) if (point >= hidden_from[i] && point <= hidden_to[i]) return 1
  return 0
}

# encode BYTES: percent-encoded.
function encode(v,    i, n, c, o, out) {
  if (v ~ plain) return v
  if (v == "") return "%"
  n = length(v)
  for (i = 1; i <= n; i++) {
    c = substr(v, i, 1)
    if (c ~ itself) out = out c
    else { o = ordinal[c]; out = out "%" substr(hexdigits, int(o / 16) + 1, 1) substr(hexdigits, o % 16 + 1, 1) }
  }
  return out
}

# spell BYTES: for printf %b, with an x before, so that nothing in it means anything to a shell and nothing is empty.
function spell(v,    i, n, c, out) {
  if (v ~ plain) return "x" v
  n = length(v)
  for (i = 1; i <= n; i++) {
    c = substr(v, i, 1)
    out = out (c ~ itself ? c : sprintf("\\0%03o", ordinal[c]))
  }
  return "x" out
}

function hex(v,    i, n) {
  for (i = 1; i <= length(v); i++) n = n * 16 + index(hexdigits, toupper(substr(v, i, 1))) - 1
  return n + 0
}
function starts(v, with) { return substr(v, 1, length(with)) == with }
function no(why) { code = why; return 0 }

# takes TYPE VALUE AS-OPERAND STDIN: whether a value is of that type.
function takes(type, v, operand, stdin,    base, rest, at) {
  normal = v
  at = index(type, ":")
  base = at ? substr(type, 1, at - 1) : type
  rest = at ? substr(type, at + 1) : ""
  if (length(v) > 4096) return no("bad-value")
  if (operand && substr(v, 1, 1) == "-") {
    if (v == "-" && stdin) return 1
    if (base !~ /^(text|awk|sed|time|size|signed)$/) return no(v == "-" ? "bad-value" : "unknown-option")
  }
  if (base == "text") return 1
  if (base == "number") return within(v, v, rest)
  if (base == "signed") return within(v ~ /^[+-]/ ? substr(v, 2) : v, v, rest)
  if (base == "pid") return within(v, v, "1:4194304")
  if (base == "enum") return index("," rest ",", "," v ",") && index(v, ",") == 0 && v != "" ? 1 : no("bad-value")
  if (base == "list") return listed(v, rest)
  if (base == "match") return v ~ pattern(rest) ? 1 : no("bad-value")
  if (base == "path" || base == "file" || base == "tree") return path(base, v)
  if (base == "host") return host(v)
  if (base == "athost") return substr(v, 1, 1) == "@" ? host(substr(v, 2)) : no("bad-value")
  if (base == "url") return url(v)
  if (base == "domain") return domain(v)
  if (base == "sed") return sed_reads(v)
  if (base == "awk") return awk_reads(v)
  if (base ~ /^(interface|size|decimal)$/ && length(v) > 32) return no("bad-value")
  if (base in shape) return v ~ shape[base] ? 1 : no("bad-value")
  return no("unknown-form")
}

function within(number, v, range,    r) {
  if (number !~ digits || length(number) > 15) return no("bad-value")
  split(range, r, ":")
  return (r[1] == "" || v + 0 >= r[1] + 0) && (r[2] == "" || v + 0 <= r[2] + 0) ? 1 : no("bad-value")
}

# pattern ERE: for a whole match. A backslash before a mark becomes a bracket: awks know marks of their own behind one.
function pattern(ere,    i, c, out, inside) {
  if (ere in patterns) return patterns[ere]
  for (i = 1; i <= length(ere); i++) {
    c = substr(ere, i, 1)
    if (inside) {
      if (c == "]" && i > inside) inside = 0
    } else if (c == "[") inside = substr(ere, i + 1, 1) == "^" ? i + 2 : i + 1
    else if (c == "\\") {
      c = substr(ere, ++i, 1)
      c = c == "^" || c == "\\" ? "\\" c : "[" c "]"
    }
    out = out c
  }
  return patterns[ere] = "^(" out ")$"
}

function listed(v, of,    n, part, i) {
  n = split(v, part, ",")
  if (n == 0) return no("bad-value")
  for (i = 1; i <= n; i++) if (part[i] == "" || index("," of ",", "," part[i] ",") == 0) return no("bad-value")
  return 1
}

# --- Paths -------------------------------------------------------------------------------------------------------

function path(type, v,    n, part, i, depth, out) {
  if (v ~ /^[+@]/) return no("bad-value")
  if (v ~ /^[^\/]*:/) return no("egress")
  if (v == "") return no("bad-value")
  n = split(v, part, "/")
  for (i = 1; i <= n; i++) {
    if (part[i] == "" || part[i] == ".") continue
    if (part[i] == "..") { if (depth) depth--; continue }
    part[++depth] = part[i]
  }
  for (i = 1; i <= depth; i++) out = out "/" part[i]
  normal = out == "" ? "/" : out
  if (length(normal) > 1024) return no("bad-value")
  return type == "path" ? 1 : readable(type, normal)
}

function below(p, top) { return p == top || top == "/" || starts(p, top "/") }

function readable(type, p,    i, inside) {
  if (denied(p)) return no(why_denied)
  for (i = 1; i <= roots; i++) if (below(p, root[i])) inside = 1
  if (!inside) return no("outside-roots")
  if (type == "file") return 1
  inside = p == "/" ? p : p "/"
  if (denied(inside)) return no(why_denied)
  for (i = 1; i <= wides; i++) if (glob_takes(wide[i], p)) return no("outside-roots")
  for (i = 1; i <= denials; i++) if (starts(glob_part[denial[i], 1], inside)) return no("outside-roots")
  return 1
}

# What is denied by its place stays denied; only what is denied by its name has exceptions.
function denied(p,    i, excepted) {
  for (i = 1; i <= exceptions; i++) if (glob_takes(exception[i], p)) { excepted = 1; break }
  for (i = 1; i <= denials; i++) {
    if (excepted && glob_part[denial[i], 1] == "" && glob_count[denial[i]] > 1) continue
    if (glob_takes(denial[i], p)) { why_denied = denial_code[i]; return 1 }
  }
  return 0
}

# A glob over a whole path: `*` is any run of bytes, everything else stands for itself. Taken apart once at its stars.
function glob_parts(glob,    n, part, i) {
  n = split(glob, part, "*")
  # Nothing before the first star, or behind the last, is a part too.
  glob_count[glob] = n
  for (i = 1; i <= n; i++) glob_part[glob, i] = part[i]
}

function glob_takes(glob, p,    n, i, at, end, last) {
  n = glob_count[glob]
  if (n == 1) return p == glob
  if (!starts(p, glob_part[glob, 1])) return 0
  last = glob_part[glob, n]
  end = length(p) - length(last)
  at = length(glob_part[glob, 1])
  if (end < at || substr(p, end + 1) != last) return 0
  # The leftmost place of each part is the best: what follows has the most room.
  for (i = 2; i < n; i++) {
    last = glob_part[glob, i]
    if (last == "") continue
    last = index(substr(p, at + 1), last)
    if (!last) return 0
    at += last - 1 + length(glob_part[glob, i])
    if (at > end) return 0
  }
  return 1
}

# --- Names and addresses -------------------------------------------------------------------------------------------

# bits ADDRESS: 128 characters 0 and 1, IPv4 mapped (RFC 4291, 2.5.5.2); empty when it is not in the one strict way.
function bits(v,    at, left, right) {
  if (v !~ /:/) { left = quad(v); return left == "" ? "" : mapped left }
  if (v !~ /^[0-9A-Fa-f:.]+$/ || length(v) > 45) return ""
  at = index(v, "::")
  if (!at) { left = hextets(v); return length(left) == 128 ? left : "" }
  left = substr(v, 1, at - 1); right = substr(v, at + 2)
  if (index(right, "::") || substr(right, 1, 1) == ":") return ""
  left = left == "" ? "" : hextets(left)
  right = right == "" ? "" : hextets(right)
  if (left == "x" || right == "x" || length(left right) > 112) return ""
  return left substr(zeros, 1, 128 - length(left right)) right
}

function quad(v,    part, i, out) {
  if (length(v) > 15 || split(v, part, ".") != 4) return ""
  for (i = 1; i <= 4; i++) {
    if (part[i] !~ /^(0|[1-9][0-9]*)$/ || length(part[i]) > 3 || part[i] + 0 > 255) return ""
    out = out binary(part[i] + 0, 8)
  }
  return out
}

function hextets(v,    n, part, i, out) {
  n = split(v, part, ":")
  for (i = 1; i <= n; i++) {
    if (i == n && part[i] ~ /[.]/) { part[i] = quad(part[i]); if (part[i] == "") return "x"; out = out part[i] }
    else if (part[i] !~ /^[0-9A-Fa-f]+$/ || length(part[i]) > 4) return "x"
    else out = out binary(hex(part[i]), 16)
  }
  return length(out) > 128 ? "x" : out
}

function binary(value, width,    out) {
  while (width-- > 0) { out = (value % 2) out; value = int(value / 2) }
  return out
}

# block TEXT: the leading bits of a network or an address; empty when it is none.
function block(text,    part, n, b, least) {
  n = split(text, part, "/")
  if (n < 1 || n > 2) return ""
  b = bits(part[1])
  if (b == "" || n == 1) return b
  least = part[1] ~ /:/ ? 0 : 96
  if (part[2] !~ /^(0|[1-9][0-9]*)$/ || length(part[2]) > 3 || part[2] + least > 128) return ""
  # Every address: the empty prefix is spelled so that it is not "none".
  return part[2] + least ? substr(b, 1, part[2] + least) : "*"
}

function in_block(b, which) { return which == "*" || starts(b, which) }

function host(v,    b, i) {
  b = bits(v)
  if (b == "") return v != "" && (tolower(v) in known_host) ? 1 : no("egress")
  for (i = 1; i <= nevers; i++) if (in_block(b, never[i])) return no("egress")
  for (i = 1; i <= networks; i++) if (in_block(b, network[i])) return 1
  return no("egress")
}

function url(v,    rest, at, authority, port) {
  if (!index(v, "://")) { v = "http://" v; normal = v }
  if (v !~ "^https?://") return no("egress")
  rest = substr(v, index(v, "//") + 2)
  at = match(rest, "[/?]")
  authority = at ? substr(rest, 1, at - 1) : rest
  if (at && substr(rest, at) !~ "^[A-Za-z0-9._~:/?@!$&'()*+,;=%-]*$") return no("egress")
  if (match(authority, ":[0-9]+$") && (authority !~ /^\[/ || authority ~ /\]:[0-9]+$/)) {
    port = substr(authority, RSTART + 1)
    if (length(port) > 5 || port + 0 < 1 || port + 0 > 65535) return no("egress")
    authority = substr(authority, 1, RSTART - 1)
  }
  if (authority ~ /^\[.*\]$/) {
    authority = substr(authority, 2, length(authority) - 2)
    if (authority !~ /:/ || authority !~ /^[0-9A-Fa-f:.]+$/) return no("egress")
  } else if (authority !~ /^[A-Za-z0-9_.-]+$/) return no("egress")
  return host(authority)
}

function domain(v,    n, part, i) {
  if (bits(v) != "") return 1
  if (v == "" || length(v) > 253) return no("bad-value")
  n = split(v, part, ".")
  if (n > 1 && part[n] == "") n--
  if (n > 8) return no("bad-value")
  for (i = 1; i <= n; i++)
    if (part[i] !~ /^[A-Za-z0-9_][A-Za-z0-9_-]*$/ || length(part[i]) > 40) return no("bad-value")
  for (i = 1; i <= n; i++)
    if (length(part[i]) >= 24 && part[i] !~ /-/ && part[i] ~ /[0-9]/ && part[i] ~ /[A-Za-z]/) return no("egress")
  return 1
}
