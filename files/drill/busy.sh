#!/bin/sh
# Keeps every processor of a host busy: so many endless loops for each of them.
# Arguments: loops a processor, seconds after which they end by themselves.
# They run in a unit of their own, so that they are ended together and nothing of them outlives it.
unit=hactl-drill-busy
count=$(($1 * $(nproc)))
systemctl stop "$unit" 2>/dev/null
systemctl reset-failed "$unit" 2>/dev/null
# The inner shell expands these.
# shellcheck disable=SC2016
exec systemd-run --quiet --unit="$unit" --property=RuntimeMaxSec="$2" --property=KillSignal=SIGKILL sh -c '
n=$1
while [ "$n" -gt 1 ]; do
  (while :; do :; done) &
  n=$((n - 1))
done
while :; do :; done' busy "$count"
