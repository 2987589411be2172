#!/bin/sh
# Prints the size of a data directory and the number of tablespaces. Arguments: data directory, port, folder of the socket.
du -sDL --block-size=1 "$1" 2>/dev/null | cut -f 1
runuser -u postgres -- psql -XAtqw -p "$2" -h "$3" -d postgres -c "select count(*) from pg_tablespace where spcname not in ('pg_default', 'pg_global')"
