/**
 * How a Linux host is seen whole, and how a job on one is killed: scripts for `sh -c`, run apart from
 * the road that is tried.
 */

/** Where the state of a host lies that actions change; more are given as words after these. */
export const WATCHED: readonly string[] = [
  '/etc',
  // What is enabled is links here and below /etc: systemd itself takes half a second to tell.
  '/run/systemd/system',
  '/usr/local',
  '/srv',
  '/root',
  '/home',
  '/var/spool/cron',
  '/var/tmp',
];

/**
 * One line for each thing that is watched for change; its words are directories. Left out are units
 * that come and go by themselves, the copies that shadow-utils leave behind (also the new file of one that was
 * killed, which nothing reads), and what lies below HOLDFAST_APART. Process ids and times are no state;
 * of kernel parameters only those that stay as they were set are told.
 */
export const SNAPSHOT = `
LC_ALL=C; export LC_ALL
apart=\${HOLDFAST_APART:-/nowhere}
unread='! -path /etc/passwd.[0-9]* ! -path /etc/shadow.[0-9]* ! -path /etc/group.[0-9]* ! -path /etc/gshadow.[0-9]*'
set -f
if [ -d /run/systemd/system ]; then
  systemctl list-units --all --plain --no-legend --full --type=service,socket |
    awk '$1 !~ /^(run-|session-|user@|user-runtime|systemd-tmpfiles|systemd-hostnamed|systemd-timedated|systemd-localed|apt-|dpkg-|logrotate|e2scrub|modprobe@)/ { print "unit", $1, $2, $3, $4 }'
fi
if command -v dpkg-query >/dev/null; then
  dpkg-query -W -f 'package \${Package} \${Version} \${db:Status-Abbrev} \${db:Status-Want}\\n'
fi
for place; do
  [ -e "$place" ] || continue
  find "$place" ! -name '*-' $unread ! -path "$apart" ! -path "$apart/*" -xdev -printf 'path %y %m %u:%g %p %l\\n'
  find "$place" ! -name '*-' $unread ! -path "$apart/*" -xdev -type f -exec sha256sum {} +
done
if command -v sysctl >/dev/null; then
  sysctl --all --pattern '^(dev|fs[.](protected|suid)|kernel[.](core_|dmesg|kptr|panic|perf_event_p|randomize|sysrq|unpriv)|net[.](core|ipv[46])|vm[.](mmap|overc|panic|swappi|unpriv))' 2>/dev/null |
    sed 's/^/kernel /'
fi
ss -H -l -t -u -n | awk '{ print "listens", $1, $5 }'
exit 0
`;

/** Kills everything of a job from the first moment that there is anything of it; its words: host directory, nonce. */
export const KILL_JOB = `
directory=$1 nonce=$2 tries=0
while [ ! -e "$directory/jobs/$nonce/result" ] && [ $((tries += 1)) -lt 500 ]; do
  for found in $(grep -lsz "^HOLDFAST_JOB=$nonce$" /proc/[0-9]*/environ); do
    pid=\${found#/proc/}
    kill -KILL "\${pid%/environ}" 2>/dev/null && tries=490
  done
done
exit 0
`;
