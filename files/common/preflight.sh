#!/bin/sh
# What a host must have before anything is changed on it. Reads only, and starts few programs where a member runs already.
# Arguments: data directory, port of PostgreSQL, locale of a new data directory ("" where none is made), names of units that
# must not run, in one word; then the packages that will be installed.
# Answers: lines of NAME VALUE.
PATH=$PATH:/usr/sbin:/sbin
data=$1 port=$2 locale=$3 strangers=$4
shift 4

echo "now $(date +%s)"
while read -r name value _; do
  [ "$name" = MemTotal: ] && { echo "memory_kb $value"; break; }
done </proc/meminfo

# A container's memory is limited from outside; what it is told is its machine's.
for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
  [ -r "$file" ] && read -r limit <"$file" && echo "limit $limit"
done

# The file system that will hold the data: that of the nearest folder there is.
place=$data
while [ ! -d "$place" ]; do place=${place%/*}; [ -n "$place" ] || place=/; done
df -Pk -- "$place" | { read -r _; read -r _ _ _ free _ mount; echo "free_kb $free"; echo "mount $mount"; }

# Names of units are words.
# shellcheck disable=SC2086
[ -z "$strangers" ] || for unit in $strangers; do
  systemctl is-active --quiet "$unit" 2>/dev/null && echo "stranger $unit"
done

[ -e "$data/PG_VERSION" ] && { echo "data yes"; exit 0; }

# A listening socket has state 0A; its port stands behind the last colon, in hexadecimal (proc(5)).
hex=$(printf '%04X' "$port")
for table in /proc/net/tcp /proc/net/tcp6; do
  [ -r "$table" ] || continue
  while read -r _ own _ state _; do
    [ "$state" = 0A ] && [ "${own##*:}" = "$hex" ] && { echo "taken $port"; break; }
  done <"$table"
done | sort -u

[ -z "$locale" ] || locale -a 2>/dev/null | while read -r name; do echo "locale $name"; done

command -v apt-cache >/dev/null || exit 0
# Without lists apt knows of no package: they are read before the first installation.
for list in /var/lib/apt/lists/*_Packages*; do
  [ -e "$list" ] || continue
  for package do
    dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' && continue
    apt-cache show --no-all-versions "$package" >/dev/null 2>&1 || echo "missing $package"
  done
  break
done
exit 0
