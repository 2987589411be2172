#!/bin/sh
# Saves a snapshot, checks it, and keeps the newest ones. Arguments: folder, how many, name of the cluster.
# Standard input: root's password, or nothing.
set -eu
umask 077
folder=$1 keep=$2 cluster=$3
password=$(cat)
install -d -m 0700 -- "$folder"
file=$folder/$cluster-$(date -u +%Y%m%dT%H%M%SZ).db
trap 'rm -f "$file.part" "$file.part.part"' EXIT
trap 'exit 1' HUP INT TERM
[ -z "$password" ] || export ETCDCTL_USER="root:$password"
etcdctl --command-timeout=300s snapshot save "$file.part" >/dev/null
# In etcd 3.6 the check is part of another program.
check=etcdctl
! command -v etcdutl >/dev/null || check=etcdutl
$check snapshot status -w json "$file.part"
sync "$file.part"
mv "$file.part" "$file"
find "$folder" -maxdepth 1 -type f -name "$cluster-*Z.db" | grep -E '/[^/]*-[0-9]{8}T[0-9]{6}Z\.db$' | sort -r |
  tail -n "+$((keep + 1))" | while IFS= read -r old; do rm -f -- "$old"; done
echo "$file"
