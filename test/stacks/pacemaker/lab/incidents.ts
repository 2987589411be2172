import { poll } from '../../../../src/lib/poll.ts'
import { hactl } from '../../../lab/support/programs.ts'
import { churn, COMMON, disconnect, foreignData } from '../../../lab/incidents/common.ts'
import { runbook, sql, type Cast, type Incident } from '../../../lab/incidents/staged.ts'
import { membersOf } from '../../../../src/cluster/members.ts'

const VIP = '10.77.0.20'
const BIN = '/usr/lib/postgresql/15/bin'
const DATA = '/var/lib/postgresql/15/main'
const PASSFILE = '/var/lib/postgresql/.pgpass'

const onPrimary =
  (script: string) =>
  ({ lab, primary, standby }: Cast): Promise<string> =>
    lab.sh(primary, script.replaceAll('STANDBY', standby).replaceAll('PRIMARY', primary))
const onStandby =
  (script: string) =>
  ({ lab, standby }: Cast): Promise<string> =>
    lab.sh(standby, script.replaceAll('NODE', standby))

const AWAY = `pcs node standby NODE --wait=60`
const BACK = `pcs node unstandby NODE`

/** Forgets failures until the member runs again: a start that is under way counts one more when it ends. */
async function triedAgain({ lab, standby }: Cast): Promise<void> {
  const runs = async (): Promise<true | undefined> => {
    await runbook(lab, 'cleanup')
    return membersOf(await lab.status()).find(({ name }) => name === standby)?.running ? true : undefined
  }
  await poll(runs, { timeoutMs: 240_000, intervalMs: 5000 })
}

/** Rows on both sides of two primaries. */
async function twoSides({ lab, primary, standby }: Cast): Promise<void> {
  await sql(lab, primary, 'create table if not exists doctor_rows (side text)')
  await lab.sh(primary, 'pcs property set maintenance-mode=true')
  await lab.sh(standby, `runuser -u postgres -- ${BIN}/pg_ctl -D ${DATA} promote >/dev/null`)
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
}

const FOREIGN = foreignData(AWAY, BACK)

/** Incidents of Corosync and Pacemaker. */
export const INCIDENTS: readonly Incident[] = [
  {
    name: 'maintenance',
    code: 'cluster/maintenance',
    stage: onPrimary('pcs property set maintenance-mode=true'),
    heal: onPrimary('pcs property set maintenance-mode=false'),
  },
  {
    name: 'leftover-ban',
    code: 'constraint/leftover',
    stage: onPrimary('pcs resource ban pgsql-clone STANDBY'),
    heal: ({ lab }) => runbook(lab, 'cleanup'),
  },
  {
    name: 'vip-on-two',
    code: 'vip/writer-twice',
    stage: onStandby(`ip addr add ${VIP}/24 dev eth0`),
    heal: onStandby(`ip addr del ${VIP}/24 dev eth0`),
    says: ({ standby }) => new RegExp(`hactl exec ${standby} .* ip addr del`),
  },
  {
    name: 'vip-nowhere',
    code: 'vip/writer-missing',
    stage: onPrimary('pcs resource disable vip-writer --wait=30'),
    heal: onPrimary('pcs resource enable vip-writer'),
  },
  {
    name: 'node-in-standby',
    code: 'node/paused',
    stage: onStandby(AWAY),
    heal: onStandby(BACK),
  },
  {
    name: 'timing-broken',
    code: 'settings/timing',
    stage: ({ lab, primary }) =>
      sql(lab, primary, "alter system set wal_sender_timeout = '2s'", 'select pg_reload_conf()'),
    heal: ({ lab, primary }) =>
      sql(lab, primary, 'alter system reset wal_sender_timeout', 'select pg_reload_conf()'),
  },
  {
    name: 'wrong-password',
    code: 'login/password',
    stage: async (cast) => {
      await onStandby(`cp -p ${PASSFILE} ${PASSFILE}.doctor; sed -i 's/:[^:]*$/:wrong/' ${PASSFILE}`)(cast)
      await disconnect(cast)
    },
    heal: onStandby(`mv ${PASSFILE}.doctor ${PASSFILE}`),
  },
  ...COMMON,
  {
    name: 'config-error',
    code: 'postgres/config',
    stage: onStandby(
      `echo 'work_mem = much' >/etc/postgresql/15/main/conf.d/zz.conf; pkill -KILL -o -u postgres -x postgres`,
    ),
    heal: async (cast) => {
      await onStandby('rm -f /etc/postgresql/15/main/conf.d/zz.conf')(cast)
      await triedAgain(cast)
    },
  },
  {
    name: 'foreign-pid-file',
    code: 'postgres/pid-file',
    stage: onStandby(
      `${AWAY}
       runuser -u postgres -- sh -c 'cd /tmp; sleep 900 >/dev/null 2>&1 & echo $! >/tmp/doctor.pid'
       { cat /tmp/doctor.pid; echo ${DATA}; date +%s; } >${DATA}/postmaster.pid; chown postgres: ${DATA}/postmaster.pid
       ${BACK}`,
    ),
    heal: async (cast) => {
      await onStandby(`kill $(cat /tmp/doctor.pid); rm -f ${DATA}/postmaster.pid /tmp/doctor.pid`)(cast)
      await triedAgain(cast)
    },
  },
  {
    name: 'wal-removed',
    code: 'wal/missing',
    stage: async (cast) => {
      await onStandby(AWAY)(cast)
      await sql(cast.lab, cast.primary, 'alter system set wal_keep_size = 0', 'select pg_reload_conf()')
      await churn(cast)
      await onStandby(BACK)(cast)
    },
    heal: async ({ lab, primary, standby }) => {
      await sql(lab, primary, 'alter system reset wal_keep_size', 'select pg_reload_conf()')
      await runbook(lab, 'rebuild-standby', '--on', standby)
      await lab.sh(standby, `rm -rf ${DATA}.[0-9]*`)
    },
  },
  {
    name: 'other-system',
    code: 'cluster/system-ids',
    stage: FOREIGN.stage,
    heal: async (cast) => {
      await FOREIGN.heal(cast)
      await triedAgain(cast)
    },
  },
  {
    name: 'two-primaries',
    code: 'primary/two',
    stage: twoSides,
    says: ({ standby }) => new RegExp(`${standby}: 7 rows of postgres.doctor_rows`),
    heal: async ({ lab, standby, primary }) => {
      await lab.sh(standby, `runuser -u postgres -- ${BIN}/pg_ctl -D ${DATA} -m fast stop >/dev/null`)
      await lab.sh(primary, 'pcs property set maintenance-mode=false')
    },
    goesOn: true,
  },
  {
    name: 'diverged-standby',
    code: 'standby/diverged',
    stage: async () => undefined,
    heal: async ({ lab, standby }) => {
      await runbook(lab, 'repair-standby', '--on', standby, '--accept-data-loss')
      await runbook(lab, 'cleanup')
    },
  },
  {
    name: 'standbys-cut-apart',
    code: 'network/cut',
    stage: async ({ lab, standby, other }) => {
      await lab.lab('break', 'cut-pair', standby, other)
      const silence = `nft list table inet hactl_partition 2>/dev/null | grep -c expires || true`
      const isSilent = async (): Promise<true | undefined> => {
        const said = await Promise.all([standby, other].map((name) => lab.sh(name, silence)))
        return said.some((count) => Number(count) > 0) ? true : undefined
      }
      await poll(isSilent, { timeoutMs: 180_000, intervalMs: 1000 })
    },
    says: () => /"code":"node\/silent"/,
    heal: ({ lab, standby, other }) => lab.lab('heal', standby, other),
  },
  {
    name: 'primary-killed',
    code: 'standby/lock-left',
    stage: ({ lab, primary }) => lab.lab('break', 'kill-process', primary, '--opt', 'name=postgres'),
    heal: ({ lab, primary }) => hactl('run', 'repair-standby', lab.inventory, '--yes', '--on', primary),
  },
  {
    name: 'quorum-lost',
    code: 'quorum/lost',
    stage: ({ lab, standby, other }) => lab.lab('break', 'power-off', standby, other),
    heal: ({ lab, standby, other }) => lab.lab('heal', standby, other),
  },
]
