#!/bin/sh
# Eats the memory of a host, 64 MiB a process, as a server that grew too large would: whom the kernel kills is its choice.
# Argument: seconds after which it ends by itself.
# Without a choice of its own the kernel takes the largest; each of these is small beside a database.
unit=hactl-drill-hungry
most=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
# A container is told the memory of its machine; what it may take itself is less.
systemd-detect-virt -qc && [ "$most" -gt 2048 ] && most=2048
systemctl stop "$unit" 2>/dev/null
systemctl reset-failed "$unit" 2>/dev/null
# A unit whose process was killed for memory would be stopped as a whole: it goes on instead. Each takes its part anew
# every five seconds, so what was killed comes again, as it does where a service is restarted.
# The inner shell expands these.
# shellcheck disable=SC2016
exec systemd-run --quiet --unit="$unit" --property=RuntimeMaxSec="$1" --property=KillSignal=SIGKILL \
  --property=OOMPolicy=continue sh -c '
eat() {
  while :; do
    { head -c 67108864 /dev/zero; sleep 5; } | tail -c 67108864 >/dev/null
  done
}
n=$(($1 / 64 + 1))
while [ "$n" -gt 0 ]; do
  eat &
  n=$((n - 1))
done
wait' hungry "$most"
