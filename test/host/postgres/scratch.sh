#!/bin/sh
# A throw-away server for capturing module cases: `scratch.sh up [SQL]`, `scratch.sh stop`, `scratch.sh down`.
# Local socket only, port 5599, below /srv/hactl-pg-case; `down` ends it by its data directory and removes it.
set -e
dir=/srv/hactl-pg-case bin=/usr/lib/postgresql/15/bin port=5599
as() { runuser -u postgres -- "$@"; }
stop() {
  for each in data next; do
    [ ! -d $dir/$each ] || as $bin/pg_ctl -D $dir/$each -m immediate -w stop >/dev/null 2>&1 || true
  done
}
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
# A primary (`next`, port 5598) was promoted beside `data`, which went on by $2 and is down.
diverged)
  "$0" up
  printf "listen_addresses = '127.0.0.1'\n" >>$dir/data/postgresql.conf
  sed -i 's/scram-sha-256/trust/' $dir/data/pg_hba.conf
  as $bin/pg_ctl -D $dir/data -l $dir/log -w restart >/dev/null
  as $bin/pg_basebackup -h $dir -p $port -D $dir/next -R -c fast
  printf 'port = 5598\n' >>$dir/next/postgresql.conf
  as $bin/pg_ctl -D $dir/next -l $dir/log-next -w start >/dev/null
  as $bin/pg_ctl -D $dir/next -w promote >/dev/null
  [ -z "$2" ] || as psql -XAtq -v ON_ERROR_STOP=1 -h $dir -p $port -d postgres -c "$2" >/dev/null
  as $bin/pg_ctl -D $dir/data -m immediate -w stop >/dev/null
  ;;
stop) stop ;;
down)
  stop
  rm -rf $dir
  ;;
esac
