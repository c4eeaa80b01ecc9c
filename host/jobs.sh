# shellcheck shell=sh disable=SC2015 # `a && b || refuse`: refusing does not come back
# Jobs of holdfast-host: a program in a session of its own, detached from whoever asked, watched by a supervisor
# that ends the whole tree at the time limit or at a stop; and the receipts, numbered without gaps and chained.
#
# A job is jobs/<nonce>/: `open` until its receipt is written; `alive` is held (flock) by its supervisor, so the
# kernel says whether one is there, and no number of a process is ever guessed; `begun` is synced before the
# program starts; `result` is synced before the receipt is written.

OUTPUT_LIMIT=1048576
GRACE_SECONDS=2
CGROUPS=/sys/fs/cgroup/holdfast.jobs

# synced FILE...: on the disk. Without a sync that takes names, everything is synced.
synced() { sync "$@" 2>/dev/null || sync; }

# durably FILE: standard input becomes its content; after a crash it is the old or the new, never a mix.
durably() {
  cat >"$1.new" && synced "$1.new" && mv -f "$1.new" "$1" && synced "${1%/*}"
}

# --- Starting ----------------------------------------------------------------------------------------------------

# Who may be run as: this account, or, for root, another that exists.
can_run_as() {
  me=$(id -un)
  [ "$run_as" != "$me" ] || return 0
  [ "$(id -u)" = 0 ] && [ "$has_files" = no ] && setpriv --help 2>/dev/null | grep -q -e --init-groups &&
    case $run_as in *[!0-9]*) id -u -- "$run_as" >/dev/null 2>&1 ;; *) false ;; esac || refuse cannot-run-as
}

# begin: the nonce is spent, then a supervisor started. The caller holds the lock and waits afterwards.
begin() {
  job=$dir/jobs/$nonce
  cp "$work/part" "$work/part.parsed" "$made/" && echo "$order" >"$made/order" && echo "$part" >"$made/digest" &&
    : >"$made/alive" && : >"$made/open" || refuse cannot-record
  [ -e "$dir/nonces/$nonce" ] || rm -rf "$job"
  [ ! -e "$job" ] || refuse nonce-spent
  mv "$made" "$job" && synced "$job"/* "$job" "$dir/jobs" || refuse cannot-record
  # A stop does not wait for the lock to be marked; a job that it missed would go on.
  ! is_stopped || refuse stopped
  exec 8<"$job/alive"
  flock -n 8 && echo "$order" >"$work/spent" && synced "$work/spent" || refuse cannot-record
  # link(2) makes the name exclusively and with its content: there is no moment with a nonce half spent.
  ln "$work/spent" "$dir/nonces/$nonce" 2>/dev/null || refuse nonce-spent
  synced "$dir/nonces"
  setsid sh "$lib/holdfast-host" "$dir" supervise "$nonce" </dev/null >/dev/null 2>&1 9>&- &
  supervisor=$!
  echo "$supervisor" >"$job/supervisor"
  exec 8<&-
}

# --- The supervisor ------------------------------------------------------------------------------------------------

# An interruption says why the program has to end; the first one counts.
interrupt() {
  signals=$((signals + 1))
  [ -n "$why" ] || why=$1
}

supervise() {
  nonce=$1 job=$dir/jobs/$1 signals=0 why='' result='' status='' timeout=1 atomic=yes run_as=''
  trap 'interrupt timeout' USR1
  trap 'interrupt too-much' USR2
  trap 'interrupt stopped' TERM
  cd / || exit 1
  cgroup=''
  if [ "$(id -u)" = 0 ] && [ -f /sys/fs/cgroup/cgroup.procs ] && mkdir -p "$CGROUPS/host" "$CGROUPS/$nonce" 2>/dev/null; then
    # Out of the group of a service that may be restarted meanwhile.
    cgroup=$CGROUPS/$nonce
    echo 0 >"$CGROUPS/host/cgroup.procs"
  fi 2>/dev/null

  # The argv as it was signed: each word decoded by printf, seen by no parser, split by nothing.
  set --
  while read -r key value; do
    case $key in
      arg) word=$(printf '%b.' "$value") && set -- "$@" "${word%.}" ;;
      arg-file) set -- "$@" "$job/file-$value" ;;
      run-as) run_as=$value ;;
      timeout) timeout=$value ;;
      atomic) atomic=$value ;;
    esac
  done <"$job/part.parsed"
  [ "$atomic" = no ] || trap 'signals=$((signals + 1))' TERM
  program=$1
  [ "$run_as" = "$(id -un)" ] || set -- setpriv --reuid "$run_as" --regid "$(id -g -- "$run_as")" --init-groups -- "$@"

  input=/dev/null
  [ ! -f "$job/stdin" ] || input=$job/stdin
  date +%s | durably "$job/begun" || exit 1
  if ! can_start "$program"; then
    finish not-started 127
    return
  fi
  mkfifo "$job/stdout.pipe" "$job/stderr.pipe" || exit 1
  (exec 8<&-; keep stdout) &
  (exec 8<&-; keep stderr) &
  (
    exec 8<&-
    [ -z "$cgroup" ] || echo 0 >"$cgroup/cgroup.procs"
    umask 022
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/ HOLDFAST_JOB="$nonce" setsid -- "$@"
  ) <"$input" >"$job/stdout.pipe" 2>"$job/stderr.pipe" &
  child=$!
  (exec 8<&-; sleep "$timeout"; kill -USR1 $$) &

  seen=0
  while :; do
    wait "$child"
    got=$?
    # 127 after an interrupted wait: the shell had already told.
    [ "$got" = 127 ] && [ -n "$status" ] || status=$got
    [ "$signals" != "$seen" ] || break
    seen=$signals
    [ -z "$why" ] || end_tree "$child"
  done
  # What the program left running may hold its output open; that is waited for a moment only.
  tries=0
  until [ -e "$job/stdout.done" ] && [ -e "$job/stderr.done" ] || [ $((tries += 1)) -gt 20 ]; do sleep 0.05; done
  for stream in stdout stderr; do
    [ "$(wc -c <"$job/$stream.part")" -le "$OUTPUT_LIMIT" ] || why=${why:-too-much}
    head -c "$OUTPUT_LIMIT" <"$job/$stream.part" >"$job/$stream"
    rm -f "$job/$stream.part" "$job/$stream.pipe" "$job/$stream.done"
  done
  result=exited
  if [ "$status" -gt 128 ] && [ "$status" -le 192 ]; then result=signalled status=$((status - 128)); fi
  finish "${why:-$result}" "$status"
  [ -z "$cgroup" ] || rmdir "$cgroup" 2>/dev/null
  # The clock and the readers of output are in this group; the program is not.
  trap '' TERM
  kill -TERM 0
}

# keep STREAM: one stream into a file as it comes; the system ends the writer a little above what is kept, and that ends the job.
keep() {
  {
    (ulimit -f $((OUTPUT_LIMIT / 512 + 2)) && exec cat >"$job/$1.part")
    if [ "$(wc -c <"$job/$1.part")" -gt "$OUTPUT_LIMIT" ]; then
      kill -USR2 $$
      cat >/dev/null
    fi
  } <"$job/$1.pipe"
  : >"$job/$1.done"
}

# can_start PROGRAM: a file that may be executed, by its path or on the fixed PATH.
can_start() {
  case $1 in
    '' | -*) return 1 ;;
    */*) [ -f "$1" ] && [ -x "$1" ] ;;
    *) for place in /usr/sbin /usr/bin /sbin /bin; do [ -f "$place/$1" ] && [ -x "$place/$1" ] && return; done; return 1 ;;
  esac
}

# tree_of: what still runs of a job, also what left its session: everything started by it was given its nonce.
tree_of() { grep -l -e "HOLDFAST_JOB=$nonce" /proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3; }

# end_tree [GROUP]: SIGTERM to all of it, and after a short grace SIGKILL until nothing is left.
end_tree() {
  [ -z "${1-}" ] || kill -TERM "-$1" 2>/dev/null
  tree_of | while read -r each; do kill -TERM "$each" 2>/dev/null; done
  tries=0
  while [ -n "$(tree_of)" ] && [ $((tries += 1)) -le $((GRACE_SECONDS * 5)) ]; do sleep 0.2; done
  tries=0
  while :; do
    [ -z "${1-}" ] || kill -KILL "-$1" 2>/dev/null
    [ ! -f "$CGROUPS/$nonce/cgroup.kill" ] || echo 1 >"$CGROUPS/$nonce/cgroup.kill"
    left=$(tree_of)
    [ -n "$left" ] && [ $((tries += 1)) -le 20 ] || break
    printf '%s\n' "$left" | while read -r each; do kill -KILL "$each" 2>/dev/null; done
    sleep 0.05
  done
}

# finish RESULT STATUS: how it ended, on the disk before the receipt, so that a death in between loses nothing.
finish() {
  mine=$job
  : >>"$job/stdout" && : >>"$job/stderr" && synced "$job/stdout" "$job/stderr"
  echo "$1 $2 $(date +%s)" | durably "$job/result" || exit 1
  exec 9>"$dir/lock"
  flock 9
  settle_jobs
  job=$mine
  write_receipt
  exec 9>&-
}

# --- Receipts (under the lock) ---------------------------------------------------------------------------------------

last_receipt() {
  last=$(find "$dir/receipts" -type f ! -name '*.sig' ! -name 'next*' | sed 's|.*/||' | sort -n | tail -n 1)
  echo "${last:-0}"
}

# write_receipt: for $job, from its files. A number is taken when its receipt, signed and synced, has that name.
write_receipt() {
  nonce=${job##*/} begun=0 previous=$ZEROS
  read -r result status ended <"$job/result" || return 1
  read -r order <"$job/order" && read -r part <"$job/digest" || return 1
  [ ! -f "$job/begun" ] || read -r begun <"$job/begun"
  [ "$begun" != 0 ] || begun=$ended
  number=$(last_receipt)
  [ "$number" = 0 ] || previous=$(digest "$dir/receipts/$number")
  number=$((number + 1))
  next=$dir/receipts/next
  cat >"$next" <<END_OF_RECEIPT
holdfast-receipt 1
target $my_target
epoch $my_epoch
number $number
previous $previous
order $order
part $part
nonce $nonce
started $begun
ended $ended
result $result
status $status
stdout $(digest "$job/stdout") $(wc -c <"$job/stdout" | tr -d ' ')
stderr $(digest "$job/stderr") $(wc -c <"$job/stderr" | tr -d ' ')
end
END_OF_RECEIPT
  ssh-keygen -Y sign -f "$dir/receipt-key" -n holdfast-receipt@1 <"$next" >"$next.sig" 2>/dev/null &&
    [ -s "$next.sig" ] && synced "$next" "$next.sig" &&
    mv -f "$next.sig" "$dir/receipts/$number.sig" && mv "$next" "$dir/receipts/$number" &&
    synced "$dir/receipts" && close_job "$number"
}

# Copies of files go with the job: a plan, or an archive, may hold secrets.
close_job() {
  echo "$1" | durably "$job/receipt" && rm -f "$job/open" "$job"/file-[1-9]*
}

job_alive() { ! flock -n "$1/alive" true; }

# settle_jobs: what a death left open gets its receipt. Whether it ran to its end is not known when nobody saw it.
settle_jobs() {
  number=$(last_receipt)
  if [ "$number" != 0 ]; then
    job=$dir/jobs/$(sed -n 's/^nonce //p' "$dir/receipts/$number")
    [ ! -e "$job/open" ] || close_job "$number"
  fi
  for open in "$dir"/jobs/*/open; do
    [ -e "$open" ] || continue
    job=${open%/open}
    nonce=${job##*/}
    if [ ! -e "$dir/nonces/$nonce" ]; then
      rm -rf "$job"
      continue
    fi
    ! job_alive "$job" || continue
    if [ ! -f "$job/result" ]; then
      still_atomic && continue
      end_tree
      for stream in stdout stderr; do
        [ -f "$job/$stream" ] || head -c "$OUTPUT_LIMIT" <"$job/$stream.part" >"$job/$stream" 2>/dev/null || : >>"$job/$stream"
        rm -f "$job/$stream.part" "$job/$stream.pipe" "$job/$stream.done"
      done
      # `begun` is on the disk before the program starts.
      result=unknown
      [ -f "$job/begun" ] || result=not-started
      echo "$result 0 $(date +%s)" | durably "$job/result" || continue
    fi
    write_receipt
  done
}

# An atomic program whose supervisor died is left its time.
still_atomic() {
  grep -qx 'atomic yes' "$job/part" && [ -f "$job/begun" ] && [ -n "$(tree_of)" ] || return 1
  read -r begun <"$job/begun"
  [ "$(date +%s)" -lt $((begun + $(sed -n 's/^timeout //p' "$job/part"))) ]
}
