#!/bin/sh
# Restarts PostgreSQL in its place. Arguments: folder of programs, data directory, port, folder of the socket.
# In maintenance Pacemaker does not take the restart for a crash; it ends whatever happens here.
node=$(crm_node --name)
end() { crm_attribute --node "$node" --name maintenance --lifetime reboot --delete --quiet; }
trap end EXIT
trap 'exit 1' HUP INT TERM
set -e
crm_attribute --node "$node" --name maintenance --lifetime reboot --update on
crm_resource --wait --timeout=30
runuser -u postgres -- psql -XAtqw -p "$3" -h "$4" -d postgres -c checkpoint
runuser -u postgres -- "$1/pg_ctl" -D "$2" -s -m fast -w -t 300 restart >/dev/null </dev/null
