#!/bin/sh
# Makes a copied data directory known to Debian's tools. Arguments: data directory, version, name, port.
set -e
data=$1 version=$2 name=$3 port=$4
# As the account that owns the folder: root would follow a link that is put there.
# shellcheck disable=SC2016
runuser -u "$(stat -c %U -- "$data")" -- sh -ec 'umask 077
  cp -- "$1" "$2/postgresql.conf"
  : >"$2/pg_hba.conf"
  : >"$2/pg_ident.conf"' files "/usr/share/postgresql/$version/postgresql.conf.sample" "$data"
pg_createcluster "$version" "$name" --datadir "$data" --port "$port" --start-conf manual
