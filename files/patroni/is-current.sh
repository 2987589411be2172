#!/bin/sh
# Whether the programs that run are those of the packages. Arguments: port, folder of the socket, folder of programs.
running=$(runuser -u postgres -- psql -XAtqw -p "$1" -h "$2" -d postgres -c 'show server_version')
[ -n "$running" ] && [ "$("$3/postgres" --version)" = "postgres (PostgreSQL) $running" ] || exit 1
began=$(systemctl show -p ExecMainStartTimestamp --value patroni)
installed=$(stat -c %Y /var/lib/dpkg/info/patroni.list)
[ "$(date -d "$began" +%s)" -gt "$installed" ]
