#!/bin/sh
# Whether no setting waits for a restart. Arguments: port, folder of the socket.
test "$(runuser -u postgres -- psql -XAtqw -p "$1" -h "$2" -d postgres -c 'select count(*) from pg_settings where pending_restart')" = 0
