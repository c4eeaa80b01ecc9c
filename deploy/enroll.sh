#!/bin/sh
# Enrols one host by hand: sends the script that `holdfast enroll <target> --write` printed, keeps what the host says.
#   holdfast enroll web-1 --write >web-1.sh
#   deploy/enroll.sh web-1.sh web-1 >web-1.answer        web-1: as your ssh knows it; root there, or sudo without a password
#   holdfast enroll web-1 --answer web-1.answer
set -eu
[ $# -eq 2 ] || {
  echo 'usage: enroll.sh SCRIPT HOST' >&2
  exit 2
}
script=$1 host=$2
case $host in -*) echo 'enroll.sh: not a host' >&2 && exit 2 ;; esac
if [ "$(ssh -T -- "$host" 'id -u' </dev/null)" = 0 ]; then
  answer=$(ssh -T -- "$host" 'sh -s' <"$script")
else
  answer=$(ssh -T -- "$host" 'sudo -n sh -s' <"$script")
fi
printf '%s\n' "$answer"
case $answer in
  'holdfast-enrol-answer 1
verdict ok'*) ;;
  *) exit 1 ;;
esac
