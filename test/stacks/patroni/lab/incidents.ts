import { COMMON, foreignData } from '../../../lab/incidents/common.ts'
import { runbook, sql, type Cast, type Incident } from '../../../lab/incidents/staged.ts'

const DATA = '/var/lib/postgresql/15/main'
const BIN = '/usr/lib/postgresql/15/bin'
const TLS = '/etc/hactl/tls'

const on =
  (who: 'primary' | 'standby' | 'other', script: string) =>
  ({ lab, ...cast }: Cast): Promise<string> =>
    lab.sh(cast[who], script.replaceAll('NODE', cast[who]))

const AWAY = 'systemctl stop patroni'
const BACK = 'systemctl start patroni'

/** What would disturb Patroni, which renews its files and settings by itself, or needs minutes there. */
const LEFT_OUT = new Set(['hba-refuses', 'lost-slot', 'pending-restart', 'full-page-writes-off'])

/** Incidents of Patroni and etcd. */
export const INCIDENTS: readonly Incident[] = [
  {
    name: 'paused',
    code: 'cluster/maintenance',
    stage: ({ lab }) => runbook(lab, 'pause'),
    heal: ({ lab }) => runbook(lab, 'resume'),
  },
  {
    name: 'etcd-member-lost',
    code: 'dcs/member-lost',
    stage: on('standby', 'systemctl stop etcd'),
    heal: on('standby', 'systemctl start etcd'),
  },
  {
    name: 'etcd-quorum-lost',
    code: 'quorum/lost',
    stage: async (cast) => {
      await on('standby', 'systemctl stop etcd')(cast)
      await on('other', 'systemctl stop etcd')(cast)
    },
    heal: async (cast) => {
      // Two that are stopped start only together: systemd waits for the first until it is ready.
      await on('standby', 'systemctl start --no-block etcd')(cast)
      await on('other', 'systemctl start --no-block etcd')(cast)
    },
  },
  {
    name: 'patroni-stopped-on-standby',
    code: 'cluster/not-running',
    stage: on('standby', AWAY),
    heal: on('standby', BACK),
  },
  {
    name: 'patroni-killed',
    // The fence stops PostgreSQL where Patroni has died.
    code: 'cluster/not-running',
    stage: on(
      'standby',
      'systemctl mask --runtime --quiet patroni; systemctl kill -s KILL --kill-whom=main patroni; true',
    ),
    heal: on('standby', 'systemctl unmask --runtime --quiet patroni; systemctl start patroni'),
  },
  {
    name: 'certificate-of-another-ca',
    code: 'certificate/wrong-ca',
    stage: on(
      'standby',
      `cp -p ${TLS}/host.crt /root/host.crt.doctor
       openssl req -x509 -key ${TLS}/host.key -subj /CN=NODE -days 30 -out /root/other.crt 2>/dev/null
       cat /root/other.crt >${TLS}/host.crt; systemctl restart --no-block etcd`,
    ),
    heal: on('standby', `cat /root/host.crt.doctor >${TLS}/host.crt; systemctl restart --no-block etcd`),
  },
  ...COMMON.filter(({ name }) => !LEFT_OUT.has(name)),
  {
    name: 'other-system',
    code: 'cluster/system-ids',
    ...foreignData(AWAY, BACK),
  },
  {
    name: 'two-primaries',
    code: 'primary/two',
    // A member started by hand beside a Patroni that is stopped.
    stage: async (cast) => {
      const { lab, primary, standby } = cast
      await sql(lab, primary, 'create table if not exists doctor_rows (side text)')
      await on(
        'standby',
        `${AWAY}
         runuser -u postgres -- ${BIN}/pg_ctl -D ${DATA} -w -l /tmp/doctor.log -o "--config_file=${DATA}/postgresql.conf" start >/dev/null
         runuser -u postgres -- ${BIN}/pg_ctl -D ${DATA} -w promote >/dev/null`,
      )(cast)
      await sql(
        lab,
        standby,
        'set synchronous_commit = local',
        "insert into doctor_rows select 'stray' from generate_series(1, 7)",
      )
      await sql(
        lab,
        primary,
        'set synchronous_commit = local',
        "insert into doctor_rows select 'right' from generate_series(1, 3)",
      )
    },
    heal: on('standby', `runuser -u postgres -- ${BIN}/pg_ctl -D ${DATA} -m fast stop >/dev/null`),
    says: ({ standby }) => new RegExp(`${standby}: 7 rows of postgres.doctor_rows`),
    goesOn: true,
  },
  {
    name: 'diverged-standby',
    code: 'standby/diverged',
    stage: async () => undefined,
    heal: ({ lab, standby }) => runbook(lab, 'repair-standby', '--on', standby, '--accept-data-loss'),
  },
]
