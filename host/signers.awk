# Reads a signers file strictly. Prints `version <n>`, `previous <hash>` and `line <plain|ca> <principals> <type> <base64>`
# for each line; exits 1 on anything that ssh-keygen would skip, widen or read in another way.
BEGIN {
  operator = "namespaces=\"holdfast-change@1,holdfast-standing@1,holdfast-config@1,holdfast-lift@1,holdfast-enrolment@1\""
  # As lines were written before enrolments were signed.
  older = "namespaces=\"holdfast-change@1,holdfast-standing@1,holdfast-config@1,holdfast-lift@1\""
  recovery = "namespaces=\"holdfast-config@1,holdfast-lift@1\""
  types = " ssh-ed25519 ecdsa-sha2-nistp256 sk-ssh-ed25519@openssh.com sk-ecdsa-sha2-nistp256@openssh.com "
}
bad { next }
NR == 1 { bad = $0 != "# holdfast-signers 1"; next }
NR == 2 { bad = $0 !~ /^# version [1-9][0-9]*$/ || length($0) > 25; out = "version " substr($0, 11) "\n"; next }
NR == 3 { bad = $0 !~ /^# previous [0-9a-f]*$/ || length($0) != 75; out = out "previous " substr($0, 12) "\n"; next }
{
  if (split($0, f, / /) != 4) { bad = 1; next }
  ca = sub(/^cert-authority,/, "", f[2])
  n = split(f[1], who, ",")
  if (n == 0 || (!ca && n != 1)) bad = 1
  for (i = 1; i <= n; i++) {
    if (who[i] !~ "^[A-Za-z0-9._:@/][A-Za-z0-9._:@/-]*$" || length(who[i]) > 128) bad = 1
    if (who[i] == "recovery" && n != 1) bad = 1
  }
  if (f[1] == "recovery" ? f[2] != recovery : f[2] != operator && f[2] != older) bad = 1
  if (index(types, " " f[3] " ") == 0 || f[4] !~ "^[A-Za-z0-9+/]+=?=?$" || length(f[4]) % 4 != 0) bad = 1
  if (f[4] in seen) bad = 1
  seen[f[4]] = 1
  lines++
  out = out "line " (ca ? "ca" : "plain") " " f[1] " " f[3] " " f[4] "\n"
}
END {
  if (bad || lines == 0) exit 1
  printf "%s", out
}
