#!/bin/sh
# Moves the data directory aside with its date, or removes a copy that was cut off, as the account that owns the folder it lies
# in: nobody else's names are touched. Argument: data directory.
set -eu
data=$1
if [ -e "$data/postmaster.pid" ] && kill -0 "$(head -n 1 "$data/postmaster.pid")" 2>/dev/null; then
  echo "PostgreSQL still runs in $data" >&2
  exit 1
fi
# Patroni copies into an empty mount point, which nobody could move.
if mountpoint -q "$data" && [ -z "$(ls -A "$data")" ]; then exit 0; fi
owner=$(stat -c %U -- "$(dirname -- "$data")")
as_owner() { runuser -u "$owner" -- "$@"; }
# A copy with its label but without pg_control was cut off: that file comes last.
if [ -e "$data/global/pg_control" ] || [ ! -e "$data/backup_label" ]; then
  aside=$data.$(date -u +%Y%m%dT%H%M%SZ)
  as_owner mv -T -- "$data" "$aside"
  echo "the old data directory is now $aside"
else
  runuser -u "$(stat -c %U -- "$data")" -- find "$data" -mindepth 1 -delete
  as_owner rmdir -- "$data"
fi
as_owner rm -f -- "${data%/*}/rewinding"
