# shellcheck shell=sh disable=SC2015 # `a && b || refuse`: refusing does not come back
# What holdfast-host checks: documents, signatures, clocks, the log it was shown, standing approvals, what a part
# relies on. Each function refuses with the contract's code and does not come back, or returns having found
# nothing to object to. `$dir` is the host directory, `$work` this request's private files.

ZEROS=0000000000000000000000000000000000000000000000000000000000000000
NEWLINE='
'

digest() { sha256sum <"$1" | cut -c 1-64; }

# plain FILE: bytes 0x20-0x7e and LF only, LF at the end, not too long.
plain() {
  [ -f "$1" ] && [ "$(wc -c <"$1")" -le 65536 ] && [ "$(tail -c 1 "$1"; echo .)" = "$NEWLINE." ] &&
    [ "$(tr -d '\n\040-\176' <"$1" | wc -c)" -eq 0 ]
}

# document KIND FILE: FILE.parsed holds its lines, texts spelled for printf %b; 1 when it is not in the one form.
document() {
  plain "$2" && awk -v kind="$1" -f "$lib/document.awk" "$2" >"$2.parsed"
}

# value KEY FILE: the rest of the first line of a parsed document with that key.
value() {
  while read -r key rest; do
    [ "$key" = "$1" ] && { printf '%s\n' "$rest"; return; }
  done <"$2.parsed"
}

# The order in force now: its fields as variables.
read_order() { # KIND
  document "$1" "$work/order" || refuse bad-order "$1 is not in the one form"
  order=$(digest "$work/order")
  tier='' quorum=0 not_before=0 run_by='' standing='' cp_size='' cp_root='' stop='' version='' previous=''
  while read -r key one two; do
    case $key in
      organisation) organisation=$one ;;
      tier) tier=$one ;;
      quorum) quorum=$one ;;
      issued) issued=$one ;;
      not-before) not_before=$one ;;
      run-by) run_by=$one ;;
      standing) standing=$one ;;
      checkpoint) cp_size=$one cp_root=$two ;;
      stop) stop=$one ;;
      version) version=$one ;;
      previous) previous=$one ;;
    esac
  done <"$work/order.parsed"
  [ "$organisation" = "$my_organisation" ] || refuse wrong-organisation
}

# --- Host files ------------------------------------------------------------------------------------------------

# krl_version FILE: the version in the header of an OpenSSH KRL (PROTOCOL.krl); 1 when it is none, or less than 1.
krl_version() {
  [ -f "$1" ] || return 1
  head -c 20 "$1" | od -An -v -tx1 | tr -d ' \n' | awk '{
    if (length($0) != 40 || substr($0, 1, 24) != "5353484b524c0a0000000001" || substr($0, 25, 2) != "00") exit 1
    for (i = 27; i <= 40; i++) n = n * 16 + index("0123456789abcdef", substr($0, i, 1)) - 1
    if (n < 1 || n > 999999999999999) exit 1
    printf "%.0f\n", n
  }' || return 1
}

# host_files DIRECTORY: reads signers, revocations and host-policy there strictly. Sets what the checks go by.
host_files() {
  files=$1
  cp "$files/signers" "$work/signers" 2>/dev/null && plain "$work/signers" &&
    awk -f "$lib/signers.awk" "$work/signers" >"$work/signers.parsed" || refuse signers-broken
  # ssh-keygen lists only keys that it can read, and skips the others; so they are counted.
  cut -d ' ' -f 3- "$work/signers" | sed 1,3d >"$work/signers.keys"
  [ "$(ssh-keygen -l -f "$work/signers.keys" 2>/dev/null | wc -l)" -eq "$(wc -l <"$work/signers.keys")" ] || refuse signers-broken 'a key'
  cp "$files/revocations" "$work/revocations" 2>/dev/null || refuse revocations-broken 'no revocations'
  revocations_version=$(krl_version "$work/revocations") || refuse revocations-broken 'not a revocation list of version 1 or later'
  ssh-keygen -Q -l -f "$work/revocations" >/dev/null 2>&1 || refuse revocations-broken 'cannot be read whole'
  cp "$files/host-policy" "$work/host-policy" 2>/dev/null && document host-policy "$work/host-policy" || refuse policy-broken
  signers_version=$(value version "$work/signers") policy_version=$(value version "$work/host-policy")
  skew=$(value skew "$work/host-policy")
}

# The files in force must not be older than the config in force says.
host_files_in_force() {
  host_files "$dir"
  [ -f "$dir/config" ] || refuse signers-broken 'no config is in force'
  cp "$dir/config" "$work/in-force" && document config "$work/in-force" || refuse signers-broken 'config'
  while read -r key one _; do
    case $key in
      version) config_version=$one ;;
      signers) [ "$signers_version" -ge "$one" ] || refuse signers-broken 'older than the config in force' ;;
      revocations) [ "$revocations_version" -ge "$one" ] || refuse revocations-broken 'older than the config in force' ;;
      host-policy) [ "$policy_version" -ge "$one" ] || refuse policy-broken 'older than the config in force' ;;
    esac
  done <"$work/in-force.parsed"
}

# --- Signatures ------------------------------------------------------------------------------------------------

# dearmour FILE: FILE.bin from exactly one block in the form of PROTOCOL.sshsig, and FILE.armour with those same bytes.
dearmour() {
  [ "$(wc -c <"$1")" -le 16384 ] || refuse bad-signature 'too long'
  [ "$(grep -c -e '-----BEGIN SSH SIGNATURE-----' "$1")" -le 1 ] || refuse two-signatures
  plain "$1" || refuse bad-signature 'armour'
  verdict=$(awk '
    NR == 1 { bad = $0 != "-----BEGIN SSH SIGNATURE-----"; next }
    ended { trailing = 1 }
    $0 == "-----END SSH SIGNATURE-----" { ended = 1 }
    END { if (bad || !ended) print "bad-signature"; else if (trailing) print "trailing-bytes"; else print "fine" }
  ' "$1")
  [ "$verdict" = fine ] || refuse "${verdict:-bad-signature}" 'armour'
  sed '1d;$d' "$1" | base64 -d >"$1.bin" 2>/dev/null || refuse bad-signature 'base64'
  { echo '-----BEGIN SSH SIGNATURE-----'; base64 -w 70 <"$1.bin"; echo '-----END SSH SIGNATURE-----'; } >"$1.armour"
  cmp -s "$1" "$1.armour" || refuse bad-signature 'armour'
}

# key_text FILE OFFSET LENGTH: those bytes of a signature in base64.
key_text() { tail -c "+$(($2 + 1))" "$1.bin" | head -c "$3" | base64 | tr -d '\n'; }

# inspect FILE NAMESPACE: everything that ssh-keygen does not look at. Sets key_type, key_form, key, ca, principal, mark, lacks, origin.
inspect() {
  dearmour "$1"
  od -An -v -tx1 "$1.bin" | awk -v in_namespace="$2" -f "$lib/sshsig.awk" >"$1.says" || refuse bad-signature
  key_type='' key_form='' key='' ca='' principal='' mark='' lacks='' origin='' whole=no
  while read -r word one two three four; do
    case $word in
      refuse) refuse "$one" ;;
      key) key_type=$one key_form=$two key=$(key_text "$1" "$three" "$four") ;;
      ca) ca=$(key_text "$1" "$one" "$two") ;;
      principal) principal=$one ;;
      mark) mark=$one ;;
      lacks) lacks=$lacks,$one ;;
      origin) origin=$one ;;
      end) whole=yes ;;
    esac
  done <"$1.says"
  [ "$whole" = yes ] || refuse bad-signature
}

# The operator a signature is of: the line with exactly this key or, for a certificate, with its authority and its one principal.
find_operator() {
  operator=''
  while read -r word form who type text; do
    [ "$word" = line ] || continue
    case $key_form:$form in
      plain:plain) [ "$text" = "$key" ] && [ "$type" = "$key_type" ] && operator=$who ;;
      cert:ca) [ "$text" = "$ca" ] && case ",$who," in *",$principal,"*) operator=$principal ;; esac ;;
    esac
  done <"$work/signers.parsed"
  [ -n "$operator" ] || refuse unknown-signer
}

# origin_listed ORIGIN: on the host's own list.
origin_listed() {
  while read -r key text; do
    [ "$key" = origin ] && [ "$(printf '%b' "$text")" = "$1" ] && return
  done <"$work/host-policy.parsed"
  return 1
}

# is_this_machine ORIGIN: its host is localhost or a name below it, whatever its scheme and port.
is_this_machine() {
  host=${1#*://}
  host=${host%%:*}
  case $host in [Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt] | *.[Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt]) ;; *) false ;; esac
}

# verified SIGNATURE NAMESPACE OPERATOR SIGNERS DOCUMENT: what stock OpenSSH says, at the time it is now.
verified() {
  ssh-keygen -Y verify -f "$4" -I "$3" -n "$2" -r "$work/revocations" -s "$1.armour" <"$5" >/dev/null 2>&1 && return
  # Why not, for the refusal's code. A certificate's own key text needs its certificate type in front.
  type=$key_type
  [ "$key_form" = cert ] && type=${key_type%@openssh.com}-cert-v01@openssh.com
  printf '%s %s\n' "$type" "$key" >"$1.key"
  ssh-keygen -Q -f "$work/revocations" "$1.key" >/dev/null 2>&1 || refuse signer-revoked
  ssh-keygen -Y check-novalidate -n "$2" -s "$1.armour" <"$5" >/dev/null 2>&1 && refuse unknown-signer
  refuse bad-signature
}

# quorum_of DOCUMENT SIGNATURES NAMESPACE RULE QUORUM: every signature must be good; then distinct operators are counted.
quorum_of() {
  least='' need=$5
  while read -r key name number assurance; do
    [ "$key" = rule ] && [ "$name" = "$4" ] && { least=$assurance; [ "$number" -le "$need" ] || need=$number; }
  done <"$work/host-policy.parsed"
  [ "$need" -ge 1 ] || need=1
  : >"$work/operators"
  recovery=no low=no i=1
  while [ -f "$work/$2.$i" ]; do
    file=$work/$2.$i
    inspect "$file" "$3"
    find_operator
    verified "$file" "$3" "$operator" "$work/signers" "$1"
    case $lacks in *,presence*) refuse no-presence ;; *,verification*) refuse no-verification ;; esac
    assurance='touch'
    case $mark in
      software) assurance=same-user ;;
      passkey)
        origin_listed "$origin" || refuse foreign-origin
        [ -z "$lacks" ] || refuse cross-origin
        is_this_machine "$origin" || assurance=separate ;;
    esac
    if [ "$operator" = recovery ]; then recovery=yes; else echo "$operator" >>"$work/operators"; fi
    case $least:$assurance in
      same-user:* | touch:touch | touch:separate | separate:separate) ;;
      *) [ "$operator" = recovery ] || low=yes ;;
    esac
    i=$((i + 1))
  done
  # Only config and lift are among the recovery key's namespaces; there it stands for any quorum.
  [ "$recovery" = yes ] && return
  [ "$low" = no ] || refuse assurance-too-low
  [ "$(sort -u "$work/operators" | wc -l)" -ge "$need" ] || refuse quorum-not-met
}

# The one signature of a run is the control plane's.
control_plane_signed() {
  [ ! -e "$work/signature.2" ] || refuse bad-frame 'a run has one signature'
  read -r type text _ <"$dir/control-plane" 2>/dev/null || refuse unknown-signer 'no control-plane key'
  inspect "$work/signature.1" holdfast-run@1
  [ "$key_form" = plain ] && [ "$type" = "$key_type" ] && [ "$text" = "$key" ] || refuse unknown-signer
  printf 'control-plane namespaces="holdfast-run@1" %s %s\n' "$type" "$text" >"$work/control-plane"
  verified "$work/signature.1" holdfast-run@1 control-plane "$work/control-plane" "$work/order"
}

# --- Clocks and the log ------------------------------------------------------------------------------------------

clocks() {
  now=$(date +%s) floor=0
  [ ! -f "$dir/floor" ] || read -r floor <"$dir/floor"
  case $floor in '' | *[!0-9]*) refuse clock-below-floor 'the floor cannot be read' ;; esac
  [ $((now + skew)) -ge "$floor" ] || refuse clock-below-floor
  [ "$issued" -le $((now + skew)) ] || refuse clock-skew
  [ "$now" -ge "$not_before" ] || refuse not-yet
  [ -z "$run_by" ] || [ "$now" -le "$run_by" ] || refuse expired
}

# A log that was cut or written anew contradicts what this host was shown: what was issued later must not be smaller.
# Orders that were issued earlier may still wait for their turn.
checkpoint() {
  [ "$cp_size" != 0 ] || [ "$cp_root" = "$ZEROS" ] || refuse checkpoint-fork 'a log of no events with a root'
  [ -f "$dir/witness" ] || return 0
  while read -r size root shown; do
    case $shown in '' | *[!0-9]*) refuse checkpoint-fork 'what was shown cannot be read' ;; esac
    [ "$cp_size" -ge "$size" ] || [ "$issued" -le "$shown" ] || refuse checkpoint-fork 'a smaller log'
    [ "$cp_size" != "$size" ] || [ "$cp_root" = "$root" ] || refuse checkpoint-fork 'another root'
  done <"$dir/witness"
}

# Remembers what was accepted, before anything comes of it.
accept() {
  if [ "$issued" -gt "$floor" ]; then echo "$issued" | durably "$dir/floor" || refuse cannot-record; fi
  [ -n "$cp_size" ] && [ "$cp_size" != 0 ] || return 0
  if ! grep -q "^$cp_size $cp_root " "$dir/witness" 2>/dev/null; then
    { cat "$dir/witness" 2>/dev/null; echo "$cp_size $cp_root $issued"; } | sort -n | tail -n 64 | durably "$dir/witness" || refuse cannot-record
  fi
}

# --- Parts -------------------------------------------------------------------------------------------------------

read_part() {
  document part "$work/part" || refuse bad-part
  part=$(digest "$work/part")
  has_files=no
  while read -r key one two; do
    case $key in
      target) target=$one ;;
      epoch) epoch=$one ;;
      action) action=$one ;;
      run-as) run_as=$one ;;
      stdin) stdin=$one ;;
      file) has_files=yes ;;
      step) step=$one ;;
      direction) direction=$one ;;
      timeout) timeout=$one ;;
      atomic) atomic=$one ;;
      nonce) nonce=$one ;;
    esac
    case $key:$one:$two in
      file:*:/* | condition:file-absent:/* | condition:file-sha256:*' /'*) ;;
      file:* | condition:*) refuse bad-part 'a path that is not absolute' ;;
    esac
  done <"$work/part.parsed"
  grep -qx "part $part" "$work/order.parsed" || refuse not-a-part
  [ "$target" = "$my_target" ] || refuse wrong-target
  [ "$epoch" = "$my_epoch" ] || refuse wrong-epoch
}

# Under a standing approval: its own term, window, list, and what this host counted.
standing_allows() {
  s=$work/standing.parsed
  expires='' window='' cooldown='' runs='' per=''
  while read -r key one two; do
    case $key in
      issued) [ "$one" -le $((now + skew)) ] || refuse clock-skew ;;
      action) [ "$one" = "$action" ] || refuse core-not-listed 'another action' ;;
      expires) expires=$one ;;
      window) window=$one ;;
      budget) runs=$one per=$two ;;
      cooldown) cooldown=$one ;;
    esac
  done <"$s"
  [ "$now" -le "$expires" ] || refuse standing-expired
  if [ "$window" != always ]; then
    from=${window%-*} to=${window#*-} clock=$(date -u +%H:%M)
    awk -v a="$from" -v b="$to" -v c="$clock" 'BEGIN { exit !((a < b) ? (c >= a && c < b) : (c >= a || c < b)) }' ||
      refuse outside-window
  fi
  core=$(sed '/^atomic /q' "$work/part" | sha256sum | cut -c 1-64)
  grep -qx "core $core" "$s" || refuse core-not-listed
  counted=$dir/standing/$standing/runs
  [ -f "$counted" ] || return 0
  awk -v now="$now" -v core="$core" -v cooldown="$cooldown" '$2 == core && now - $1 < cooldown { exit 1 }' "$counted" || refuse cooldown
  awk -v now="$now" -v runs="$runs" -v per="$per" 'now - $1 < per { n++ } END { exit n + 0 >= runs }' "$counted" || refuse over-budget
}

# Counted before the nonce is spent: a crash in between costs budget, never gives any.
count_standing() {
  mkdir -p "$dir/standing/$standing" || refuse cannot-record
  keep=$per
  [ "$cooldown" -le "$keep" ] || keep=$cooldown
  { [ ! -f "$counted" ] || awk -v now="$now" -v keep="$keep" 'now - $1 < keep' "$counted"; echo "$now $core"; } | durably "$counted" || refuse cannot-record
}

# What the part relies on, copied to $made, so that what was checked is what is used.
relies_on() {
  if [ "$stdin" = - ]; then
    [ ! -e "$work/stdin" ] || refuse stdin-changed 'no input was signed'
  else
    [ -e "$work/stdin" ] && [ "$(digest "$work/stdin")" = "$stdin" ] || refuse stdin-changed
    cp "$work/stdin" "$made/stdin"
  fi
  n=0
  while read -r key one two three; do
    case $key:$one in
      file:*)
        n=$((n + 1)) path=$(printf '%b.' "$two") path=${path%.}
        [ -f "$path" ] && head -c 67108864 -- "$path" >"$made/file-$n" 2>/dev/null &&
          [ "$(digest "$made/file-$n")" = "$one" ] || refuse file-changed
        chmod 0500 "$made/file-$n" ;;
      condition:file-sha256)
        path=$(printf '%b.' "$three") path=${path%.}
        [ -f "$path" ] && [ "$(sha256sum <"$path" 2>/dev/null | cut -c 1-64)" = "$two" ] || refuse condition-failed ;;
      condition:file-absent)
        path=$(printf '%b.' "$two") path=${path%.}
        [ ! -e "$path" ] && [ ! -L "$path" ] || refuse condition-failed ;;
    esac
  done <"$work/part.parsed"
}

# A way back is signed together with the way there, and runs only after it.
forward_ran() {
  for receipt in $(find "$dir/receipts" -type f ! -name '*.sig' -exec grep -lx "order $order" {} + 2>/dev/null | sed 's|.*/||'); do
    case $receipt in *[!0-9]*) continue ;; esac
    grep -qx 'result exited' "$dir/receipts/$receipt" || continue
    ran=$dir/jobs/$(sed -n 's/^nonce //p' "$dir/receipts/$receipt")/part
    grep -qx "step $step" "$ran" && grep -qx 'direction forward' "$ran" && return
  done
  refuse forward-not-run
}
