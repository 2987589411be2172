# PostgreSQL Automatic Failover (ocf:heartbeat:pgsqlms) as in its quick start for Debian: one member.
set -e
stop_stock
configure "wal_receiver_timeout = 5s
primary_conninfo = 'host=$VIP user=repl application_name=$NAME'
recovery_target_timeline = 'latest'"
# A member must not replicate from itself through the address.
own=$(ip -4 -o addr show | grep -o '10\.77\.0\.1[1-9]' | head -1)
sed -i "1i host replication all $VIP/32 reject\nhost replication all $own/32 reject" $CONF/pg_hba.conf
case $ROLE in
primary)
  make_roles
  pg_ctlcluster $V main start
  ;;
standby)
  copy_from "$SOURCE"
  su postgres -c "touch $DATA/standby.signal"
  ;;
esac
