import type { Seed } from '../../../lab/contract/stack.ts'

const sql = (text: string): string => `runuser -u postgres -- psql -XAtqw -d postgres -c "${text}"`
const CTL = 'patronictl -c /etc/patroni/config.yml'
const VIP = '10.77.0.20'

/** Ten differences of a cluster of Patroni and etcd. The restart comes first: it takes Patroni some time, in which nothing else may be restarted. */
export function seeds(primary: string, [one = '', two = '']: readonly string[]): readonly Seed[] {
  const all: readonly Seed[] = [
    {
      what: "a member's file edited",
      node: one,
      script: "sed -i 's/^  use_unix_socket: true/  use_unix_socket: false/' /etc/patroni/config.yml",
      shows: [
        [one, "Patroni's configuration is in place", 'none'],
        [one, 'Patroni has read its configuration', 'none'],
        [one, 'Its password file has the password of its configuration', 'none'],
      ],
    },
    {
      what: 'a tag edited',
      node: two,
      script: `sed -i 's/^tags: .*/tags: {"nofailover": true}/' /etc/patroni/config.yml; systemctl reload patroni`,
      shows: [
        [two, "Patroni's configuration is in place", 'none'],
        [two, 'Patroni has read its configuration', 'none'],
        [two, 'Its password file has the password of its configuration', 'none'],
      ],
    },
    {
      what: 'the dynamic configuration edited',
      node: primary,
      script: `${CTL} edit-config --force -s loop_wait=3 >/dev/null`,
      shows: [[primary, "The lock service has the cluster's configuration", 'reload']],
    },
    {
      what: "etcd's unit edited",
      node: one,
      script: 'echo "# edited" >>/etc/systemd/system/etcd.service.d/hactl.conf',
      // systemd has not read it: the task of the unit sees that too.
      shows: [
        [one, 'etcd is started again after a failure', 'none'],
        [one, 'etcd is enabled', 'none'],
      ],
    },
    {
      what: 'a line of pg_hba.conf edited',
      node: two,
      script:
        "sed -i 's/^\\(host all all 10.77.0.0.24\\) .*/\\1 trust/' /var/lib/postgresql/15/main/pg_hba.conf",
      shows: [[two, 'Every member lets standbys and clients in', 'reload']],
    },
    {
      what: 'the callback edited',
      node: primary,
      script: 'echo "exit 1" >>/usr/local/lib/hactl/patroni-callback',
      shows: [[primary, "Patroni's callback is in place", 'none']],
    },
    {
      what: 'a role dropped',
      node: primary,
      script: sql('drop role report'),
      shows: [[primary, 'Applications have their roles', 'none']],
    },
    {
      what: 'the VIP on the wrong host',
      node: two,
      script: `systemctl stop hactl-vip; ip addr add ${VIP}/24 dev eth0`,
      shows: [[two, 'It runs', 'none']],
    },
    {
      what: 'ALTER SYSTEM',
      node: primary,
      script: `${sql("alter system set wal_receiver_status_interval = '9s'")}; ${sql('select pg_reload_conf()')}`,
      shows: [[primary, 'ALTER SYSTEM overrides nothing of the inventory', 'reload']],
    },
    {
      // It was started with a setting of its own that has gone since: only a restart takes it back.
      what: 'a restart that is pending',
      node: one,
      script: `
kept=$(mktemp); cp -p /etc/patroni/config.yml "$kept"
pending() { [ "$(${sql('select count(*) from pg_settings where pending_restart')})" != 0 ]; }
sed -i 's/^    unix_socket_directories: .*/&\\n    shared_buffers: 65MB/' /etc/patroni/config.yml
systemctl reload patroni
until pending; do sleep 0.2; done
${CTL} restart --force labcluster ${one} >/dev/null
until [ "$(${sql('show shared_buffers')})" = 65MB ]; do sleep 0.2; done
cat "$kept" >/etc/patroni/config.yml; rm "$kept"
systemctl reload patroni
until pending; do sleep 0.2; done`,
      shows: [[one, 'PostgreSQL has restarted', 'restart-standby']],
    },
  ]
  return all.toReversed()
}
