/** What faults do inside a host: scripts for its root, each fine to run again. */

const HEAD = `set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
`;

export const STARTED = `${HEAD}tries=0
until state=$(systemctl is-system-running --wait 2>/dev/null) || [ "$state" = degraded ]; do
  tries=$((tries + 1))
  [ $tries -lt 150 ] || { echo "does not boot: $state" >&2; exit 1; }
  sleep 0.2
done
`;

export const REKEY = `${HEAD}old=/var/lib/lab-host-keys
if [ ! -d $old ]; then
  mkdir -m 700 $old
  cp -p /etc/ssh/ssh_host_* $old/
fi
rm -f /etc/ssh/ssh_host_*
/usr/local/sbin/lab-host-keys
systemctl reset-failed ssh.service
systemctl restart ssh.service
`;

export const OLD_HOST_KEYS = `${HEAD}old=/var/lib/lab-host-keys
if [ -d $old ]; then
  cp -p $old/* /etc/ssh/
  rm -rf $old
  systemctl reset-failed ssh.service
  systemctl restart ssh.service
fi
`;

// No room in any of these: a small file system of its own with what was there, where it is not one
// already, and then a file that fills it. This machine's disk is never filled.
const DISKS = '/var/lib/holdfast-host /var/tmp /tmp';
export const DISK_FULL = `${HEAD}for directory in ${DISKS}; do
  [ -d $directory ] || continue
  if ! mountpoint -q $directory; then
    used=$(du -sk $directory | cut -f 1)
    fresh=/run/lab-disk
    mkdir -p $fresh
    mount -t tmpfs -o size=$((used + 256))k,nr_inodes=0,mode=$(stat -c %a $directory) lab-disk $fresh
    cp -a $directory/. $fresh/
    mount --bind $fresh $directory
    umount $fresh
  fi
  dd if=/dev/zero of=$directory/.lab-full bs=4096 2>/dev/null || :
done
`;
export const DISK_OK = `${HEAD}for directory in ${DISKS}; do
  rm -f $directory/.lab-full
  [ "$(findmnt -n -o SOURCE --target $directory 2>/dev/null)" = lab-disk ] || continue
  kept=$(mktemp -d /run/lab-kept.XXXXXX)
  cp -a $directory/. $kept/
  umount -l $directory
  find $directory -mindepth 1 -maxdepth 1 -exec rm -rf {} +
  cp -a $kept/. $directory/
  rm -rf $kept
done
`;

// sh -s SECONDS. Only the programs that ask what time it is are told another; the rest of the host
// keeps its time.
export const CLOCK = `${HEAD}seconds=$1 library=$(ls /usr/lib/*/faketime/libfaketime.so.1)
mkdir -p /usr/lib/lab-clock
for program in date ssh-keygen; do
  real=/usr/lib/lab-clock/$program
  if [ "$seconds" = 0 ]; then
    [ ! -e $real ] || mv -f $real /usr/bin/$program
    continue
  fi
  [ -e $real ] || cp -aL /usr/bin/$program $real
  printf '#!/bin/sh\\nLD_PRELOAD=%s FAKETIME=%+d FAKETIME_DISABLE_SHM=1 exec %s "$@"\\n' \\
    "$library" "$seconds" $real > /usr/bin/$program.lab
  chmod 755 /usr/bin/$program.lab
  mv -f /usr/bin/$program.lab /usr/bin/$program
done
`;
