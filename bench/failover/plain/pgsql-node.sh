# The packaged agent ocf:heartbeat:pgsql: one member.
set -e
stop_stock
install -d -o postgres -g postgres -m 750 /var/lib/postgresql/tmp
configure "wal_sender_timeout = 60s
wal_receiver_timeout = 5s"
# With Pacemaker 2.1.5 the agent's call of crm_attribute fails; the same file with that call mended.
install -d /usr/lib/ocf/resource.d/bench
sed '/^\. \${OCF_FUNCTIONS_DIR}\/ocf-shellfuncs/a ocf_promotion_score() { "${HA_SBIN_DIR}/crm_attribute" -p "$OCF_RESOURCE_INSTANCE" "$@"; }' \
  /usr/lib/ocf/resource.d/heartbeat/pgsql >/usr/lib/ocf/resource.d/bench/pgsql
chmod 755 /usr/lib/ocf/resource.d/bench/pgsql
rm -f /var/lib/postgresql/tmp/PGSQL.lock /var/lib/postgresql/tmp/rep_mode.conf
case $ROLE in
primary) make_roles ;;
standby) copy_from "$SOURCE" ;;
esac
