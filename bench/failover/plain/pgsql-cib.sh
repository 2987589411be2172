# Resources as the agent's documentation has them, with short monitor intervals.
set -e
cd /root
rm -f cib.xml
pcs cluster cib cib.xml
P="pcs -f cib.xml"
$P property set stonith-enabled=false no-quorum-policy=stop
$P resource defaults update resource-stickiness=100 migration-threshold=2 failure-timeout=120s
$P resource create pgsql ocf:bench:pgsql \
  pgctl=/usr/lib/postgresql/15/bin/pg_ctl psql=/usr/lib/postgresql/15/bin/psql \
  pgdata=/var/lib/postgresql/15/main config=/etc/postgresql/15/main/postgresql.conf \
  socketdir=/var/run/postgresql tmpdir=/var/lib/postgresql/tmp logfile=/var/log/postgresql/pgsql-ra.log \
  rep_mode=sync node_list="pg1 pg2 pg3" master_ip="$VIP" repuser=repl \
  primary_conninfo_opt="keepalives_idle=5 keepalives_interval=2 keepalives_count=2 connect_timeout=3" \
  restart_on_promote=false stop_escalate=5 stop_escalate_in_slave=5 check_wal_receiver=true \
  op start timeout=60s interval=0s on-fail=restart \
  op monitor timeout=10s interval=4s on-fail=restart \
  op monitor timeout=10s interval=3s on-fail=restart role=Promoted \
  op promote timeout=60s interval=0s on-fail=restart \
  op demote timeout=60s interval=0s \
  op stop timeout=60s interval=0s on-fail=block \
  op notify timeout=60s interval=0s \
  promotable pgsql-clone promoted-max=1 promoted-node-max=1 clone-max=3 clone-node-max=1 notify=true
$P resource create vip ocf:heartbeat:IPaddr2 ip="$VIP" cidr_netmask=24 op monitor interval=5s timeout=10s
$P constraint colocation add vip with Promoted pgsql-clone INFINITY
$P constraint order promote pgsql-clone then start vip symmetrical=false score=INFINITY
$P constraint order demote pgsql-clone then stop vip symmetrical=false score=0
pcs cluster cib-push cib.xml
