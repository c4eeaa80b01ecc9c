#!/bin/sh
# Runs a command in a copy of the committed tree, on a Debian 12 that has nothing but Node and npm.
#
#   lab/clean-machine.sh [command]      by default: ./start --once
#
# The empty system is made by debootstrap once and kept under .cache/lab by the digest of its recipe.
# Everything else lives in a directory, a mount and a process namespace of its own and goes with them.
# Exits with the command's status, or 75 where this machine cannot make such a system.
set -eu

root=$(cd -- "$(dirname -- "$0")/.." && pwd -P)
# This machine's own Node and npm, not those of node_modules.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cache=${HOLDFAST_LAB_CACHE:-$root/.cache/lab}
run_seconds=${HOLDFAST_LAB_SECONDS:-420}
[ $# -gt 0 ] || set -- ./start --once

say() { printf 'clean-machine: %s\n' "$1" >&2; }
cannot() {
  say "cannot run here: $1"
  exit 75
}

[ "$(id -u)" = 0 ] || cannot 'it needs root'
for tool in debootstrap unshare chroot node npm git tar; do
  command -v "$tool" >/dev/null 2>&1 || cannot "$tool is not installed"
done
unshare --mount --pid --fork true 2>/dev/null || cannot 'no mount namespaces'

recipe='debootstrap --variant=minbase bookworm; without the package cache; form 1'
base=$cache/base-$(printf '%s' "$recipe" | sha256sum | cut -c 1-16).tar
mkdir -p "$cache"

scratch=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-clean.XXXXXX")
trap 'rm -rf --one-file-system "$scratch"' EXIT
trap 'exit 130' INT TERM HUP
machine=$scratch/machine
mkdir "$machine"

if [ ! -f "$base" ]; then
  say 'making an empty Debian 12 (once; a minute or so)'
  # The mirror this machine uses itself, else the default one of debootstrap.
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 'Component: main' 'Created-By: Packages' 2>/dev/null | head -n 1) || mirror=
  timeout 400 debootstrap --variant=minbase bookworm "$machine" ${mirror:+"$mirror"} </dev/null >"$scratch/log" 2>&1 || {
    tail -n 5 "$scratch/log" >&2
    cannot 'debootstrap could not make it'
  }
  rm -rf "$machine"/var/cache/apt/archives/*.deb "$machine"/var/lib/apt/lists/*
  tar -C "$machine" -cf "$base.$$" . && mv "$base.$$" "$base"
else
  tar -C "$machine" -xpf "$base"
fi

# Node and npm as they are here, and how this machine reaches the network. Never part of what is kept.
npm_home=$(dirname -- "$(dirname -- "$(readlink -f "$(command -v npm)")")")
mkdir -p "$machine/usr/lib/node_modules" "$machine/usr/etc" "$machine/root" "$machine/etc/ssl"
cp -L "$(command -v node)" "$machine/usr/bin/node"
cp -a "$npm_home" "$machine/usr/lib/node_modules/npm"
ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$machine/usr/bin/npm"
cp -aL /etc/ssl/certs "$machine/etc/ssl/" 2>/dev/null || true
for file in /etc/resolv.conf /etc/hosts /etc/npmrc /usr/etc/npmrc; do
  [ ! -f "$file" ] || cp -L "$file" "$machine$file"
done
for file in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
  ! grep -qs '^Acquire' "$file" || cp -L "$file" "$machine/etc/apt/apt.conf.d/"
done
[ ! -f "${HOME:-/root}/.npmrc" ] || cp -L "${HOME:-/root}/.npmrc" "$machine/root/.npmrc"

mkdir "$machine/root/holdfast"
git -c safe.directory="$root" -C "$root" archive --format=tar HEAD | tar -C "$machine/root/holdfast" -xf -

keep=
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY \
  NODE_EXTRA_CA_CERTS SSL_CERT_FILE SSL_CERT_DIR; do
  eval "value=\${$name:-}"
  # shellcheck disable=SC2154 # set by eval
  [ -z "$value" ] || keep="$keep $name"
done

say "running $* with Node $(node --version), at most $run_seconds seconds"
# shellcheck disable=SC2016,SC2086 # expanded inside; a list of names
timeout --kill-after=10 "$run_seconds" unshare --mount --pid --fork --kill-child sh -euc '
  machine=$1 keep=$2
  shift 2
  mount -t proc proc "$machine/proc"
  mount -t sysfs -o ro sysfs "$machine/sys" 2>/dev/null || true
  for device in null zero full random urandom; do
    [ -e "$machine/dev/$device" ] || touch "$machine/dev/$device"
    mount --bind "/dev/$device" "$machine/dev/$device"
  done
  for name in $keep; do
    eval "value=\$$name"
    set -- "$name=$value" "$@"
  done
  exec chroot "$machine" /usr/bin/env -i --chdir=/root/holdfast HOME=/root USER=root LANG=C.UTF-8 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
' sh "$machine" "$keep" "$@" </dev/null
