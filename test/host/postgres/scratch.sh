#!/bin/sh
# A throw-away server for capturing module cases: `scratch.sh up [SQL]`, `scratch.sh stop`, `scratch.sh down`.
# Local socket only, port 5599, below /srv/hactl-pg-case; `down` ends it by its data directory and removes it.
set -e
dir=/srv/hactl-pg-case bin=/usr/lib/postgresql/15/bin port=5599
as() { runuser -u postgres -- "$@"; }
stop() { as $bin/pg_ctl -D $dir/data -m immediate -w stop >/dev/null 2>&1 || true; }
case $1 in
up)
  stop
  rm -rf $dir
  install -d -o postgres -g postgres $dir
  as $bin/initdb -D $dir/data -E UTF8 --locale=C.UTF-8 -k --auth-local=peer --auth-host=scram-sha-256 >/dev/null
  printf "port = $port\nunix_socket_directories = '$dir'\nlisten_addresses = ''\nfsync = off\n" >>$dir/data/postgresql.conf
  as $bin/pg_ctl -D $dir/data -l $dir/log -w start >/dev/null
  [ -z "$2" ] || as psql -XAtq -v ON_ERROR_STOP=1 -h $dir -p $port -d postgres -c "$2" >/dev/null
  ;;
standby)
  "$0" up
  as $bin/pg_basebackup -h $dir -p $port -D $dir/copy -R -c fast
  stop
  rm -rf $dir/data
  mv $dir/copy $dir/data
  as $bin/pg_ctl -D $dir/data -l $dir/log -w start >/dev/null
  ;;
stop) stop ;;
down)
  stop
  rm -rf $dir
  ;;
esac
