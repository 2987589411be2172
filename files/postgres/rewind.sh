#!/bin/sh
# Takes back what only this member has (pg_rewind), as the account that owns the data.
# Arguments: data directory, folder of programs, folder of postgresql.conf, connection string of the primary, folder of the
# agent's state, name of the member, and what is taken back, in words.
set -eu
data=$1 bin=$2 conf=$3 source=$4 state=$5 on=$6 lost=$7
# The lock keeps the agent from starting a half-rewound directory, the note tells the next run of it. A lock that
# is there is root's: nobody else may touch it.
[ -e "$state/PGSQL.lock" ] || touch "$state/PGSQL.lock"
touch "$state/rewinding"
case "$("$bin/pg_controldata" -D "$data" | sed -n 's/^Database cluster state: *//p')" in
  'in production')
    # A start that the lock refused has left the mark of a standby, which a single-user server knows nothing of.
    rm -f "$data/postmaster.pid" "$data/standby.signal" "$data/recovery.conf"
    "$bin/postgres" --single -F -D "$data" -c config_file="$conf/postgresql.conf" -c synchronous_standby_names= template1 </dev/null >/dev/null
    ;;
esac
[ -z "$lost" ] || echo "taken back: $lost" >&2
if ! "$bin/pg_rewind" --target-pgdata "$data" --source-server "$source" >&2; then
  echo "pg_rewind failed; copy it anew: rebuild-standby --on $on" >&2
  exit 1
fi
sync -f "$data"
rm -f "$state/rewinding"
