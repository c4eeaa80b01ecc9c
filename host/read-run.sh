#!/bin/sh
# The runner of a reader's channel, started by `read` and by nobody else, in a session of its own and without the way
# to new privileges: reads on descriptor 7 what requests.awk let through, looks at paths again once links are
# resolved, runs it, answers on standard output. Killed with what it runs when that does not end; then another is started.
# shellcheck disable=SC3045,SC3013,SC2015 # what POSIX has not: dash, bash and busybox have it, and a limit more is only a limit more
set -uf
umask 077
cd / || exit 69
lib=$1 work=$2 grammar=$3 keeper=$4
PLACES='/usr/sbin /usr/bin /sbin /bin /usr/local/sbin /usr/local/bin'
STDERR_LIMIT=65536
# What is this short is printed by the shell itself: a process less.
SHORT=1024
NEWLINE='
'
TAB='	'
late=no kept=0 old=''

over() {
  : >"$work/over"
  kill -USR1 "$keeper" 2>/dev/null
  exit 0
}
trap 'late=yes' TERM
trap over HUP INT PIPE

# uptime_now: hundredths of seconds, in `now`.
uptime_now() {
  read -r now _ </proc/uptime
  case $now in *.??) now=${now%.*}${now#*.} ;; *) now=${now%.*}00 ;; esac
}

# begins NUMBER WHAT SECONDS: said before anything begins, so that the keeper ends it whatever happens here.
begins() {
  uptime_now
  began=$now late=no
  echo "$1 $2 $((now / 100 + $3 + 1)) $now" >"$work/running"
  state=''
  read -r state <"$work/keeps"
  [ "$state" = awake ] || kill -USR1 "$keeper" 2>/dev/null
}
ends() { echo "$1" >"$work/running"; }

# --- Answers -----------------------------------------------------------------------------------------------------------

# answer NUMBER VERDICT CODE ENDED STATUS STDOUT STDERR [TEXT]: lengths; the bytes follow, or are TEXT.
answer() {
  uptime_now
  printf 'holdfast-read-answer 1\nid %s\nverdict %s\ncode %s\nended %s\nstatus %s\nms %s\nstdout %s\nstderr %s\nend\n%s' \
    "$1" "$2" "$3" "$4" "$5" $(((now - began) * 10)) "$6" "$7" "${8-}" || over
}

# refuse NUMBER CODE PROGRAM: and tell the host's log.
refuse() {
  answer "$1" refused "$2" - 0 0 0
  logger -t holdfast-reader -- "refused $2 $3" >/dev/null 2>&1 7<&- 9<&-
}

# short FILE LENGTH: all of it in `text`; 1 when it is long, or not plain, as a shell cannot hold every byte.
short() {
  [ "$2" -le "$SHORT" ] || return 1
  text=''
  [ "$2" -gt 0 ] || return 0
  while IFS= read -r line; do text=$text$line$NEWLINE; done <"$1"
  text=$text$line
  [ "${#text}" -eq "$2" ] && case $text in *[!\ -~"$NEWLINE$TAB"]*) false ;; esac
}

# told NUMBER ENDED STATUS BYTES: the answer with what was written to out.NUMBER ($wrote) and err.NUMBER ($complained).
told() {
  [ "$wrote" -le "$4" ] || wrote=$4
  [ "$complained" -le "$STDERR_LIMIT" ] || complained=$STDERR_LIMIT
  if [ "$complained" -eq 0 ] && short "$work/out.$1" "$wrote"; then
    answer "$1" ok - "$2" "$3" "$wrote" 0 "$text"
  else
    answer "$1" ok - "$2" "$3" "$wrote" "$complained"
    [ "$wrote" -eq 0 ] || head -c "$wrote" "$work/out.$1" || over
    [ "$complained" -eq 0 ] || head -c "$complained" "$work/err.$1" || over
  fi
  # Nobody waits for what is no longer needed to be gone; a few that are short wait for each other.
  old="$old $work/out.$1 $work/err.$1" kept=$((kept + wrote + complained + 4096))
  if [ "$kept" -gt 65536 ]; then
    # shellcheck disable=SC2086 # names of our own
    rm -f $old 7<&- 9<&- &
    old='' kept=0
  fi
}

# --- Paths, again ------------------------------------------------------------------------------------------------------

load_rules() {
  denials='' exceptions='' roots='' wides='' programs=''
  while IFS= read -r line; do
    rest=${line#* }
    case ${line%% *} in
      secret | device) denials=$denials$line$NEWLINE ;;
      except) exceptions=$exceptions$rest$NEWLINE ;;
      root) roots=$roots$rest$NEWLINE ;;
      wide) wides=$wides$rest$NEWLINE ;;
      program) programs=$programs$rest$NEWLINE ;;
    esac
  done <"$work/rules"
}

# resolve PATH: in `real`, without links; 1 when that cannot be told.
resolve() {
  real=$1 rest=${1#/} upto='' linked=no
  while [ -n "$rest" ]; do
    upto=$upto/${rest%%/*}
    case $rest in */*) rest=${rest#*/} ;; *) rest='' ;; esac
    [ ! -L "$upto" ] || { linked=yes; break; }
  done
  [ "$linked" = yes ] || return 0
  there=$1 rest=''
  while [ ! -e "$there" ] && [ ! -L "$there" ]; do
    rest=/${there##*/}$rest there=${there%/*}
    [ -n "$there" ] || there=/
  done
  real=$(readlink -f -- "$there" 2>/dev/null && echo .) || return 1
  real=${real%"$NEWLINE".}
  case $real in *"$NEWLINE"*) return 1 ;; /) real=$rest ;; /*) real=$real$rest ;; *) return 1 ;; esac
}

# denied PATH: by a pattern, in `why`. Only what is denied by its name, wherever it stands, has exceptions.
denied() {
  why='' excepted=no
  for rule in $exceptions; do
    # shellcheck disable=SC2254 # a pattern: that is what it is for
    case $1 in $rule) excepted=yes; break ;; esac
  done
  for rule in $denials; do
    case $excepted,${rule#* } in yes,'*'*) continue ;; esac
    # shellcheck disable=SC2254
    case $1 in ${rule#* }) why=${rule%% *}; return 0 ;; esac
  done
  return 1
}

# may_read KIND PATH: 1 and why in `why`, for the path as it is on this host now.
may_read() {
  resolve "$2" || { why=outside-roots; return 1; }
  [ -n "$real" ] || real=/
  if [ -b "$real" ] || [ -c "$real" ] || [ -p "$real" ] || [ -S "$real" ]; then why=device; return 1; fi
  # By the same name it was judged a moment ago, by the same rules.
  [ "$real" != "$2" ] || return 0
  ! denied "$real" || return 1
  why=outside-roots
  inside=no
  for rule in $roots; do case $real in "$rule" | "${rule%/}"/*) inside=yes ;; esac; done
  [ "$inside" = yes ] || return 1
  [ "$1" = tree ] || return 0
  below=${real%/}/
  ! denied "$below" || return 1
  why=outside-roots
  for rule in $wides; do
    # shellcheck disable=SC2254
    case $real in $rule) return 1 ;; esac
  done
  for rule in $denials; do
    rule=${rule#* }
    case ${rule%%\**} in "$below"*) return 1 ;; esac
  done
}

# --- Requests ----------------------------------------------------------------------------------------------------------

# in_force: the grammar that was loaded is the one that is there.
in_force() {
  [ "$grammar" -ef /proc/self/fd/6 ] && ! [ "$grammar" -nt "$work/loaded" ]
}

# execute NUMBER SECONDS BYTES PROGRAM WORD...: 4 and 5 are its output, files that it cannot open a second time for
# writing, so that what the kernel says of them is how long they are. Sets status, wrote, complained.
execute() {
  blocks=$3
  [ "$blocks" -ge "$STDERR_LIMIT" ] || blocks=$STDERR_LIMIT
  begins "$1" run "$2"
  (
    umask 077
    ulimit -f $((blocks / 512 + 2))
    ulimit -t $(($2 + 5))
    shift 3
    exec "$@" </dev/null >&4 2>&5 4>&- 5>&- 6<&- 7<&- 9<&-
  ) &
  child=$!
  wait "$child"
  status=$?
  # A trap ends a wait before the program has ended.
  while [ "$late" = yes ] && kill -0 "$child" 2>/dev/null; do
    wait "$child"
    status=$?
  done
  read -r _ wrote </proc/self/fdinfo/4
  read -r _ complained </proc/self/fdinfo/5
}

# outcome STATUS BYTES: `ended`, and `status` as the answer says it.
outcome() {
  ended=exited
  # A shell tells a signal's number and 128 more; what no signal of a program's end could be is its own exit.
  case $1 in
    131 | 132 | 133 | 134 | 135 | 136 | 137 | 139 | 141 | 143 | 152 | 153 | 159) ended=signalled status=$(($1 - 128)) ;;
  esac
  [ "$wrote" -le "$2" ] || ended=too-much
  [ "$late" = no ] || ended=timeout
}

# files NUMBER: the two files of a request, made so that nobody can open them for writing again.
run_into() { # NUMBER SECONDS BYTES PROGRAM WORD...
  umask 0377
  execute "$@" 4>"$work/out.$1" 5>"$work/err.$1"
  ran=$?
  umask 077
  return "$ran"
}

# run NUMBER SECONDS BYTES READS [KIND PATH]... WORD...: words with an x before.
run() {
  number=$1 seconds=$2 bytes=$3 reads=$4
  shift 4
  case $* in
    *\\*)
      IFS=$NEWLINE
      # shellcheck disable=SC2046 # no word holds a newline
      set -- $(printf '%b\n' "$@")
      unset IFS ;;
  esac
  in_force || {
    refuse "$number" no-grammar -
    over
  }
  IFS=$NEWLINE
  while [ "$reads" -gt 0 ]; do
    may_read "${1#x}" "${2#x}" || {
      unset IFS
      refuse "$number" "$why" -
      return
    }
    shift 2
    reads=$((reads - 1))
  done
  unset IFS
  name=${1#x} found=''
  shift
  for place in $PLACES; do
    [ -f "$place/$name" ] && [ -x "$place/$name" ] && { found=$place/$name; break; }
  done
  [ -n "$found" ] || {
    refuse "$number" cannot-run "$name"
    return
  }
  count=$#
  while [ "$count" -gt 0 ]; do
    word=${1#x}
    shift
    set -- "$@" "$word"
    count=$((count - 1))
  done
  if run_into "$number" "$seconds" "$bytes" "$found" "$@"; then
    outcome "$status" "$bytes"
    told "$number" "$ended" "$status" "$bytes"
  else
    refuse "$number" cannot-run "$name"
  fi
  ends "$number"
  settle
}

# settle: after a program that did not end by itself, what it started may still run: the keeper ends this session.
settle() {
  [ "$late" = no ] || {
    kill -USR1 "$keeper"
    kill -KILL 0
  }
}

# reply NUMBER: what the keeper says to that request, in `said`.
reply() {
  while read -r said of <&9; do [ "$of" != "$1" ] || return 0; done
  said=late
}

hello() {
  begins "$1" may-collect 10
  collects=no
  [ ! -e "$lib/collect" ] || { kill -USR1 "$keeper"; reply "$1"; [ "$said" != yes ] || collects=yes; }
  hash=-
  ! in_force || hash=$(sha256sum <"$grammar" | cut -c 1-64)
  tools=''
  for name in $programs; do
    for place in $PLACES; do [ -x "$place/$name" ] && { tools="$tools $name"; break; }; done
  done
  text="version ${lib##*/}${NEWLINE}grammar $hash${NEWLINE}collect $collects${NEWLINE}tools$tools$NEWLINE"
  answer "$1" ok - exited 0 "${#text}" 0 "$text"
  ends "$1"
}

# joined NUMBER BYTES: root's part behind the reader's; one that has no room is left out, and what only root sees is then not known.
joined() {
  [ $((wrote + $(wc -c <"$work/collect.out"))) -le "$2" ] || {
    rm -f "$work/collect.out"
    return
  }
  { head -c "$wrote" "$work/out.$1" && cat "$work/collect.out"; } >"$work/joined" && mv -f "$work/joined" "$work/out.$1" || over
  rm -f "$work/collect.out"
  wrote=$(wc -c <"$work/out.$1")
}

snapshot() {
  if ! [ -f "$lib/snapshot.sh" ] || ! run_into "$1" "$2" "$3" /bin/sh "$lib/snapshot.sh"; then
    refuse "$1" cannot-run snapshot
    ends "$1"
    return
  fi
  outcome "$status" "$3"
  first=$began
  if [ "$ended" = exited ] && [ -e "$lib/collect" ]; then
    uptime_now
    left=$(($2 - (now - began) / 100))
    [ "$left" -gt 0 ] || left=1
    begins "$1" collect "$left"
    kill -USR1 "$keeper"
    reply "$1"
    [ "$said" != "done" ] || joined "$1" "$3"
    began=$first
  fi
  told "$1" "$ended" "$status" "$3"
  ends "$1"
  settle
}

# --- Here it starts ------------------------------------------------------------------------------------------------------

ulimit -c 0
# More processes than a look needs, where the account is the reader's alone: a person's own, on this machine, may run
# more already, and would then run nothing here.
case $lib in /usr/local/lib/holdfast/*) ulimit -u 256 2>/dev/null || ulimit -p 256 2>/dev/null || : ;; esac
uptime_now
began=$now
denials='' exceptions='' roots='' wides='' programs=''
# Of a runner started again: the front has said long ago that it is ready.
[ ! -e "$work/rules" ] || load_rules
# What the one before was killed with.
read -r number what deadline began_then <"$work/running"
if [ -n "$deadline" ]; then
  began=$began_then wrote=0 complained=0
  [ ! -f "$work/out.$number" ] || wrote=$(wc -c <"$work/out.$number")
  [ ! -f "$work/err.$number" ] || complained=$(wc -c <"$work/err.$number")
  told "$number" timeout 9 "$wrote"
  ends "$number"
fi
while read -r what rest <&7; do
  # shellcheck disable=SC2086 # numbers, codes, and words spelled so that they are one word
  set -- $rest
  uptime_now
  began=$now
  case $what in
    ready) [ ! -e "$work/rules" ] || load_rules ;;
    run) run "$@" ;;
    snapshot) snapshot "$@" ;;
    hello) hello "$@" ;;
    refuse)
      refuse "$@"
      [ "$2" != no-grammar ] || over ;;
    bad)
      refuse "$1" bad-request -
      over ;;
    bye) over ;;
  esac
done
# The front died: of a line that nobody could hold.
refuse 0 bad-request -
over
