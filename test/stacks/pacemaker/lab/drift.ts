import type { Seed } from '../../../lab/contract/stack.ts'
import type { Lab } from '../../../lab/support/lab.ts'

const sql = (text: string): string => `runuser -u postgres -- psql -XAtqw -d postgres -c "${text}"`
const CONF = '/etc/postgresql/15/main/conf.d/hactl.conf'

/** Ten differences of a cluster of Corosync and Pacemaker. */
export function seeds(
  primary: string,
  [one = '', two = '']: readonly string[],
  { nodes: [first = ''] }: Lab,
): readonly Seed[] {
  return [
    {
      what: 'a setting edited in its file',
      node: one,
      script: `sed -i "s/^wal_retrieve_retry_interval.*/wal_retrieve_retry_interval = '7s'/" ${CONF}; ${sql('select pg_reload_conf()')}`,
      shows: [[one, "Every member has the cluster's settings", 'reload']],
    },
    {
      what: 'a role dropped',
      node: primary,
      script: sql('drop role report'),
      shows: [[primary, 'Applications have their roles', 'none']],
    },
    {
      what: 'a line of pg_hba.conf edited',
      node: two,
      script: "sed -i 's/^\\(host all all 10.77.0.0.24\\) .*/\\1 trust/' /etc/postgresql/15/main/pg_hba.conf",
      shows: [[two, 'Every member lets standbys and clients in', 'reload']],
    },
    {
      what: 'a unit stopped',
      node: two,
      script: 'systemctl stop pcsd',
      shows: [[two, 'pcsd runs', 'none']],
    },
    {
      what: 'a wrong mode',
      node: one,
      script: 'chmod 0600 /etc/postgresql-common/createcluster.d/hactl.conf',
      shows: [[one, "PostgreSQL's packages make no cluster of their own", 'none']],
    },
    {
      what: 'a constraint removed',
      node: first,
      script: `pcs constraint delete "$(cibadmin --query --xpath '//constraints/rsc_location[@rsc="vip-reader"]' | sed -n 's/.*<rsc_location id="\\([^"]*\\)".*/\\1/p' | head -1)"`,
      shows: [[first, 'The VIPs follow the roles', 'none']],
    },
    {
      what: 'a cluster property changed',
      node: first,
      script: 'pcs property set cluster-recheck-interval=77s',
      shows: [[first, 'The cluster has its properties', 'none']],
    },
    {
      what: 'a package removed',
      node: one,
      script: 'DEBIAN_FRONTEND=noninteractive apt-get remove -y -q pcs >/dev/null',
      shows: [
        [one, 'Corosync, Pacemaker, pcs and PostgreSQL are installed', 'none'],
        [one, 'pcsd runs', 'none'],
      ],
    },
    {
      what: '/etc/hosts edited',
      node: two,
      script: `sed -i '/10.77.0.11/d' /etc/hosts`,
      shows: [[two, 'Every member is in /etc/hosts', 'none']],
    },
    {
      what: 'ALTER SYSTEM',
      node: primary,
      script: `${sql("alter system set wal_receiver_status_interval = '9s'")}; ${sql('select pg_reload_conf()')}`,
      shows: [[primary, "Every member has the cluster's settings", 'reload']],
    },
  ]
}
