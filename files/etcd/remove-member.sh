#!/bin/sh
# Takes a member out of etcd. Arguments: its name, addresses of the others, files of CA, certificate and key.
# Standard input: root's password, or nothing.
set -eu
password=$(cat) name=$1 urls=$2 ca=$3 cert=$4 key=$5
export ETCDCTL_API=3 ETCDCTL_ENDPOINTS="$urls"
[ -z "$ca" ] || export ETCDCTL_CACERT="$ca" ETCDCTL_CERT="$cert" ETCDCTL_KEY="$key"
[ -z "$password" ] || export ETCDCTL_USER="root:$password"
# Columns: id, status, name, peer and client addresses.
id=$(etcdctl member list -w simple | awk -F ', ' -v n="$name" '$3 == n { print $1 }')
[ -z "$id" ] || etcdctl member remove "$id"
