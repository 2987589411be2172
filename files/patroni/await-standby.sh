#!/bin/sh
# Prints `streams` once the standby streams, or `stuck` once nothing has moved for so long: no rewind, copy or start under
# way. Arguments: seconds of quiet, port, folder of the socket.
quiet=$1 port=$2 socket=$3
end=$(($(date +%s) + 14400)) since=$(date +%s) last=
while [ "$(date +%s)" -lt "$end" ]; do
  seen=$(runuser -u postgres -- psql -XAtqw -h "$socket" -p "$port" -d postgres -c "select coalesce((select status from pg_stat_wal_receiver), '') || ' ' || coalesce(pg_last_wal_replay_lsn()::text, '')" 2>/dev/null)
  case $seen in streaming*)
    printf streams
    exit
    ;;
  esac
  if pgrep -u postgres -f 'pg_rewind|pg_basebackup|postgres: startup recovering' >/dev/null && [ "$seen" != "$last" ]; then
    since=$(date +%s)
  elif pgrep -u postgres -f '/pg_rewind |/pg_basebackup ' >/dev/null; then
    since=$(date +%s)
  fi
  last=$seen
  [ $(($(date +%s) - since)) -lt "$quiet" ] || break
  sleep 0.5
done
printf stuck
