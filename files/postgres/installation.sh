#!/bin/sh
# Prints KEY=VALUE lines about one data directory. Reads only. Arguments: version, name, data directory, folder of programs
# (each may be empty), and where programs are looked for.
version=$1 name=$2 data=$3 bin=$4 own=$4 debian=
shift 4
for d in ${bin:+"$bin"} "$@"; do
  if [ -x "$d/initdb" ] && [ -x "$d/postgres" ]; then echo "bin=$d"; bin=$d; break; fi
done
etc=/etc/postgresql/$version/$name
real=$(sed -n "s/^[[:space:]]*data_directory[[:space:]]*=[[:space:]]*'\([^']*\)'.*/\1/p" "$etc/postgresql.conf" 2>/dev/null | tail -n 1)
[ -z "$real" ] || echo "registered=$real"
if [ -n "$own" ]; then :
elif [ -n "$real" ]; then
  data=${data:-$real}; [ "$data" != "$real" ] || debian=1
elif [ -n "$version" ] && command -v pg_createcluster >/dev/null; then
  data=${data:-/var/lib/postgresql/$version/$name}; [ -e "$data/postgresql.conf" ] || debian=1
fi
if [ -n "$debian" ]; then
  echo layout=debian; conf=$etc
  start=$(sed -n 's/^[[:space:]]*\([a-z][a-z]*\).*/\1/p' "$etc/start.conf" 2>/dev/null | head -n 1)
  [ -z "$start" ] || echo "start=$start"
else
  data=${data:-/var/lib/pgsql/$version/data}; conf=$data
fi
echo "data=$data"
if mountpoint -q "$data" 2>/dev/null; then echo mount=yes; fi
if [ ! -e "$data" ]; then echo state=absent
elif [ -z "$(ls -A "$data")" ]; then echo state=empty
elif [ -f "$data/PG_VERSION" ]; then echo state=cluster; echo "pgversion=$(cat "$data/PG_VERSION")"
else echo state=other; fi
if [ -e "$data/standby.signal" ] || [ -e "$data/recovery.conf" ]; then echo standby=yes; fi
if [ -e "$data/backup_label" ]; then echo fresh=yes; fi
if [ -e "$conf/postgresql.conf" ]; then
  echo configured=yes
  sed -n 's/^[[:space:]]*include/include=include/p' "$conf/postgresql.conf"
fi
if [ -x "$bin/pg_controldata" ] && [ -f "$data/global/pg_control" ]; then
  LC_ALL=C "$bin/pg_controldata" -D "$data" 2>/dev/null | sed 's/^/control=/'
fi
