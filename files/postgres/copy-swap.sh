#!/bin/sh
# Puts a finished copy in its place, as the account that owns the folder around it. Nothing is deleted: what was there is moved
# aside with its date. Arguments: data directory, folder of the copy.
set -e
data=$1 copy=$2
[ "$copy" != "$data" ] || exit 0
owner=$(stat -c %U -- "$(dirname -- "$data")")
as_owner() { runuser -u "$owner" -- "$@"; }
if [ -d "$data" ] && [ -z "$(ls -A "$data")" ]; then
  as_owner rmdir -- "$data"
elif [ -e "$data" ]; then
  aside=$data.$(date -u +%Y%m%dT%H%M%SZ)
  as_owner mv -T -- "$data" "$aside"
  echo "the old data directory is now $aside"
fi
as_owner mv -T -- "$copy" "$data"
