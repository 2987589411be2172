# Sourced by the set-ups beside it: PostgreSQL 15 of Debian as a member of a Pacemaker cluster.
# ROLE (primary|prepared|standby; prepared: all but the data), SOURCE (address to copy from), VIP, NAME (of this node), PEERS (addresses of all nodes).
V=15
DATA=/var/lib/postgresql/$V/main
CONF=/etc/postgresql/$V/main

stop_stock() {
  systemctl disable --now postgresql >/dev/null 2>&1 || true
  pg_ctlcluster $V main stop -m immediate >/dev/null 2>&1 || true
  [ -d $CONF ] || pg_createcluster $V main >/dev/null
  echo manual >$CONF/start.conf
}

configure() {
  cat >$CONF/conf.d/ha.conf <<X
listen_addresses = '*'
wal_level = replica
max_wal_senders = 10
hot_standby = on
wal_keep_size = 512MB
restart_after_crash = off
wal_receiver_status_interval = 2s
wal_receiver_create_temp_slot = off
wal_retrieve_retry_interval = 1s
$1
X
  cat >$CONF/pg_hba.conf <<X
local all postgres peer
local all all peer
host replication repl 10.77.0.0/16 scram-sha-256
host all all 10.77.0.0/16 scram-sha-256
X
  printf '*:*:*:repl:repl\n' >/var/lib/postgresql/.pgpass
  chown postgres: /var/lib/postgresql/.pgpass
  chmod 600 /var/lib/postgresql/.pgpass
}

make_roles() {
  pg_ctlcluster $V main start
  su postgres -c "psql -Xqc \"create role repl replication login password 'repl'\" -c \"create role app login password 'app'\" -c 'create database app owner app'"
  pg_ctlcluster $V main stop
}

copy_from() {
  rm -rf $DATA
  su postgres -c "pg_basebackup -h $1 -U repl -D $DATA -X stream -c fast -w"
}
