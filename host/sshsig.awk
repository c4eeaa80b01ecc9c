# Walks one SSHSIG (PROTOCOL.sshsig), given as hex from od, and says what it is: nothing may be left over anywhere.
# Signatures of security keys and passkeys: PROTOCOL.u2f. Certificates: PROTOCOL.certkeys.
# Prints `refuse <code>`, or `key <type> <cert|plain> <offset> <length>`, `ca <offset> <length>`, `principal <id>`,
# `mark <software|sk|passkey>`, `lacks <presence|verification|top-level>` ×n, `origin <origin>`, `end`. Offsets count bytes. Give -v in_namespace=<namespace>.
{ hex = hex $0 }
END {
  gsub(/ /, "", hex)
  digits = "0123456789abcdef"
  at = 1; last = length(hex)
  if (bytes(6) != "535348534947" || number32() != 1) refuse("bad-signature")
  string(); key_at = from; key_len = size
  key()
  at = after_key
  if (ascii(string()) != in_namespace) refuse("bad-signature")
  if (string() != "") refuse("bad-signature")
  hash = ascii(string())
  if (hash != "sha512" && hash != "sha256") refuse("bad-signature")
  string(); sig_at = from; sig_len = size
  if (at != last + 1) refuse("trailing-bytes")
  enter(sig_at, sig_len)
  signature()
  if (failed) exit
  printf "key %s %s %d %d\n", type, (cert ? "cert" : "plain"), (key_at - 1) / 2, key_len
  if (cert) printf "ca %d %d\nprincipal %s\n", (ca_at - 1) / 2, ca_len, principal
  printf "mark %s\n%s", mark, lacks
  if (mark == "passkey") print "origin " origin
  print "end"
}

function key(    blob_end, inner, options) {
  after_key = at
  enter(key_at, key_len)
  type = ascii(string())
  cert = sub(/-cert-v01@openssh\.com$/, "", type)
  if (cert && type ~ /^sk-/) type = type "@openssh.com"
  if (cert && string() == "") refuse("bad-signature")
  if (type == "ssh-ed25519") fixed(32)
  else if (type == "sk-ssh-ed25519@openssh.com") { fixed(32); string() }
  else if (type == "ecdsa-sha2-nistp256") curve()
  else if (type == "sk-ecdsa-sha2-nistp256@openssh.com") { curve(); string() }
  else refuse("bad-signature")
  if (cert) {
    bytes(8)
    if (number32() != 1) refuse("unknown-signer")
    string()
    blob_end = last
    string(); inner = at
    if (size == 0) refuse("unknown-signer")
    enter(from, size); principal = ascii(string()); if (at != last + 1) refuse("unknown-signer")
    if (principal !~ "^[A-Za-z0-9._:@/][A-Za-z0-9._:@/-]*$") refuse("unknown-signer")
    at = inner; last = blob_end
    bytes(16)
    options = string()
    # No critical option but verify-required, and that is asked of every security key here.
    if (options != "" && options != "0000000f7665726966792d726571756972656400000000") refuse("unknown-signer")
    string(); string()
    string(); ca_at = from; ca_len = size
    string()
  }
  if (at != last + 1) refuse("trailing-bytes")
  last = length(hex)
}

function signature(    name, flags, data, expected) {
  name = ascii(string())
  mark = name ~ /^webauthn-/ ? "passkey" : (name ~ /^sk-/ ? "sk" : "software")
  expected = mark == "passkey" ? "webauthn-" type : type
  if (name != expected || (mark == "passkey" && type !~ /^sk-ecdsa/)) refuse("bad-signature")
  if (type ~ /ed25519/) fixed(64)
  else {
    string(); data = at; expected = last
    enter(from, size); string(); string(); if (at != last + 1) refuse("trailing-bytes")
    at = data; last = expected
  }
  if (mark == "software") { if (at != last + 1) refuse("trailing-bytes"); return }
  flags = byte(bytes(1)); bytes(4)
  if (mark == "passkey") {
    origin = ascii(string()); data = ascii(string())
    if (string() != "") refuse("bad-signature")
  }
  if (at != last + 1) refuse("trailing-bytes")
  if (flags % 2 == 0) lacks = lacks "lacks presence\n"
  if (int(flags / 4) % 2 == 0) lacks = lacks "lacks verification\n"
  if (mark == "passkey") client_data(data)
}

# WebAuthn Level 2, 5.8.1.1: browsers serialise these members first and in this order. The challenge is ssh-keygen's to compare.
function client_data(data,    head, rest) {
  head = "{\"type\":\"webauthn.get\",\"challenge\":\""
  if (origin == "" || origin ~ /[" ]/ || index(origin, "\\") || index(data, head) != 1) refuse("bad-signature")
  rest = substr(data, length(head) + 1)
  if (!match(rest, /^[A-Za-z0-9_-]+",/)) refuse("bad-signature")
  rest = substr(rest, RLENGTH + 1)
  head = "\"origin\":\"" origin "\""
  if (index(rest, head) != 1) refuse("bad-signature")
  rest = substr(rest, length(head) + 1)
  if (index(rest, ",\"crossOrigin\":false") == 1) rest = substr(rest, 21)
  if (rest !~ /^[,}]/) refuse("bad-signature")
  # A second spelling of the member, also one with escapes, could mean anything.
  if (rest ~ /crossOrigin|topOrigin/ || index(rest, "\\")) lacks = lacks "lacks top-level\n"
}

function curve() {
  if (ascii(string()) != "nistp256") refuse("bad-signature")
  fixed(65)
}
function fixed(n) { string(); if (size != n) refuse("bad-signature") }
function enter(where, n) { at = where; last = where + 2 * n - 1 }
function bytes(n,    b) {
  if (failed) return ""
  if (at + 2 * n - 1 > last) { refuse("bad-signature"); return "" }
  b = substr(hex, at, 2 * n)
  at += 2 * n
  return b
}
function byte(h) { return (index(digits, substr(h, 1, 1)) - 1) * 16 + index(digits, substr(h, 2, 1)) - 1 }
function number32(    b) {
  b = bytes(4)
  if (b == "") return 0
  return ((byte(b) * 256 + byte(substr(b, 3))) * 256 + byte(substr(b, 5))) * 256 + byte(substr(b, 7))
}
# The bytes of a length-prefixed string as hex; `from` and `size` say where it stands.
function string(    n) { n = number32(); size = n; from = at; return bytes(n) }
function ascii(h,    i, n, s) {
  s = ""
  for (i = 1; i < length(h); i += 2) {
    n = byte(substr(h, i, 2))
    if (n < 32 || n > 126) { refuse("bad-signature"); return "" }
    s = s sprintf("%c", n)
  }
  return s
}
# The first reason is the one that counts.
function refuse(code) { if (!failed) { failed = 1; print "refuse " code } }
