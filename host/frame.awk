# Reads the head of a frame. Prints `verb <verb>`, `head <bytes>`, then `item <file> <length> <offset>` for each
# item, repeated names numbered from 1; exits 1 when the head or the order of the items is not of the contract.
BEGIN {
  items["status"] = "^$"
  items["run"] = "^,order(,signature)+,part(,stdin)?(,standing(,standing-signature)+)?$"
  items["job"] = "^,nonce$"
  items["cancel"] = "^,nonces$"
  items["stop"] = "^,stop$"
  items["lift"] = "^,order(,signature)+$"
  items["config"] = "^,order(,signature)+,signers,revocations,host-policy$"
}
{ bytes += length($0) + 1 }
NR == 1 { if ($0 != "holdfast-frame 1") exit; next }
NR == 2 { verb = substr($0, 6); if ($0 !~ /^verb [a-z]+$/ || !(verb in items)) exit; next }
$0 == "end" { ended = 1; exit }
{
  if (split($0, f, / /) != 3 || f[1] != "item" || f[2] !~ /^[a-z-]+$/ || f[3] !~ /^(0|[1-9][0-9]*)$/ || length(f[3]) > 8) exit
  names = names "," f[2]
  n = ++seen[f[2]]
  if (n > 8) exit
  # Numbered where there may be several; what is to come into force is kept apart from what is.
  file = f[2] ~ /signature$/ ? f[2] "." n : (verb == "config" && f[2] != "order" ? "new." f[2] : f[2])
  list = list "item " file " " f[3] " " (total + 0) "\n"
  total += f[3]
}
END {
  if (!ended || names !~ items[verb]) exit 1
  printf "verb %s\nhead %d\nbytes %d\n%s", verb, bytes, bytes + total, list
}
