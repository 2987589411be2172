#!/bin/sh
# Asks a server over the replication protocol who it is, and for the history of its timeline when it is not the first.
# Argument: a connection string. Standard input: the password, or nothing.
target=$1
password=$(cat)
if [ -n "$password" ]; then
  PGPASSWORD=$password
  export PGPASSWORD
fi
ask() { printf '%s;\n' "$1" | psql --no-psqlrc -A -t -q -w -v ON_ERROR_STOP=1 -d "$target"; }
id=$(ask IDENTIFY_SYSTEM) || exit 2
echo "$id"
timeline=${id#*|} timeline=${timeline%%|*}
[ "$timeline" = 1 ] || ask "TIMELINE_HISTORY $timeline"
