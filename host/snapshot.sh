#!/bin/sh
# What the collectors read of a machine, read in one go and printed as records (docs/reading.md, Snapshots). Runs as
# any account, changes nothing, needs sh, awk, find, stat and sha256sum; what else is missing is left out.
#
# One awk holds it all: files are read by it, whole, before their length is announced, so that a file that changes
# meanwhile cannot shift what follows. Names that come from others are never trusted to stand in one line.
# Of files that may hold a secret only the lines, or the parts of lines, that become facts are printed.
LC_ALL=C TZ=UTC SYSTEMD_PAGER=cat SYSTEMD_COLORS=0 LESSSECURE=1 QUOTING_STYLE=literal
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL TZ SYSTEMD_PAGER SYSTEMD_COLORS LESSSECURE QUOTING_STYLE PATH
umask 077
cd / || exit 69
limit=''
command -v timeout >/dev/null 2>&1 && limit='timeout 15 '
asks=''
[ -S /run/docker.sock ] && [ -w /run/docker.sock ] && asks="$asks docker"
# Of others podman would show their own containers, and make a store for them first.
[ -w /var/lib/containers/storage ] && asks="$asks podman"

awk -v now="$(date +%s)" -v limit="$limit" -v asks="$asks " '
BEGIN {
  setup()
  record("holdfast-snapshot\t1"); records = 0
  record("now\t" now)
  places(watched, 1); places(certified, 2); places(listed, 4)
  n = split(stated, w, / /); for (i = 1; i <= n; i++) tell[w[i]]
  n = split(read, w, / /); for (i = 1; i <= n; i++) { tell[w[i]]; reads[w[i]] }
  n = split(parameters, w, / /); for (i = 1; i <= n; i++) { tell["/proc/sys/" w[i]]; reads["/proc/sys/" w[i]] }
  how["/etc/passwd"] = how["/etc/group"] = "accounts"
  how["/etc/crontab"] = how["/etc/anacrontab"] = "cron"
  how["/etc/ssh/sshd_config"] = "sshd"
  how["/proc/stat"] = "^btime "; how["/proc/cpuinfo"] = "^(processor|model name|Model)[ \t]*:"
  how["/lib/apk/db/installed"] = "^(P:|V:|A:|$)"
  how["/proc/net/tcp"] = how["/proc/net/tcp6"] = "0A"; how["/proc/net/udp"] = how["/proc/net/udp6"] = "07"
  walk()
  choose()
  homes()
  while (inspect() && hops++ < 8);
  complain()
  for (p in tell) tell_path(p)
  tell_lists()
  hashes()
  packages()
  sockets()
  programs()
  print "end\t" records
}

# Of what the walk found, the files whose text is wanted.
function choose(   p, n, w, i) {
  for (p in tell) {
    if (parent(p) == "/sys/class/net") {
      found[p "/device"]; found[p "/master"]
      n = split("flags address uevent type mtu operstate", w, / /)
      for (i = 1; i <= n; i++) attribute[p "/" w[i]]
    }
    else if (parent(p) == "/sys/block") { if (base(p) !~ /^(ram|zram|nbd|fd|sr)[0-9]+$/) device(p) }
    else if (index(use[p], "2") && named_certificate(p)) {
      if (p == "/etc/ssl/certs/ca-certificates.crt" || certificates++ >= 2000) continue
      reads[p]; how[p] = "certificate"
      # What is linked there belongs to the authorities of the distribution.
      if (parent(p) != "/etc/ssl/certs") follows[p]
    }
    else if (p ~ /^\/etc\/ssh\/sshd_config\.d\//) { reads[p]; how[p] = "sshd" }
    else if (p ~ /^\/etc\/sudoers\.d\//) reads[p]
    else if (p ~ /^\/etc\/cron\.d\// || p ~ /^\/var\/spool\/cron\/./) { reads[p]; how[p] = "cron" }
  }
  for (p in found) tell[p]
  for (p in attribute) { tell[p]; reads[p] }
}
function device(at,   n, w, i, cmd, line) {
  attribute[at "/size"]
  if ((getline line < (at "/size")) <= 0 || line + 0 == 0) return
  close(at "/size")
  n = split("dm/uuid dm/name loop/backing_file device/model ro removable", w, / /)
  for (i = 1; i <= n; i++) attribute[at "/" w[i]]
  found[at "/slaves"]
  cmd = "exec find " quoted(at "/") " " quoted(at "/slaves/") " -mindepth 1 -maxdepth 1 2>/dev/null"
  names[at] = names[at "/slaves"] = ""
  opened[at]; opened[at "/slaves"]
  while ((cmd | getline line) > 0) {
    child(parent(line) == at "/slaves" ? at "/slaves" : at, base(line))
    if (parent(line) == at "/slaves") {
      attribute["/sys/block/" base(line) "/dm/name"]; attribute["/sys/block/" base(line) "/loop/backing_file"]
    }
    else if (index(base(line), base(at)) == 1) { attribute[line "/size"]; attribute[line "/ro"] }
  }
  close(cmd)
}

# Whether PATH could be read whole; its text, or what may be told of it, is then gathered.
function slurp(path,   line, got, as, first, f, at, out) {
  as = how[path]
  while ((got = (getline line < path)) > 0) {
    if (as == "") add(line)
    else if (as == "accounts") add(without_password(line))
    else if (as == "0A" || as == "07") {
      split(line, f)
      if (f[4] == as) inodes[f[10]]
      if (!first++ || f[4] == as) add(line)
    }
    else if (as == "cron") { if (line !~ /^[ \t]*(#|[A-Za-z_"\047][A-Za-z0-9_"\047]*[ \t]*=)/) add(line) }
    else if (as == "sshd") add(tolower(line) ~ /^[ \t]*setenv[ \t=]/ ? without_value(line) : line)
    else if (as == "keys") add(without_environment(line))
    else if (as == "certificate") {
      if (!first++ && line ~ /^0\202/) { close(path); return der(path) }
      if (line ~ /-----BEGIN CERTIFICATE-----/) at = 1
      if (at) add(line)
      if (line ~ /-----END CERTIFICATE-----/) at = 0
    }
    else if (line ~ as) add(line)
    if (size > FILE) break
  }
  close(path)
  if (got < 0) clear()
  return got >= 0
}
function without_password(line) {
  match(line, /^[^:]*:?/)
  return substr(line, 1, RLENGTH) (sub(/^[^:]*:[^:]*/, "x", line) ? line : "")
}
function without_value(line) { match(line, /^[ \t]*[A-Za-z]+[ \t=]+[^= \t]*/); return substr(line, 1, RLENGTH) "=…" }
function without_environment(line,   out) {
  while (match(line, /[eE][nN][vV][iI][rR][oO][nN][mM][eE][nN][tT]="[^="]*=/)) {
    out = out substr(line, 1, RSTART + RLENGTH - 1) "…"
    line = substr(line, RSTART + RLENGTH)
    while (match(line, /^([^"\\]|\\.)/)) line = substr(line, RLENGTH + 1)
  }
  return out line
}
function tell_path(p,   e) {
  e = enc(p)
  if ((p in forged) || ((p in follows) && strayed(p))) { record("denied\t" e); return }
  if (!(p in mode)) { record(((p in gone) ? "none\t" : "denied\t") e); return }
  if (p !~ /^\/proc\// && !(p in attribute)) record("stat\t" e "\t" kind[p] "\t" told[p])
  if (kind[p] == "symlink" && (p in target))
    record("link\t" e "\t" enc(target[p]))
  if (!(p in reads) || kind[p] != "file" || (how[p] == "certificate" && bytes[p] > CERTIFICATE)) return
  if (slurp(p)) body("file\t" e)
  else record("denied\t" e)
}

# A directory without names may be one that will not be read.
function list(dir) { clear(); piece = names[dir]; size = length(piece); body("list\t" enc(dir)) }
function tell_lists(   p, cmd, line) {
  for (p in opened) {
    if (kind[p] != "directory" || (p in names) || (p in forged)) continue
    names[p] = ""
    cmd = cmd " " quoted(p)
  }
  if (cmd != "" && uid != 0) {
    cmd = "exec find" cmd " -maxdepth 1 2>&1 >/dev/null"
    while ((cmd | getline line) > 0) {
      sub("^[^/]*", "", line); sub(/\047?: [^:]*$/, "", line)
      if (!(line in names)) continue
      delete names[line]
      record("denied\t" enc(line))
    }
    close(cmd)
  }
  for (p in names) if ((p in opened) && !(p in odd)) list(p)
}

function packages(   p) {
  p = "/var/lib/dpkg/status"
  if (p in mode) {
    if (bytes[p] > 7340032) {
      program("dpkg-query -W -f=${Package}\\t${Version}\\t${Architecture}\\t${Status}\\n", "dpkg-query -W -f=\047${Package}\\t${Version}\\t${Architecture}\\t${Status}\\n\047")
      return
    }
    gather("exec grep -E \047^(Package|Version|Architecture|Status|Source):|^$\047 " p)
    if (size > 0) body("file\t" p)
    else record("denied\t" p)
  }
  else if (!("/lib/apk/db/installed" in mode) && (("/usr/lib/sysimage/rpm" in mode) || ("/var/lib/rpm" in mode)))
    program("rpm -qa --qf %{NAME}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\t%{ARCH}\\n", "rpm -qa --qf \047%{NAME}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\t%{ARCH}\\n\047")
}

function sockets(   cmd, line, p, n, w, i) {
  if (!holders("-lnq")) holders("-ln")
  names["/proc"] = ""
  for (p in held) {
    child("/proc", p)
    n = split(held[p], w, / /)
    for (i = 1; i <= n; i++) {
      if (w[i] == "") continue
      child("/proc/" p "/fd", w[i])
      record("link\t/proc/" p "/fd/" w[i] "\tsocket:%5B" socket[p, w[i]] "%5D")
    }
    cmd = cmd " /proc/" p "/exe"
    list("/proc/" p "/fd")
    if (slurp("/proc/" p "/comm")) body("file\t/proc/" p "/comm")
    if (slurp("/proc/" p "/cgroup")) body("file\t/proc/" p "/cgroup")
  }
  list("/proc")
  if (cmd == "") return
  cmd = "exec ls -ldn" cmd " 2>/dev/null"
  while ((cmd | getline line) > 0) {
    if (!match(line, / \/proc\/[0-9]+\/exe -> /)) continue
    p = substr(line, RSTART + 1, RLENGTH - 5)
    if (!(p in exes)) record("link\t" p "\t" enc(substr(line, RSTART + RLENGTH)))
    exes[p]
  }
  close(cmd)
}

function gather(cmd,   line) {
  clear()
  cmd = cmd " 2>/dev/null </dev/null"
  while ((cmd | getline line) > 0) add(line)
  close(cmd)
}
# Output and exit status of a program; ARGV is what it is announced as, blanks inside of a word as \001.
function program(argv, cmd,   line, held, any) {
  clear()
  cmd = "{ " cmd "; } 2>/dev/null </dev/null; echo \"=$?\""
  while ((cmd | getline line) > 0) {
    if (any++) add(kept(held))
    held = line
  }
  close(cmd)
  if (!match(held, /=[0-9]+$/)) { clear(); return }
  line = substr(held, RSTART + 1)
  if (RSTART > 1) add(kept(substr(held, 1, RSTART - 1)))
  body("program\t" words(argv) "\t" line)
}
function kept(line,   part, n, i, name) {
  if (taking == "settings") return tolower(line) ~ /^setenv / ? without_value(line) : line
  if (taking == "" ) return line
  # Units by name, from JSON, or from the first column where that is not known.
  if (line ~ /^[ \t]*[\[{]/) n = split(line, part, "\"" taking "\":\"")
  else if (line !~ /"/) { n = 2; part[2] = line; sub(/^[^A-Za-z0-9:_.\\-]+/, "", part[2]); sub(/[ \t].*$/, "", part[2]) }
  for (i = 2; i <= n; i++) {
    name = part[i]; sub(/".*$/, "", name); gsub(/\\\\/, "\\", name)
    if (name !~ /\.(service|timer|socket|path)$/ || name !~ /^[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]*$/ || name ~ /@\./) continue
    if (name !~ /^(run-|session-|user@[0-9]|user-runtime-dir@|systemd-coredump@|systemd-fsck@|dbus-:)/) unit[name]
  }
  return line
}
function words(argv,   n, w, i, out) {
  n = split(argv, w, / /)
  for (i = 1; i <= n; i++) out = out (i > 1 ? " " : "") enc(w[i])
  gsub(/%01/, "%20", out)
  return out
}
function same(argv) { program(argv, (argv ~ /^(systemctl|timedatectl|chronyc|podman|df) / ? limit : "") argv) }

function programs(   show, name, asked, n, cmd) {
  if ("/run/systemd/system" in mode) {
    taking = "unit_file"; same("systemctl list-unit-files --output=json --no-pager")
    taking = "unit"; same("systemctl list-units --all --output=json --no-pager")
    taking = ""
    show = "systemctl show --no-pager --property=Id,Type,LoadState,ActiveState,SubState,UnitFileState,Description," \
      "FragmentPath,DropInPaths,Transient,TriggeredBy,Triggers,User,NRestarts,StateChangeTimestamp,TimersCalendar," \
      "TimersMonotonic,NextElapseUSecRealtime,LastTriggerUSec,NeedDaemonReload --"
    for (name in unit) {
      asked = asked " " name; cmd = cmd " " quoted(name)
      if (++n % 400 == 0) { program(show asked, limit show cmd); asked = cmd = "" }
    }
    if (asked != "") program(show asked, limit show cmd)
    same("timedatectl show --no-pager")
  }
  if ("/run/chrony" in mode) same("chronyc -c -n tracking")
  taking = "settings"
  if ("/usr/sbin/sshd" in mode) same("/usr/sbin/sshd -T")
  taking = ""
  if (index(asks, " docker ")) program("docker ps --all --no-trunc --format {{json\001.}}", limit "docker ps --all --no-trunc --format \047{{json .}}\047")
  if (index(asks, " podman ")) same("podman ps --all --no-trunc --format json")
  same("df --local --block-size=1 --output=fstype,size,used,avail,itotal,iused,target")
  same("ip -json address show")
}

# >>> shared with collect
function setup(   line, w) {
  FILE = 1048576; TOTAL = 3145728; HASHED = 4194304; CERTIFICATE = 262144
  HEX = "0123456789abcdef"
  # Paths, and how many directories deep: files that security rests on, certificates, what is only listed.
  watched = "/etc/passwd 0 /etc/group 0 /etc/shadow 0 /etc/gshadow 0 /etc/subuid 0 /etc/subgid 0 /etc/login.defs 0" \
    " /etc/shells 0 /etc/securetty 0 /etc/nsswitch.conf 0 /etc/hosts 0 /etc/hosts.allow 0 /etc/hosts.deny 0" \
    " /etc/hostname 0 /etc/resolv.conf 0 /etc/host.conf 0 /etc/profile 0 /etc/bash.bashrc 0 /etc/environment 0" \
    " /etc/fstab 0 /etc/crypttab 0 /etc/exports 0 /etc/ld.so.preload 0 /etc/ld.so.conf 0 /etc/sysctl.conf 0" \
    " /etc/modules 0 /etc/rc.local 0 /etc/inittab 0 /etc/sudoers 0 /etc/sudo.conf 0 /etc/doas.conf 0 /etc/crontab 0" \
    " /etc/anacrontab 0 /etc/cron.allow 0 /etc/cron.deny 0 /etc/at.allow 0 /etc/at.deny 0 /etc/nftables.conf 0" \
    " /etc/fail2ban/jail.local 0 /etc/ssl/openssl.cnf 0 /etc/ssl/certs/ca-certificates.crt 0" \
    " /etc/pki/tls/certs/ca-bundle.crt 0 /etc/apt/sources.list 0 /etc/apt/auth.conf 0 /etc/docker/daemon.json 0" \
    " /etc/containers/policy.json 0 /etc/containers/registries.conf 0 /etc/chrony/chrony.conf 0 /etc/chrony.conf 0" \
    " /etc/ntp.conf 0 /etc/snmp/snmpd.conf 0 /boot/grub/grub.cfg 0 /root 0 /etc/ssh 2 /etc/sudoers.d 1 /etc/pam.d 1" \
    " /etc/security 2 /etc/cron.d 1 /etc/cron.hourly 1 /etc/cron.daily 1 /etc/cron.weekly 1 /etc/cron.monthly 1" \
    " /etc/cron.yearly 1 /etc/systemd 3 /etc/init.d 1 /etc/profile.d 1 /etc/ld.so.conf.d 1 /etc/sysctl.d 1" \
    " /etc/modprobe.d 1 /etc/modules-load.d 1 /etc/udev/rules.d 1 /etc/polkit-1 3 /etc/apt/sources.list.d 1" \
    " /etc/apt/trusted.gpg.d 1 /etc/apt/keyrings 1 /etc/apt/apt.conf.d 1 /etc/apt/preferences.d 1" \
    " /etc/apt/auth.conf.d 1 /etc/yum.repos.d 1 /etc/iptables 1 /etc/nftables.d 1 /etc/ufw 2 /etc/audit 2" \
    " /etc/update-motd.d 1 /etc/network 2 /etc/netplan 1 /etc/ssl/private 0"
  certified = "/usr/local/share/ca-certificates 2 /etc/pki/ca-trust/source/anchors 2 /etc/ssl 2 /etc/letsencrypt/live 2" \
    " /etc/pki/tls 2 /etc/nginx 3 /etc/apache2 3 /etc/httpd 3 /etc/haproxy 3 /etc/caddy 3 /etc/traefik 3 /etc/postfix 2" \
    " /etc/dovecot 2 /etc/exim4 1 /etc/postgresql 3 /etc/mysql 2 /etc/kubernetes 3 /etc/etcd 2 /etc/docker 3" \
    " /etc/openvpn 3 /etc/ipsec.d 2 /etc/swanctl 2 /etc/ldap 2 /etc/freeradius 4"
  listed = "/var/spool/cron 1 /var/spool/cron/crontabs 1 /sys/class/net 1 /sys/block 1"
  stated = "/run/systemd/system /run/docker.sock /var/lib/containers/storage /var/lib/dpkg/status /usr/lib/sysimage/rpm" \
    " /var/lib/rpm /usr/sbin/sshd /usr/bin/sshd /usr/lib/systemd/systemd /lib/systemd/systemd /usr/bin/sudo" \
    " /usr/local/bin/sudo /usr/sbin/cron /usr/sbin/crond /usr/bin/crond /usr/bin/dockerd /usr/sbin/dockerd" \
    " /usr/local/bin/dockerd /usr/bin/podman /usr/local/bin/podman /usr/sbin/auditd /sbin/auditd /sys/module/apparmor" \
    " /sys/fs/selinux/enforce /usr/sbin/chronyd /usr/sbin/nft /usr/sbin/ufw /run/chrony /run/ntpd.pid" \
    " /run/systemd/timesync/synchronized /etc/localtime /etc/os-release"
  read = "/etc/passwd /etc/group /etc/os-release /usr/lib/os-release /etc/debian_version /etc/timezone /etc/crontab" \
    " /etc/anacrontab /etc/sudoers /etc/ssh/sshd_config /lib/apk/db/installed /proc/sys/kernel/hostname /proc/1/comm" \
    " /proc/stat /proc/uptime /proc/loadavg /proc/sys/kernel/osrelease /proc/sys/kernel/version" \
    " /proc/sys/kernel/tainted /proc/cmdline /proc/sys/kernel/arch /proc/sys/kernel/random/boot_id /proc/cpuinfo" \
    " /proc/meminfo /proc/self/mounts /proc/net/route /proc/net/ipv6_route /proc/net/fib_trie /proc/net/if_inet6" \
    " /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6"
  parameters = "dev/tty/ldisc_autoload fs/protected_fifos fs/protected_hardlinks fs/protected_regular" \
    " fs/protected_symlinks fs/suid_dumpable kernel/core_pattern kernel/core_uses_pid kernel/dmesg_restrict" \
    " kernel/kexec_load_disabled kernel/kptr_restrict kernel/modprobe kernel/modules_disabled kernel/panic" \
    " kernel/panic_on_oops kernel/perf_event_paranoid kernel/pid_max kernel/randomize_va_space kernel/sysrq" \
    " kernel/unprivileged_bpf_disabled kernel/unprivileged_userns_clone kernel/yama/ptrace_scope" \
    " net/core/bpf_jit_harden net/core/somaxconn net/ipv4/conf/all/accept_redirects" \
    " net/ipv4/conf/all/accept_source_route net/ipv4/conf/all/forwarding net/ipv4/conf/all/log_martians" \
    " net/ipv4/conf/all/rp_filter net/ipv4/conf/all/secure_redirects net/ipv4/conf/all/send_redirects" \
    " net/ipv4/conf/default/accept_redirects net/ipv4/conf/default/accept_source_route" \
    " net/ipv4/conf/default/rp_filter net/ipv4/conf/default/send_redirects net/ipv4/icmp_echo_ignore_broadcasts" \
    " net/ipv4/icmp_ignore_bogus_error_responses net/ipv4/ip_forward net/ipv4/ip_local_port_range" \
    " net/ipv4/ip_unprivileged_port_start net/ipv4/tcp_rfc1337 net/ipv4/tcp_syncookies net/ipv4/tcp_timestamps" \
    " net/ipv6/conf/all/accept_ra net/ipv6/conf/all/accept_redirects net/ipv6/conf/all/accept_source_route" \
    " net/ipv6/conf/all/disable_ipv6 net/ipv6/conf/all/forwarding net/ipv6/conf/default/accept_ra" \
    " net/ipv6/conf/default/accept_redirects user/max_user_namespaces vm/mmap_min_addr vm/mmap_rnd_bits" \
    " vm/overcommit_memory vm/panic_on_oom vm/swappiness vm/unprivileged_userfaultfd"
  clear()
  uid = "?"
  while ((getline line < "/proc/self/status") > 0) if (split(line, w) > 2 && w[1] == "Uid:") uid = w[3]
}

function record(line) { print line; records++; printed += length(line) + 1 }

# Percent-encoded as in the host contract.
function enc(s,   out, i, c) {
  if (s !~ "[^A-Za-z0-9._~/:@,+=-]") return s
  if (!("A" in code)) for (i = 1; i < 256; i++) code[sprintf("%c", i)] = sprintf("%%%02X", i)
  for (i = 1; i <= length(s); i++) {
    c = substr(s, i, 1)
    out = out (c ~ "[A-Za-z0-9._~/:@,+=-]" ? c : code[c])
  }
  return out
}
# One word of a shell.
function quoted(s) { gsub(/\047/, "\047\\\047\047", s); return "\047" s "\047" }
# A slash in brackets stands in texts, not between slashes: there not every awk reads it alike.
function parent(p) { sub("/[^/]*$", "", p); return p == "" ? "/" : p }
function base(p) { sub(/^.*\//, "", p); return p }

# What is gathered to be announced with its length; dropped when it is too much.
function clear(   i) { for (i = 1; i <= piececount; i++) delete pieces[i]; piececount = size = 0; piece = "" }
function add(line) {
  size += length(line) + 1
  if (size > FILE) return
  piece = piece line "\n"
  if (length(piece) > 8192) { pieces[++piececount] = piece; piece = "" }
}
function body(head,   i) {
  if (size <= FILE && printed + size <= TOTAL) {
    record(head "\t" size)
    for (i = 1; i <= piececount; i++) printf "%s", pieces[i]
    print piece
    printed += size
  }
  clear()
}

function hex(s,   v, i) { for (i = 1; i <= length(s); i++) v = v * 16 + index(HEX, substr(s, i, 1)) - 1; return v + 0 }
function octal(s,   v) { v = hex(substr(s, length(s) - 2)); return int(v / 512) int(v / 64) % 8 int(v / 8) % 8 v % 8 }
function kind_of(s) {
  s = length(s) < 4 ? "0" : substr(s, 1, length(s) - 3)
  return s == "8" ? "file" : s == "4" ? "directory" : s == "a" ? "symlink" : s == "c" ? "socket" : "other"
}

function places(text, use,   w, n, i) {
  n = split(text, w, / /)
  for (i = 1; i < n; i += 2) {
    if (!(w[i] in uses)) roots[++rootcount] = w[i]
    uses[w[i]] = uses[w[i]] " " use ":" w[i + 1]
    place(w[i], w[i])
  }
}

# Every name below the places. A name with control characters is left out, and so is the list it would stand in.
function walk(   cmd, line, i) {
  for (i = 1; i <= rootcount; i++) cmd = cmd " " roots[i]
  cmd = "exec find" cmd " -maxdepth 4 -name \047*[[:cntrl:]]*\047 -prune -exec echo odd \\; -print -o -print 2>/dev/null"
  while ((cmd | getline line) > 0) {
    # No name holds a slash, so the line behind this one begins with the directory it is in.
    if (line == "odd") { if ((cmd | getline line) > 0) { sub(/[\001-\037\177].*$/, "", line); odd[parent(line)] } }
    else if (line ~ /^\//) for (i = line; i != "/"; i = parent(i)) if (i in uses) place(line, i)
  }
  close(cmd)
}
function place(path, root,   n, w, j, spec, rest, depth) {
  if (path != root) { rest = substr(path, length(root) + 1); depth = gsub(/\//, "/", rest) }
  n = split(uses[root], w, / /)
  for (j = 1; j <= n; j++) {
    if (w[j] == "") continue
    split(w[j], spec, /:/)
    if (depth + 0 > spec[2] + 0) continue
    tell[path]
    if (!index(use[path], spec[1])) use[path] = use[path] spec[1]
    if (depth + 0 < spec[2] + 0) opened[path]
    if (path != root) child(parent(path), base(path))
  }
}
function child(dir, name) {
  if ((dir, name) in known) return
  known[dir, name]
  names[dir] = names[dir] enc(name) "\n"
}

# Looks at whatever was not looked at yet; true when that led to something new.
function inspect(   p, cmd, more) {
  for (p in tell) if (!(p in seen)) queue[p]
  # Where others own directories, the way to a file matters too.
  for (p in follows) for (more = parent(p); more != "/" && !(more in seen); more = parent(more)) queue[more]
  for (p in queue) {
    seen[p]
    delete queue[p]
    cmd = cmd " " quoted(p)
    if (length(cmd) > 100000) { look(cmd); cmd = "" }
  }
  if (cmd != "") look(cmd)
  links()
  more = ""
  for (p in follows) {
    if ((p in followed) || kind[p] != "symlink" || !(p in target)) continue
    followed[p]
    more = resolved(p, target[p])
    if (more ~ /[\001-\037\177]/ || length(more) > 2000) continue
    arrived[more]; tell[more]
    if (p in reads) { reads[more]; how[more] = how[p] }
  }
  for (p in arrived) { follows[p]; delete arrived[p] }
  return more != ""
}
# Names stand in these answers, texts of links do not: nobody can make a link that looks like an answer.
function look(paths,   cmd, line, f, n, name) {
  cmd = "exec stat -c \047%f|%u|%g|%s|%Y|%n\047 --" paths " 2>/dev/null"
  while ((cmd | getline line) > 0) {
    n = split(line, f, /\|/)
    if (n < 6 || f[1] !~ /^[0-9a-f]+$/) continue
    name = substr(line, length(f[1] f[2] f[3] f[4] f[5]) + 6)
    if (!(name in seen)) continue
    if (name in mode) { forged[name]; continue }
    mode[name] = f[1]; kind[name] = kind_of(f[1]); owner[name] = f[2]
    told[name] = f[2] "\t" f[3] "\t" octal(f[1]) "\t" f[4] "\t" f[5]; bytes[name] = f[4]
  }
  close(cmd)
}
# Where links lead: those of root asked about apart from those that others made.
function links(   p, own, theirs) {
  for (p in seen) {
    if (kind[p] != "symlink" || (p in linked) || !told_link(p)) continue
    linked[p]
    if (owner[p] == 0) own = own " " quoted(p); else theirs = theirs " " quoted(p)
    if (length(own) > 100000) { read_links(own); own = "" }
    if (length(theirs) > 100000) { read_links(theirs); theirs = "" }
  }
  if (own != "") read_links(own)
  if (theirs != "") read_links(theirs)
}
function told_link(p) { return index(use[p], "1") || (p in follows) || p == "/etc/localtime" || p ~ "^/sys/class/net/[^/]*/master$" }
# A text that is not as long as the link says was cut, or is of another; two for one link are none.
function read_links(paths,   cmd, line, name, at) {
  cmd = "exec stat -c %N --" paths " 2>/dev/null"
  while ((cmd | getline line) > 0) {
    at = index(line, " -> ")
    if (!at) continue
    name = substr(line, 1, at - 1); line = substr(line, at + 4)
    if (name ~ /^\047\//) { name = substr(name, 2, length(name) - 2); line = substr(line, 2, length(line) - 2) }
    if (!(name in linked) || (name in answered)) { delete target[name]; continue }
    answered[name]
    if (length(line) == bytes[name] || name ~ /^\/sys\//) target[name] = line
  }
  close(cmd)
}
# Of what has no answer, what is certainly not there.
function complain(   p, cmd) {
  for (p in seen) {
    if (!(p in mode)) cmd = cmd " " quoted(p)
    if (length(cmd) > 100000) { complaints(cmd); cmd = "" }
  }
  if (cmd != "") complaints(cmd)
}
function complaints(paths,   cmd, line, p) {
  cmd = "exec stat --" paths " 2>&1 >/dev/null"
  while ((cmd | getline line) > 0) {
    if (line !~ /: (No such file or directory|Not a directory)$/) continue
    p = line
    sub(/: (No such file or directory|Not a directory)$/, "", p)
    sub("^[^/]*", "", p); sub(/\047$/, "", p)
    gone[p]
  }
  close(cmd)
}
function resolved(link, to,   n, w, i, m, out, part) {
  n = split(substr(to, 1, 1) == "/" ? to : parent(link) "/" to, w, /\//)
  for (i = 1; i <= n; i++) {
    if (w[i] == "..") { if (m) m-- }
    else if (w[i] != "" && w[i] != ".") part[++m] = w[i]
  }
  for (i = 1; i <= m; i++) out = out "/" part[i]
  return out == "" ? "/" : out
}
# Only root and we ourselves may have made a link on the way.
function strayed(p) {
  while ((p = parent(p)) != "/") if (kind[p] == "symlink" && owner[p] != 0 && owner[p] != uid) return 1
  return 0
}

function named_certificate(p) { return p ~ /\.([pP][eE][mM]|[cC][rR][tT]|[cC][eE][rR]|[cC][eE][rR][tT]|[dD][eE][rR])$/ }

# Where the keys of each account are, as sshd is told.
function homes(   line, f, n, i, p, patterns, home) {
  patterns = keyfiles("/etc/ssh/sshd_config", 0)
  if (patterns == "") patterns = ".ssh/authorized_keys .ssh/authorized_keys2"
  n = split(patterns, pattern, /[ \t]+/)
  while ((getline line < "/etc/passwd") > 0) {
    if (split(line, f, /:/) < 6 || f[3] !~ /^-?[0-9]+$/ || f[4] !~ /^-?[0-9]+$/) continue
    for (i = 1; i <= n && i <= 8; i++) {
      if (tolower(pattern[i]) == "none") continue
      p = expanded(pattern[i], f[1], f[3], f[6])
      home = f[6]; sub(/\/$/, "", home)
      if (p !~ /^\//) p = home "/" p
      if (p !~ /^\// || p ~ /[\001-\037\177]/ || p ~ /\/\.\.?(\/|$)/) continue
      tell[p]; follows[p]; reads[p]; how[p] = "keys"
      keyfile[p] = keyfile[p] ":" f[1]
    }
  }
  close("/etc/passwd")
}
function expanded(p, name, id, home,   out, at, c) {
  while ((at = index(p, "%")) > 0) {
    c = substr(p, at + 1, 1)
    out = out substr(p, 1, at - 1) (c == "h" ? home : c == "u" ? name : c == "U" ? id : c == "%" ? "%" : "%" c)
    p = substr(p, at + 2)
  }
  return out p
}
function keyfiles(path, depth,   line, word, rest, found, p, within) {
  while (found == "" && !within && (getline line < path) > 0) {
    sub(/^[ \t]+/, "", line)
    if (!match(line, /^[A-Za-z0-9]+([ \t]+|=)/)) continue
    word = tolower(substr(line, 1, RLENGTH)); sub(/[ \t=]+$/, "", word)
    rest = substr(line, RLENGTH + 1); gsub(/"/, "", rest); sub(/^[ \t=]+/, "", rest); sub(/[ \t\r]+$/, "", rest)
    if (word == "match") within = 1
    else if (word == "authorizedkeysfile") found = rest
    else if (word == "include" && depth == 0)
      for (p in reads) if (found == "" && p ~ /^\/etc\/ssh\/sshd_config\.d\/.*\.conf$/) found = keyfiles(p, 1)
  }
  close(path)
  return found
}

function hashes(   p, cmd) {
  for (p in tell) {
    if (!index(use[p], "1") || kind[p] != "file" || (p in forged) || bytes[p] > HASHED || secret(p)) continue
    cmd = cmd " " quoted(p)
    unhashed[p]
    if (length(cmd) > 100000) { hash(cmd); cmd = "" }
  }
  if (cmd != "") hash(cmd)
  for (p in unhashed) record("denied\t" enc(p))
}
function hash(paths,   cmd, line, p) {
  cmd = "exec sha256sum --" paths " 2>/dev/null"
  while ((cmd | getline line) > 0) {
    p = line
    if (sub(/^\\/, "", p)) gsub(/\\\\/, "\\", p)
    line = substr(p, 1, 64); p = substr(p, 67)
    if (line !~ /^[0-9a-f]*$/ || !(p in unhashed)) continue
    delete unhashed[p]
    record("sha256\t" enc(p) "\t" line)
  }
  close(cmd)
}
# Files whose content is a secret, or is hashed from one.
function secret(p) {
  return p ~ /^\/etc\/(g?shadow-?|apt\/auth\.conf(\.d\/.*)?|security\/opasswd|netplan\/.*|ufw\/.*secret.*)$/ ||
    p ~ "(_key|[.]key|[.]p12|[.]pfx|[.]jks|/id_[a-z0-9]+|/privkey[^/]*[.]pem)$"
}

# A certificate in DER holds any byte; told as PEM it is the same certificate.
function der(path,   cmd, line) {
  cmd = "exec base64 <" quoted(path) " 2>/dev/null"
  clear()
  add("-----BEGIN CERTIFICATE-----")
  while ((cmd | getline line) > 0) add(line)
  close(cmd)
  add("-----END CERTIFICATE-----")
  return 1
}

# The processes that hold a socket that waits, of those that we may look into; true when there were any at all.
function holders(options,   cmd, line, pid, i) {
  cmd = "exec ls " options " /proc/[0-9]*/fd 2>/dev/null"
  while ((cmd | getline line) > 0) {
    if (line ~ /^\/proc\/[0-9]+\/fd:$/) { pid = substr(line, 7); sub(/\/fd:$/, "", pid); continue }
    # A file may be named like a socket; then there are two arrows.
    if (pid == "" || line ~ / -> .* -> / || !match(line, / [0-9]+ -> socket:\[[0-9]+\]$/)) continue
    line = substr(line, RSTART + 1)
    i = line; sub(/^.*\[/, "", i); sub(/\]$/, "", i)
    if (!(i in inodes)) continue
    sub(/ .*$/, "", line)
    held[pid] = held[pid] " " line
    socket[pid, line] = i
    if (!(i in holder) || pid + 0 < holder[i] + 0) holder[i] = pid
  }
  close(cmd)
  return pid != ""
}
# <<< shared with collect
'
