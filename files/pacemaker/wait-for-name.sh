#!/bin/sh
# Lets commits wait for one standby, as the account that owns the folder: root would follow a link that is put there.
# Arguments: name of the standby, folder of the agent's state, port, folder of the socket.
set -e
new=$2/rep_mode.conf.hactl
rm -f -- "$new"
printf "synchronous_standby_names = '\"%s\"'\n" "$1" >"$new"
mv -f -T -- "$new" "$2/rep_mode.conf"
psql -XAtqw -p "$3" -h "$4" -d postgres -c 'select pg_reload_conf()'
