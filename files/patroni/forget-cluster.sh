#!/bin/sh
# Removes what the lock service knows of a cluster. Argument: its scope.
[ -e /etc/patroni/config.yml ] || exit 0
if ! patronictl -c /etc/patroni/config.yml list -f json >/dev/null 2>&1; then
  echo 'etcd does not answer: its data is set aside with everything in it' >&2
  exit 0
fi
printf '%s\nYes I am aware\n\n' "$1" | patronictl -c /etc/patroni/config.yml remove "$1"
