#!/bin/sh
# Keeps a directory under a name with the date, as the account that owns the folder it lies in: nobody else's names are
# touched. Argument: the directory.
owner=$(stat -c %U -- "$(dirname -- "$1")") || exit 1
exec runuser -u "$owner" -- mv -T -- "$1" "$1.hactl-$(date -u +%Y%m%dT%H%M%SZ)"
