/** Kinds of fleet hosts, and what makes a booted host one of its kind. */

export const KINDS = {
  plain: 'Debian 12 as it comes; ops may sudo without a password',
  'no-sudo': 'no sudo at all; root has the operator key, ops is an ordinary account',
  busybox: 'sh, awk and the usual tools are those of BusyBox',
  'old-ssh': 'ssh-keygen says what one before 8.1 says: it cannot verify signatures',
  bastion: 'stands on the inner network as well',
  inner: 'reached through the bastion only',
} as const;
export type Kind = keyof typeof KINDS;

export function isKind(word: string): word is Kind {
  return Object.hasOwn(KINDS, word);
}

/** `sh -s KIND KEY`: waits for the boot, makes it that kind, lets the operator in, prints the host keys. */
export const SETUP = `set -eu
kind=$1 key=$2 tries=0
until state=$(systemctl is-system-running --wait 2>/dev/null) || [ "$state" = degraded ]; do
  tries=$((tries + 1))
  [ $tries -lt 150 ] || { echo "does not boot: $state" >&2; exit 1; }
  sleep 0.2
done
echo "$key" | install -m 600 -o ops -g ops /dev/stdin /home/ops/.ssh/authorized_keys
case $kind in
  no-sudo)
    rm -f /usr/bin/sudo /usr/bin/sudoedit /etc/sudoers.d/ops
    install -d -m 700 /root/.ssh
    echo "$key" | install -m 600 /dev/stdin /root/.ssh/authorized_keys ;;
  busybox)
    for tool in sh awk sed grep egrep fgrep find xargs sort head tail cut tr wc od base64 cat ls cp mv rm \\
      mkdir rmdir chmod chown readlink realpath mktemp touch tee timeout env printf test expr sleep uname \\
      hostname ps df du free uptime date id stat sha256sum sync tar logger setsid seq uniq basename dirname \\
      getopt kill pidof ss which who; do
      if busybox --list | grep -qx "$tool" && [ -e "/usr/bin/$tool" ]; then
        busybox ln -sf busybox "/usr/bin/$tool"
      fi
    done ;;
  old-ssh)
    mv /usr/bin/ssh-keygen /usr/bin/ssh-keygen.real
    cat > /usr/bin/ssh-keygen <<'END'
#!/bin/sh
case " $* " in *' -Y '*) echo 'unknown option -- Y' >&2; exit 1 ;; esac
exec /usr/bin/ssh-keygen.real "$@"
END
    mv /usr/bin/ssh /usr/bin/ssh.real
    cat > /usr/bin/ssh <<'END'
#!/bin/sh
[ "$*" != -V ] || { echo 'OpenSSH_7.9p1 Debian-10+deb10u4, OpenSSL 1.1.1n  15 Mar 2022' >&2; exit 0; }
exec /usr/bin/ssh.real "$@"
END
    chmod 755 /usr/bin/ssh-keygen /usr/bin/ssh ;;
esac
cut -d ' ' -f 1,2 /etc/ssh/ssh_host_*_key.pub
`;
