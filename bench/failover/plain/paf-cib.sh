# Resources with the times of the agent's quick start; no fencing, as in the other set-ups.
set -e
pg_ctlcluster 15 main stop
cd /root
rm -f cib.xml
pcs cluster cib cib.xml
P="pcs -f cib.xml"
$P property set stonith-enabled=false no-quorum-policy=stop
$P resource defaults update migration-threshold=5 resource-stickiness=10
$P resource create pgsqld ocf:heartbeat:pgsqlms \
  bindir=/usr/lib/postgresql/15/bin pgdata=/etc/postgresql/15/main datadir=/var/lib/postgresql/15/main \
  pghost=/var/run/postgresql \
  op start timeout=60s op stop timeout=60s op promote timeout=30s op demote timeout=120s \
  op monitor interval=15s timeout=10s role=Promoted op monitor interval=16s timeout=10s role=Unpromoted \
  op notify timeout=60s promotable notify=true
$P resource create vip ocf:heartbeat:IPaddr2 ip="$VIP" cidr_netmask=24 op monitor interval=10s
$P constraint colocation add vip with Promoted pgsqld-clone INFINITY
$P constraint order promote pgsqld-clone then start vip symmetrical=false kind=Mandatory
$P constraint order demote pgsqld-clone then stop vip symmetrical=false kind=Mandatory
pcs cluster cib-push cib.xml
