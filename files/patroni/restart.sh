#!/bin/sh
# Restarts Patroni and waits for PostgreSQL. Arguments: folder of the socket, port.
systemctl is-active --quiet patroni || exit 0
systemctl restart patroni
tries=0
while [ "$tries" -lt 120 ]; do
  runuser -u postgres -- psql -XAtqw -h "$1" -p "$2" -d postgres -c 'select 1' >/dev/null 2>&1 && exit 0
  tries=$((tries + 1))
  sleep 1
done
echo "PostgreSQL did not answer within two minutes after the restart of Patroni" >&2
exit 1
