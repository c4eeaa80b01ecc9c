# Parts of host/install.sh and host/upgrade: the payload, a journal of what was made, moves that can be taken back, the self-test.
#
# A payload is data: lines in one form, checked whole before anything is done, files in it percent-encoded and
# held to their SHA-256. No word of it is ever a command to this shell.
# shellcheck shell=sh
# shellcheck disable=SC2015 # `a && b || refuse`: refusing does not come back
# shellcheck disable=SC2034 # read by the scripts that carry this one
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
unset CDPATH ENV BASH_ENV TMPDIR
umask 022

LIB=/usr/local/lib/holdfast
ETC=/etc/holdfast
HOST=/var/lib/holdfast-host
SUDOERS=/etc/sudoers.d/holdfast
JOURNAL=/var/lib/holdfast-install
READER=holdfast-reader
RUNNER=holdfast-runner
NEW=.holdfast-new
OLD=.holdfast-old
work='' journal='' finished=''

# --- Answers -------------------------------------------------------------------------------------------------------

# words TEXT...: as one value of an answer; whatever is not plain is dropped.
words() {
  text=$(printf '%s' "$*" | tr '\n' ' ' | tr -cd 'A-Za-z0-9._~/:@,+= -' | cut -c 1-400 | sed 's/ *$//; s/ /%20/g')
  printf '%s' "${text:-%}"
}

# answer VERDICT CODE DETAIL: what stands in $work/facts follows.
answer() {
  printf 'holdfast-enrol-answer 1\nverdict %s\ncode %s\ndetail %s\n' "$1" "$2" "$(words "$3")"
  [ -z "$work" ] || [ ! -f "$work/facts" ] || [ "$1" != ok ] || cat "$work/facts"
  echo end
}

# refuse CODE DETAIL: what was made so far is taken back on the way out.
refuse() {
  refused=$1 because=$2
  exit 3
}

fact() {
  key=$1
  shift
  printf '%s %s\n' "$key" "$*" >>"$work/facts"
}

# --- The payload ---------------------------------------------------------------------------------------------------

# read_payload <PAYLOAD: strictly; the head into $work/head, files into $work/files/<n>, their names into $work/names.
read_payload() {
  mkdir "$work/files" || refuse cannot-write 'no room for the payload'
  cat >"$work/payload" || refuse cannot-write 'no room for the payload'
  : >"$work/names"
  awk -v dir="$work" '
    function bad() { failed = 1; exit 1 }
    function decode(text,    out, at) {
      out = ""
      while ((at = index(text, "%")) > 0) {
        if (!(substr(text, at + 1, 2) in byte)) bad()
        out = out substr(text, 1, at - 1) byte[substr(text, at + 1, 2)]
        text = substr(text, at + 3)
      }
      return out text
    }
    BEGIN {
      for (i = 1; i < 256; i++) byte[sprintf("%02X", i)] = sprintf("%c", i)
      n = split("verb organisation control-plane reader-key reader-key-too runner-key runner-key-too version epoch again capability runner-by groups opens", key, " ")
      for (i = 1; i <= n; i++) known[key[i]] = 1
      plain = "^[A-Za-z0-9._~/:@,+=-][A-Za-z0-9._~/:@,+= -]*$"
      body = "^[|][A-Za-z0-9._~/:@,+=%-]*$"
      name = "^[a-z][a-z0-9.-]*$"
    }
    NR == 1 { if ($0 != "holdfast-payload 1") bad(); next }
    done { bad() }
    left > 0 {
      if ($0 !~ body) bad()
      printf "%s\n", decode(substr($0, 2)) > path
      if (--left == 0) close(path)
      next
    }
    $0 == "end" { done = 1; next }
    $1 == "file" {
      if (NF != 5 || $2 !~ /^0(644|755)$/ || $3 !~ name || length($4) != 64 || $4 ~ /[^0-9a-f]/ || $5 !~ /^[1-9][0-9]*$/ || length($5) > 6) bad()
      if ($3 in file) bad()
      file[$3] = 1
      path = dir "/files/" ++files
      left = $5 + 0
      print $2, $3, $4, files > (dir "/names")
      next
    }
    {
      at = index($0, " ")
      word = substr($0, 1, at - 1)
      value = substr($0, at + 1)
      if (!(word in known) || word in seen || value !~ plain || length(value) > (word == "opens" ? 16384 : 1024)) bad()
      seen[word] = 1
      print word, value > (dir "/head")
    }
    END { if (failed || !done) exit 1 }
  ' "$work/payload" || refuse bad-payload 'it is not in its form'
  while read -r _ _ hash at; do
    [ "$(sha256sum <"$work/files/$at" | cut -c 1-64)" = "$hash" ] || refuse bad-payload 'a file in it is not whole'
  done <"$work/names"
}

# given KEY: its value, or nothing.
given() { sed -n "s|^$1 ||p" "$work/head"; }

# token VALUE NAME: refuses what is none.
token() {
  case $1 in '' | -* | *[!A-Za-z0-9._:@/-]*) refuse bad-payload "$2" ;; esac
}
number() {
  case $1 in '' | *[!0-9]* | 0?*) refuse bad-payload "$2" ;; esac
  [ "${#1}" -le 9 ] || refuse bad-payload "$2"
}
# key_line VALUE NAME: a type and base64, nothing else.
key_line() {
  case $1 in
    'ssh-ed25519 '* | 'ecdsa-sha2-nistp256 '*) case ${1#* } in '' | *[!A-Za-z0-9+/=]*) refuse bad-payload "$2" ;; esac ;;
    *) refuse bad-payload "$2" ;;
  esac
}

# unpack DIRECTORY: the programs of the payload, modes as given. The grammar goes elsewhere.
unpack() {
  while read -r mode name _ at; do
    [ "$name" != grammar ] || continue
    cp "$work/files/$at" "$1/$name" && chmod "$mode" "$1/$name" || return 1
  done <"$work/names"
}
file_of() { while read -r _ name _ at; do [ "$name" != "$1" ] || printf '%s' "$work/files/$at"; done <"$work/names"; }

# --- What was made, and back ---------------------------------------------------------------------------------------

# begun PID: when that process began, in the kernel's ticks; with its number it is one process and no other.
begun() { awk '{ sub(/^.*[)] /, ""); print $20 }' "/proc/$1/stat" 2>/dev/null; }

# open_journal: one at a time; what a death left is taken back, or finished, first.
open_journal() {
  if ! mkdir -m 0700 "$JOURNAL" 2>/dev/null; then
    [ -d "$JOURNAL" ] && [ ! -L "$JOURNAL" ] || refuse cannot-write 'nothing can be made in /var/lib'
    read -r pid begun <"$JOURNAL/pid" 2>/dev/null || pid=''
    if [ -n "$pid" ] && [ "$(begun "$pid")" = "$begun" ]; then refuse busy 'another installation is running'; fi
    journal=$JOURNAL/made
    take_back || refuse not-taken-back "what an earlier try left: see $JOURNAL"
    mkdir -m 0700 "$JOURNAL" || refuse cannot-write 'nothing can be made in /var/lib'
  fi
  journal=$JOURNAL/made
  { echo "$$ $(begun $$)" >"$JOURNAL/pid" && : >"$journal"; } 2>/dev/null || {
    rm -rf "$JOURNAL"
    journal=''
    refuse cannot-write 'no room in /var/lib'
  }
}

# note KIND PATH: before it is done. Synced, since what is not noted is not taken back.
note() {
  printf '%s %s\n' "$1" "$2" >>"$journal" || refuse cannot-write 'no room in /var/lib'
}

# staged PLACE: where its next content is made.
staged() {
  note made "$1$NEW"
  rm -rf "$1$NEW"
  new=$1$NEW
}

# place PATH: its next content moves there; what was there stays beside it until all is done.
place() {
  if [ -e "$1" ] || [ -L "$1" ]; then
    note was "$1"
    mv "$1" "$1$OLD" || refuse cannot-write "$1"
  fi
  note made "$1"
  mv "$1$NEW" "$1" || refuse cannot-write "$1"
}

make_directory() {
  [ ! -d "$1" ] || return 0
  note directory "$1"
  mkdir -m "$2" "$1" 2>/dev/null || refuse cannot-write "$1"
}

make_account() {
  ! id -u "$1" >/dev/null 2>&1 || return 0
  note account "$1"
  # `*`: no password fits, and unlike `!` no sshd takes it for a locked account.
  useradd -r -M -U -d "$LIB/home/$2" -s /bin/sh -p '*' -c "Holdfast $2" "$1" >/dev/null 2>&1 || refuse no-account "$1"
}

remove_account() {
  uid=$(id -u "$1" 2>/dev/null) || return 0
  for process in /proc/[0-9]*; do
    [ "$(awk '/^Uid:/ { print $2 }' "$process/status" 2>/dev/null)" = "$uid" ] && kill -KILL "${process#/proc/}" 2>/dev/null
  done
  for _ in 1 2 3 4 5; do
    userdel "$1" >/dev/null 2>&1 && break
    sleep 1
  done
  groupdel "$1" >/dev/null 2>&1
  ! id -u "$1" >/dev/null 2>&1
}

# root's own lines in the file that has ours too.
others() { grep -vF "restrict,command=\"$LIB/current/run\"" /root/.ssh/authorized_keys || [ $? -eq 1 ]; }

# left_by UID DIRECTORY: what that account made there goes. Only what lies in the directory itself: deeper, in what is
# another account's, that one could put a link in the way. Others' files may come and go meanwhile.
left_by() {
  find "$2" -xdev -maxdepth 1 -user "$1" -exec rm -rf {} + 2>/dev/null
  [ -z "$(find "$2" -xdev -maxdepth 1 -user "$1" 2>/dev/null)" ]
}

# take_away: everything of ours, the doors first: what still comes in finds nothing to start. Again after a death, it goes on.
take_away() {
  keys=/root/.ssh/authorized_keys
  rm -f "$SUDOERS" "$keys$NEW" || return 1
  if [ -f "$keys" ]; then
    others >"$work/others" 2>/dev/null || return 1
    if ! cmp -s "$work/others" "$keys"; then
      cp -p "$keys" "$keys$NEW" && cat "$work/others" >"$keys$NEW" && mv "$keys$NEW" "$keys" || return 1
    fi
    [ ! -e "$HOST/made-root-keys" ] || [ -s "$keys" ] || rm -f "$keys"
  fi
  [ ! -e "$HOST/made-root-ssh" ] || rmdir /root/.ssh 2>/dev/null
  rm -rf "$LIB" || return 1
  for account in "$READER" "$RUNNER"; do
    uid=$(id -u "$account" 2>/dev/null) || continue
    echo "$uid" >>"$JOURNAL/uids" || return 1
    remove_account "$account" || return 1
  done
  # What its processes left where anybody may write: the number may be another's tomorrow.
  if [ -f "$JOURNAL/uids" ]; then
    while read -r uid; do
      for place in /tmp /var/tmp /dev/shm; do
        # Once more where something went away meanwhile.
        [ ! -d "$place" ] || left_by "$uid" "$place" || left_by "$uid" "$place" || return 1
      done
    done <"$JOURNAL/uids"
  fi
  rm -rf "$LIB" "$ETC/grammar" "$HOST".epoch-* || return 1
  rmdir "$ETC" 2>/dev/null
  rm -rf "$HOST"
}

# take_back: everything of the journal, last first; or, once all was in place, what only waited to be thrown away.
take_back() {
  if [ -f "$JOURNAL/removing" ]; then
    take_away || return 1
    finished=yes
  elif [ -f "$JOURNAL/done" ]; then
    throw_away
  else
    # Through a pipe: where the disk is full, no file can be made for it.
    awk '{ line[NR] = $0 } END { for (i = NR; i > 0; i--) print line[i] }' "$journal" | {
      left=0
      while read -r kind path; do
        case $kind in
          made) rm -rf "$path" || left=1 ;;
          was) [ ! -e "$path$OLD" ] && [ ! -L "$path$OLD" ] || mv "$path$OLD" "$path" || left=1 ;;
          kept) [ ! -e "$path" ] || mv "$path" "${path%.epoch-*}" || left=1 ;;
          directory) rmdir "$path" 2>/dev/null ;;
          account) remove_account "$path" || left=1 ;;
        esac
      done
      exit "$left"
    } || return 1
  fi
  rm -rf "$JOURNAL"
  journal=''
}

throw_away() {
  while read -r kind path; do
    [ "$kind" != was ] || rm -rf "$path$OLD"
  done <"$journal"
}

# finish: from here nothing is taken back any more.
finish() {
  : >"$JOURNAL/done" || refuse cannot-write 'no room in /var/lib'
  sync
  throw_away
  rm -rf "$JOURNAL"
  journal=''
}

# --- The self-test -------------------------------------------------------------------------------------------------

# as ACCOUNT PROGRAM...: with what that account has, and no more.
as() {
  account=$1
  shift
  if command -v setpriv >/dev/null; then
    setpriv --reuid="$account" --regid="$account" --init-groups --reset-env "$@"
  elif command -v runuser >/dev/null; then
    runuser -u "$account" -- "$@"
  else
    su -s /bin/sh "$account" -c "$*"
  fi
}

# self_test sudo|root|none: each account's own program answers, the way its key will start it.
self_test() {
  if [ -e "$LIB/current/read" ]; then
    printf 'holdfast-read 1\nid 1\nverb hello\nbytes 65536\nend\n' | as "$READER" "$LIB/current/read" >"$work/read.answer" 2>/dev/null
    sed -n 3p "$work/read.answer" | grep -qx 'verdict ok' || return 1
  fi
  [ "$1" != none ] || return 0
  frame='holdfast-frame 1\nverb status\nend\n'
  # shellcheck disable=SC2059 # a constant
  case $1 in
    sudo) printf "$frame" | as "$RUNNER" sudo -n "$LIB/current/run" ;;
    root) printf "$frame" | "$LIB/current/run" ;;
  esac >"$work/run.answer" 2>/dev/null
  sed -n 2p "$work/run.answer" | grep -qx 'verdict ok'
}

# link NAME VERSION: in one step where mv can.
link() {
  rm -f "$LIB/$1$NEW"
  ln -s "$2" "$LIB/$1$NEW" && { mv -T "$LIB/$1$NEW" "$LIB/$1" 2>/dev/null || { rm -f "$LIB/$1" && mv "$LIB/$1$NEW" "$LIB/$1"; }; }
}

# how_it_runs: as the installation said.
how_it_runs() {
  read -r by <"$HOST/runner-by" 2>/dev/null || by=''
  case $by in sudo | root | none) echo "$by" ;; *) echo sudo ;; esac
}

# upgrade: the payload's version beside the one in use, then the link; back when it does not answer.
upgrade() {
  version=$(given version)
  token "$version" version
  case $version in */* | .*) refuse bad-payload version ;; esac
  [ -f "$HOST/identity" ] || refuse not-enrolled 'no host directory'
  before=$(readlink "$LIB/current") || refuse not-enrolled 'no version in use'
  former=$(readlink "$LIB/previous" 2>/dev/null) || former=''
  [ "$before" != "$version" ] || refuse same-version "$version"
  [ -s "$work/names" ] || refuse bad-payload 'no files'
  open_journal
  staged "$LIB/$version"
  mkdir -m 0755 "$new" && unpack "$new" || refuse cannot-write "$LIB"
  place "$LIB/$version"
  grammar=$(file_of grammar)
  if [ -n "$grammar" ]; then
    staged "$ETC/grammar"
    cp "$grammar" "$new" && chmod 0644 "$new" || refuse cannot-write "$ETC"
    place "$ETC/grammar"
  fi
  sync
  # A death from here on leaves one whole version in use or the other.
  link previous "$before" && link current "$version" || { links_back && refuse cannot-write "$LIB"; }
  if ! self_test "$(how_it_runs)"; then
    links_back
    refuse self-test-failed "$before is in use again"
  fi
  finish
  for each in "$LIB"/*; do
    case ${each##*/} in "$version" | "$before" | current | previous | home) ;; *) rm -rf "$each" ;; esac
  done
  fact version "$version"
  fact previous "$before"
}

links_back() {
  link current "$before"
  if [ -n "$former" ]; then link previous "$former"; else rm -f "$LIB/previous"; fi
}

# begin: a private place to work in, and a way out that leaves nothing.
begin() {
  refused='' because=''
  work=$(mktemp -d 2>/dev/null) || work=$(mktemp -d -p /run 2>/dev/null) || {
    answer refused cannot-write 'no room for temporary files'
    exit 0
  }
  trap 'out $?' EXIT
  trap 'exit 4' HUP INT TERM PIPE
}

# out STATUS: the one end of this process.
out() {
  trap - EXIT
  trap '' HUP INT TERM PIPE
  kept=0
  [ -z "$journal" ] || take_back || kept=1
  if [ "$1" -eq 0 ]; then answer ok - ''
  elif [ "$kept" -eq 1 ]; then answer failed not-taken-back "${refused:-cut short}: $because: see $JOURNAL"
  else answer refused "${refused:-cut-short}" "$because"; fi 2>/dev/null
  rm -rf "$work"
  exit 0
}
