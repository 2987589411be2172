# Patroni with its own defaults (ttl 30, loop_wait 10, retry_timeout 10, no synchronous mode) and etcd beside it. NAME, ADDRESS.
set -e
systemctl disable --now postgresql >/dev/null 2>&1 || true
pg_dropcluster --stop 15 main 2>/dev/null || true
systemctl stop patroni etcd >/dev/null 2>&1 || true
cat >/etc/default/etcd <<X
ETCD_NAME=$NAME
ETCD_DATA_DIR=/var/lib/etcd/bench
ETCD_LISTEN_PEER_URLS=http://$ADDRESS:2380
ETCD_LISTEN_CLIENT_URLS=http://$ADDRESS:2379,http://127.0.0.1:2379
ETCD_INITIAL_ADVERTISE_PEER_URLS=http://$ADDRESS:2380
ETCD_ADVERTISE_CLIENT_URLS=http://$ADDRESS:2379
ETCD_INITIAL_CLUSTER=pg1=http://10.77.0.11:2380,pg2=http://10.77.0.12:2380,pg3=http://10.77.0.13:2380
ETCD_INITIAL_CLUSTER_STATE=new
ETCD_INITIAL_CLUSTER_TOKEN=bench
X
install -d -o postgres -g postgres /etc/patroni
cat >/etc/patroni/config.yml <<X
scope: bench
name: $NAME
restapi: {listen: "$ADDRESS:8008", connect_address: "$ADDRESS:8008"}
etcd3: {hosts: ["10.77.0.11:2379", "10.77.0.12:2379", "10.77.0.13:2379"]}
bootstrap:
  dcs: {postgresql: {use_pg_rewind: true, parameters: {wal_level: replica, hot_standby: "on"}}}
  initdb: [{encoding: UTF8}, data-checksums]
  pg_hba: ["local all all peer", "host replication repl 10.77.0.0/16 scram-sha-256", "host all all 10.77.0.0/16 scram-sha-256"]
postgresql:
  listen: "*:5432"
  connect_address: "$ADDRESS:5432"
  data_dir: /var/lib/postgresql/15/bench
  bin_dir: /usr/lib/postgresql/15/bin
  pgpass: /var/lib/postgresql/.pgpass_patroni
  authentication: {replication: {username: repl, password: repl}, superuser: {username: postgres, password: postgres}, rewind: {username: rewind, password: rewind}}
  parameters: {unix_socket_directories: /var/run/postgresql}
X
chown postgres: /etc/patroni/config.yml
systemctl enable etcd patroni >/dev/null 2>&1
# etcd waits for its peers, and they for it.
systemctl restart --no-block etcd
