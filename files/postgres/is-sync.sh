#!/bin/sh
# Whether commits wait for a standby. Arguments: its name, port, folder of the socket.
printf '%s\n' "select count(*) from pg_stat_replication where application_name = :'standby' and state = 'streaming' and sync_state = 'sync'" |
  runuser -u postgres -- psql -XAtqw -p "$2" -h "$3" -d postgres -v "standby=$1" | grep -qx 1
