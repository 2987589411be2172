#!/bin/sh
# Makes an empty folder for a copy. As the account that owns the folder around it, so that a link put there is not followed;
# where that is root, nobody else can put one there. Arguments: data directory, folder of the copy (the same in a mount
# point), account of the server.
set -e
data=$1 copy=$2 account=$3
if [ -f "$data/postmaster.pid" ] && kill -0 "$(head -n 1 "$data/postmaster.pid")" 2>/dev/null; then
  echo "a server runs from $data" >&2
  exit 1
fi
if [ "$copy" = "$data" ]; then
  mountpoint -q "$data" || { echo "$data is no mount point any more" >&2; exit 1; }
  # Only what a copy that was cut off has left: pg_control comes last.
  if [ -e "$data/backup_label" ] && [ ! -e "$data/global/pg_control" ]; then
    runuser -u "$account" -- find "$data" -xdev -mindepth 1 -delete
  fi
  [ -z "$(ls -A "$data")" ] || { echo "$data is a mount point that is not empty" >&2; exit 1; }
  # Nobody but root can replace a mount point.
  chown -- "$account:" "$data"
  chmod 0700 -- "$data"
  exit 0
fi
folder=$(dirname -- "$copy")
# On a bare host nobody has made the folders of the layout yet: whoever owns the nearest one there is makes them.
nearest=$folder
while [ ! -d "$nearest" ]; do nearest=$(dirname -- "$nearest"); done
[ "$nearest" = "$folder" ] || runuser -u "$(stat -c %U -- "$nearest")" -- mkdir -p -- "$folder"
if [ "$(stat -c %U -- "$folder")" = root ]; then
  [ ! -d "$copy" ] || runuser -u "$account" -- find "$copy" -xdev -mindepth 1 -delete
  install -d -o "$account" -g "$(id -gn -- "$account")" -m 0700 -- "$copy"
else
  runuser -u "$account" -- rm -rf -- "$copy"
  runuser -u "$account" -- mkdir -m 0700 -- "$copy"
fi
