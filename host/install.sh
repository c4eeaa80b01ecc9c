# Run as root on a host through `sh -s`, with install-lib.sh before it and one call of `enrol` with the payload behind it:
#   probe    looks, changes nothing (also without root)      install  makes this machine a host, or leaves nothing behind
#   remove   takes all of it away, and looks again            keys     puts other transport keys in place
#   upgrade  another version of the programs, with a way back
# shellcheck shell=sh
# shellcheck disable=SC2015 # `a && b || refuse`: refusing does not come back
set -u

# --- Probe ---------------------------------------------------------------------------------------------------------

version_of() { "$@" 2>&1 </dev/null | tr ',' '\n' | sed -n 's/.*\(OpenSSH_[A-Za-z0-9._-]*\).*/\1/p' | head -n 1; }

# A signature of a passkey over `holdfast\n`, made once for this: whether this ssh-keygen can check one.
PASSKEY='sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBFrWhd4X6LWGrhaNvI6nhpj0CWDDgihjpkS2Pvc+K8ibcd7tMxPikx5vv9xPdlU65HTD/VhXxKeP8Ry3K/KNjn4AAAAPY29uc29sZS5leGFtcGxl'
PASSKEY_SIGNATURE='-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAAIoAAAAic2stZWNkc2Etc2hhMi1uaXN0cDI1NkBvcGVuc3NoLmNvbQ
AAAAhuaXN0cDI1NgAAAEEEWtaF3hfotYauFo28jqeGmPQJYMOCKGOmRLY+9z4ryJtx3u0z
E+KTHm+/3E92VTrkdMP9WFfEp4/xHLcr8o2OfgAAAA9jb25zb2xlLmV4YW1wbGUAAAARaG
9sZGZhc3QtY2hhbmdlQDEAAAAAAAAABnNoYTUxMgAAAZ0AAAArd2ViYXV0aG4tc2stZWNk
c2Etc2hhMi1uaXN0cDI1NkBvcGVuc3NoLmNvbQAAAEkAAAAhAIxfmNnThNDd93N9GIR9PC
rcub44wulroT95Mt1KF+sYAAAAICH0GUnIm/Sjpvrs6BQ+jxWvkAS3v5zHwV6bdVGo0F33
BQAAAAUAAAAcaHR0cHM6Ly9jb25zb2xlLmV4YW1wbGU6ODQ0MwAAAPR7InR5cGUiOiJ3ZW
JhdXRobi5nZXQiLCJjaGFsbGVuZ2UiOiJVMU5JVTBsSEFBQUFFV2h2YkdSbVlYTjBMV05v
WVc1blpVQXhBQUFBQUFBQUFBWnphR0UxTVRJQUFBQkFsZ0VxVFBqN0FTdWZzOHdUOERaZE
16SnpqX1dvMlpNdjBiMnZfSFlhaEw3OWtPcVVtZ29vY0tfVUNNX0pFVXdpcVFKZ0JkYWwt
cDlnMVNrZmVDRnRzQSIsIm9yaWdpbiI6Imh0dHBzOi8vY29uc29sZS5leGFtcGxlOjg0ND
MiLCJjcm9zc09yaWdpbiI6ZmFsc2V9AAAAAA==
-----END SSH SIGNATURE-----'

# sshsig: none, keys, or passkeys; tried, not guessed from a version.
sshsig() {
  (
    cd "$work" && rm -f probe* passkey* || exit
    ssh-keygen -q -t ed25519 -N '' -C probe -f probe </dev/null >/dev/null 2>&1 ||
      ssh-keygen -q -t ecdsa -b 256 -N '' -C probe -f probe </dev/null >/dev/null 2>&1 || { echo none && exit; }
    printf 'holdfast\n' >probe.text
    { printf 'probe ' && cut -d ' ' -f 1,2 probe.pub; } >probe.signers
    ssh-keygen -Y sign -f probe -n probe probe.text >/dev/null 2>&1 </dev/null &&
      ssh-keygen -Y verify -f probe.signers -I probe -n probe -s probe.text.sig <probe.text >/dev/null 2>&1 || { echo none && exit; }
    echo "probe $PASSKEY" >passkey.signers
    printf '%s\n' "$PASSKEY_SIGNATURE" >passkey.sig
    if ssh-keygen -Y verify -f passkey.signers -I probe -n holdfast-change@1 -s passkey.sig <probe.text >/dev/null 2>&1; then echo passkeys; else echo keys; fi
  )
}

# host_keys: of the keys this sshd uses; where it does not say, the usual ones.
host_keys() {
  files=$(sshd -T 2>/dev/null | sed -n 's/^hostkey //p')
  [ -n "$files" ] || files='/etc/ssh/ssh_host_ed25519_key /etc/ssh/ssh_host_ecdsa_key /etc/ssh/ssh_host_rsa_key'
  for each in $files; do
    [ ! -r "$each.pub" ] || cut -d ' ' -f 1,2 <"$each.pub" | head -n 1
  done | grep -E '^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa) [A-Za-z0-9+/]+=*$' | head -n 8
}

free_kb() {
  place=$1
  while [ ! -d "$place" ]; do place=${place%/*}; [ -n "$place" ] || place=/; done
  df -Pk "$place" 2>/dev/null | awk 'NR == 2 && $4 ~ /^[0-9]+$/ { print $4 }'
}

# sshd_keeps_out: words on what in its configuration would keep our accounts out.
sshd_keeps_out() {
  for account in "$READER" "$RUNNER"; do
    sshd -T -C "user=$account,host=localhost,addr=127.0.0.1" 2>/dev/null | awk -v who="$account" '
      $1 ~ /^(allowusers|allowgroups)$/ { rule[$1] = 1; for (i = 2; i <= NF; i++) if ($i == who) is_in[$1] = 1 }
      $1 ~ /^(denyusers|denygroups)$/ { for (i = 2; i <= NF; i++) if ($i == who) print $1 }
      $1 == "pubkeyauthentication" && $2 == "no" { print $1 }
      $1 == "authorizedkeysfile" { for (i = 2; i <= NF; i++) if ($i == ".ssh/authorized_keys" || $i == "%h/.ssh/authorized_keys") usual = 1; asked = 1 }
      END { for (r in rule) if (!is_in[r]) print r; if (asked && !usual) print "authorizedkeysfile" }'
  done | sort -u | tr '\n' ' '
  sshd -T -C 'user=root,host=localhost,addr=127.0.0.1' 2>/dev/null | awk '$1 == "permitrootlogin" && $2 == "no" { print $1 }'
}

probe() {
  uid=$(id -u)
  if [ "$uid" -eq 0 ]; then fact root yes
  elif sudo -n true 2>/dev/null; then fact root sudo
  else fact root no; fi
  # shellcheck disable=SC1091,SC2153 # the host's own; in a process of its own
  fact os "$(words "$( (. /etc/os-release 2>/dev/null && printf '%s' "${PRETTY_NAME:-$NAME}") || uname -sr)")"
  fact openssh "$(words "$(version_of sshd -V || true)")" "$(words "$(version_of ssh -V)")"
  if command -v ssh-keygen >/dev/null; then fact sshsig "$(sshsig)"; else fact sshsig none; fi
  shell=$(readlink -f /bin/sh 2>/dev/null) || shell=/bin/sh
  fact shell "$(words "${shell##*/}")"
  awk_is=$(readlink -f "$(command -v awk)" 2>/dev/null) || awk_is=none
  fact awk "$(words "${awk_is##*/}")"
  for tool in awk base64 cmp cut flock head od setpriv setsid sha256sum sort ssh-keygen sudo tail timeout tr useradd userdel visudo systemctl logger; do
    if command -v "$tool" >/dev/null 2>&1; then fact tool "$tool" yes; else fact tool "$tool" no; fi
  done
  for place in /usr/local/lib /etc /var/lib; do
    kb=$(free_kb "$place")
    if [ "$uid" -ne 0 ] || [ -w "$place" ]; then fact place "$place" "${kb:-0}"; else fact place "$place" read-only; fi
  done
  for account in "$READER" "$RUNNER"; do ! id -u "$account" >/dev/null 2>&1 || fact account "$account"; done
  for group in adm systemd-journal; do ! grep -q "^$group:" /etc/group || fact group "$group"; done
  for word in $(sshd_keeps_out); do fact keeps-out "$(words "$word")"; done
  [ ! -e "$LIB" ] || fact there "$LIB"
  [ ! -h "$LIB/current" ] || fact version "$(words "$(readlink "$LIB/current")")"
  [ ! -e "$SUDOERS" ] || fact there "$SUDOERS"
  [ ! -e "$JOURNAL" ] || fact there "$JOURNAL"
  if [ -e "$HOST" ]; then
    fact there "$HOST"
    [ ! -r "$HOST/identity" ] || fact enrolled "$(said target)" "$(said epoch)" "$(said organisation)"
  fi
  host_keys >"$work/host-keys"
  while read -r type blob; do fact host-key "$type" "$blob"; done <"$work/host-keys"
  fact time "$(date +%s)"
}

# said KEY: of this host's identity, as words of an answer.
said() {
  each=$(sed -n "s/^$1 //p" "$HOST/identity" | head -n 1)
  case $each in '' | -* | *[!A-Za-z0-9._:@/-]*) echo unreadable ;; *) printf '%s' "$each" ;; esac
}

# --- Install -------------------------------------------------------------------------------------------------------

# tell_host: who this host is now, for whoever enrols it.
tell_host() {
  fact target "$(said target)"
  fact epoch "$(said epoch)"
  fact organisation "$(said organisation)"
  fact version "$(readlink "$LIB/current")"
  fact runner-by "$(how_it_runs)"
  fact sshsig "$(sshsig)"
  fact receipt-key "$(cut -d ' ' -f 1,2 <"$HOST/receipt-key.pub" | head -n 1)"
  fact openssh "$(words "$(version_of sshd -V || true)")" "$(words "$(version_of ssh -V)")"
  host_keys >"$work/host-keys"
  while read -r type blob; do fact host-key "$type" "$blob"; done <"$work/host-keys"
  fact time "$(date +%s)"
}

# is_ours: installed by the same hands with the same keys, and nothing in force yet: the answer was lost on its way.
is_ours() {
  [ -f "$HOST/enrolling" ] && [ ! -e "$HOST/config" ] && [ "$(said organisation)" = "$organisation" ] &&
    [ "$(cat "$HOST/control-plane")" = "$control_plane" ] && [ "$(readlink "$LIB/current")" = "$version" ] &&
    [ "$(said epoch)" -ge "$epoch" ] && [ "$(how_it_runs)" = "$runner_by" ] &&
    grep -qF "$reader_key" "$LIB/home/reader/.ssh/authorized_keys"
}

# forced PROGRAM KEY: one line of authorized_keys. A bastion's keys open the hosts behind it, and listen nowhere.
forced() {
  way=''
  for each in $(given opens); do way="$way,permitopen=\"$each\""; done
  [ -z "$way" ] || way=",port-forwarding,permitlisten=\"localhost:1\"$way"
  printf 'restrict,command="%s"%s %s holdfast\n' "$1" "$way" "$2"
}
# may_open: what is opened are names and numbers, with a port.
may_open() {
  for each in $(given opens); do
    case $each in *:*:* | *[!A-Za-z0-9.:-]* | :* | *: | *:*[!0-9]*) refuse bad-payload opens ;; *:*) ;; *) refuse bad-payload opens ;; esac
  done
}

# homes DIRECTORY: whose keys may start what.
homes() {
  mkdir -m 0755 "$1" || return 1
  for account in reader runner; do
    [ "$account" = reader ] || [ "$runner_by" = sudo ] || continue
    mkdir -m 0755 "$1/$account" "$1/$account/.ssh" || return 1
    case $account in
      reader) command=$LIB/current/read ;;
      runner) command="sudo -n $LIB/current/run" ;;
    esac
    for which in "$account-key" "$account-key-too"; do
      key=$(given "$which")
      [ -z "$key" ] || forced "$command" "$key"
    done >"$1/$account/.ssh/authorized_keys" || return 1
    chmod 0644 "$1/$account/.ssh/authorized_keys" || return 1
  done
}

# roots_keys: root's authorized_keys with our lines and without our former ones.
roots_keys() {
  make_directory /root/.ssh 0700
  staged /root/.ssh/authorized_keys
  if [ -f /root/.ssh/authorized_keys ]; then
    cp -p /root/.ssh/authorized_keys "$new" && others >"$new" || refuse cannot-write /root/.ssh
  else
    : >"$new" && chmod 0600 "$new" || refuse cannot-write /root/.ssh
  fi
  for which in runner-key runner-key-too; do
    key=$(given "$which")
    [ "$runner_by" != root ] || [ -z "$key" ] || forced "$LIB/current/run" "$key" >>"$new" || refuse cannot-write /root/.ssh
  done
}

# host_directory DIRECTORY: who this host is, its own key, and who may sign runs here. Nothing is in force yet.
host_directory() {
  mkdir -m 0700 "$1" || return 1
  (
    umask 077
    cd "$1" || exit 1
    ssh-keygen -q -t ed25519 -N '' -C receipts -f receipt-key </dev/null >/dev/null 2>&1 ||
      ssh-keygen -q -t ecdsa -b 256 -N '' -C receipts -f receipt-key </dev/null >/dev/null 2>&1 || exit 1
    id32=$(od -An -v -N16 -tx1 /dev/urandom | tr -d ' \n')
    [ "${#id32}" -eq 32 ] || exit 1
    printf '%s\n' "$control_plane" >control-plane || exit 1
    echo 'the next config is the first' >enrolling || exit 1
    echo "$runner_by" >runner-by || exit 1
    if [ "$runner_by" = root ]; then
      [ -n "$had_root_ssh" ] || : >made-root-ssh
      [ -n "$had_root_keys" ] || : >made-root-keys
    fi
    printf 'holdfast-identity 1\norganisation %s\ntarget %s\nepoch %s\nend\n' "$organisation" "$id32" "$epoch" >identity
  )
}

sudoers() {
  echo '# What the two accounts of Holdfast may start, without arguments. Made when this host was enrolled.'
  [ "$runner_by" != sudo ] || echo "$RUNNER ALL=(root) NOPASSWD: $LIB/current/run \"\""
  echo "$READER ALL=(root) NOPASSWD: $LIB/current/collect \"\""
}

install_payload() {
  [ "$(id -u)" -eq 0 ] || refuse not-root 'start it as root'
  organisation=$(given organisation) control_plane=$(given control-plane) reader_key=$(given reader-key)
  version=$(given version) epoch=$(given epoch) runner_by=$(given runner-by) groups=$(given groups)
  token "$organisation" organisation
  token "$version" version
  case $version in */* | .*) refuse bad-payload version ;; esac
  number "$epoch" epoch
  key_line "$control_plane" control-plane
  key_line "$reader_key" reader-key
  # By hand, where nobody looked before.
  if [ "$runner_by" = auto ]; then
    runner_by=root
    ! command -v sudo >/dev/null || runner_by=sudo
    for tool in base64 cmp flock od setsid; do command -v "$tool" >/dev/null || runner_by=none; done
    [ "$(sshsig)" != none ] || runner_by=none
  fi
  case $runner_by in
    sudo | root) key_line "$(given runner-key)" runner-key ;;
    none) ;;
    *) refuse bad-payload runner-by ;;
  esac
  case $groups in - | adm | systemd-journal | adm,systemd-journal) ;; *) refuse bad-payload groups ;; esac
  may_open
  [ -s "$work/names" ] || refuse bad-payload 'no files'
  for tool in ssh-keygen useradd userdel; do command -v "$tool" >/dev/null || refuse no-tool "$tool"; done
  if [ "$runner_by" != none ]; then
    for tool in base64 cmp flock od setsid; do command -v "$tool" >/dev/null || refuse no-tool "$tool"; done
  fi
  has_sudo=no
  ! command -v sudo >/dev/null || has_sudo=yes
  [ "$runner_by" != sudo ] || [ "$has_sudo" = yes ] || refuse no-tool sudo
  [ "$has_sudo" = no ] || command -v visudo >/dev/null || refuse no-tool visudo
  again=$(given again)
  # First, so that what a death left is not taken for somebody else's.
  open_journal
  if [ -e "$HOST" ]; then
    if [ "$again" != yes ] && is_ours; then
      rm -rf "$JOURNAL"
      journal=''
      tell_host
      return 0
    fi
    [ "$again" = yes ] || refuse already-enrolled "target $(said target), epoch $(said epoch), organisation $(said organisation)"
    before=$(said epoch)
    number "$before" 'the epoch that stands here'
    [ "$epoch" -gt "$before" ] || epoch=$((before + 1))
  else
    [ ! -e "$LIB" ] || refuse foreign-files "$LIB"
    [ ! -e "$SUDOERS" ] || refuse foreign-files "$SUDOERS"
    for account in "$READER" "$RUNNER"; do ! id -u "$account" >/dev/null 2>&1 || refuse account-exists "$account"; done
  fi
  had_root_ssh='' had_root_keys=''
  if [ -d /root/.ssh ] && [ ! -e "$HOST/made-root-ssh" ]; then had_root_ssh=yes; fi
  if [ -e /root/.ssh/authorized_keys ] && [ ! -e "$HOST/made-root-keys" ]; then had_root_keys=yes; fi

  staged "$LIB"
  mkdir -m 0755 "$new" "$new/$version" && unpack "$new/$version" && homes "$new/home" && ln -s "$version" "$new/current" || refuse cannot-write "$LIB"
  grammar=$(file_of grammar)
  if [ -n "$grammar" ]; then
    make_directory "$ETC" 0755
    staged "$ETC/grammar"
    cp "$grammar" "$new" && chmod 0644 "$new" || refuse cannot-write "$ETC"
  fi
  staged "$HOST"
  host_directory "$new" || refuse cannot-write "$HOST"
  if [ "$has_sudo" = yes ]; then
    staged "$SUDOERS"
    sudoers >"$new" && chmod 0440 "$new" || refuse cannot-write "$SUDOERS"
    visudo -c -q -f "$new" >/dev/null 2>&1 || refuse sudoers-broken 'visudo does not accept the file'
  fi
  if [ "$runner_by" = root ]; then roots_keys; fi
  sync

  make_account "$READER" reader
  if [ "$groups" != - ]; then usermod -a -G "$groups" "$READER" >/dev/null 2>&1 || refuse no-account "groups $groups"; fi
  [ "$runner_by" != sudo ] || make_account "$RUNNER" runner
  place "$LIB"
  [ -z "$grammar" ] || place "$ETC/grammar"
  # What ran under the former epoch has receipts: they are kept, out of the way.
  if [ -e "$HOST" ]; then
    kept=$HOST.epoch-$before
    [ ! -e "$kept" ] || refuse foreign-files "$kept"
    note kept "$kept"
    mv "$HOST" "$kept" || refuse cannot-write "$HOST"
  fi
  place "$HOST"
  [ "$has_sudo" = no ] || place "$SUDOERS"
  [ "$runner_by" != root ] || place /root/.ssh/authorized_keys
  self_test "$runner_by" || refuse self-test-failed 'its programs do not answer'
  finish
  tell_host
}

# --- Remove --------------------------------------------------------------------------------------------------------

remove() {
  [ "$(id -u)" -eq 0 ] || refuse not-root 'start it as root'
  wanted=$(given epoch)
  open_journal
  if [ -e "$HOST" ] || [ -e "$LIB" ]; then
    [ ! -f "$HOST/identity" ] || [ "$(said organisation)" = "$(given organisation)" ] || refuse other-organisation "$(said organisation)"
    for open in "$HOST"/jobs/*/open; do [ ! -e "$open" ] || [ "$wanted" = 0 ] || refuse job-running 'a job is not ended yet'; done
    # From here it is finished by whoever comes next, and not taken back.
    : >"$JOURNAL/removing" || refuse cannot-write 'no room in /var/lib'
    sync
    take_away || refuse cannot-write 'not all of it can be taken away'
  elif [ "$finished" != yes ]; then
    refuse not-enrolled 'nothing of ours is here'
  fi
  rm -rf "$JOURNAL"
  journal=''
  for account in "$READER" "$RUNNER"; do ! id -u "$account" >/dev/null 2>&1 || fact left "account:$account"; done
  for place in "$LIB" "$ETC" "$HOST" "$SUDOERS" "$JOURNAL"; do
    for each in "$place" "$place"[.]*; do [ ! -e "$each" ] || fact left "$(words "$each")"; done
  done
  fact time "$(date +%s)"
}

# --- Transport keys ------------------------------------------------------------------------------------------------

keys() {
  [ "$(id -u)" -eq 0 ] || refuse not-root 'start it as root'
  [ -f "$HOST/identity" ] || refuse not-enrolled 'no host directory'
  [ "$(said organisation)" = "$(given organisation)" ] || refuse other-organisation "$(said organisation)"
  runner_by=$(how_it_runs)
  key_line "$(given reader-key)" reader-key
  [ "$runner_by" = none ] || key_line "$(given runner-key)" runner-key
  for which in reader-key-too runner-key-too; do [ -z "$(given "$which")" ] || key_line "$(given "$which")" "$which"; done
  may_open
  open_journal
  staged "$LIB/home"
  homes "$new" || refuse cannot-write "$LIB"
  [ "$runner_by" != root ] || roots_keys
  sync
  place "$LIB/home"
  [ "$runner_by" != root ] || place /root/.ssh/authorized_keys
  finish
  tell_host
}

# enrol <PAYLOAD: the one way in.
enrol() {
  begin
  read_payload
  case $(given verb) in
    probe) probe ;;
    install) install_payload ;;
    remove) remove ;;
    keys) keys ;;
    upgrade)
      [ "$(id -u)" -eq 0 ] || refuse not-root 'start it as root'
      upgrade
      ;;
    *) refuse bad-payload verb ;;
  esac
  exit 0
}
