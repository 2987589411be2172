import { sql, type Cast, type Incident } from './staged.ts'

const DATA = '/var/lib/postgresql/15/main'

const setting =
  (on: 'primary' | 'standby', name: string, value: string) =>
  ({ lab, ...cast }: Cast): Promise<string> =>
    sql(lab, cast[on], `alter system set ${name} = ${value}`, 'select pg_reload_conf()')

const reset =
  (on: 'primary' | 'standby', name: string) =>
  ({ lab, ...cast }: Cast): Promise<string> =>
    sql(lab, cast[on], `alter system reset ${name}`, 'select pg_reload_conf()')

/** Ends the standby's connection, so that it has to log in again. */
export const disconnect = ({ lab, primary, standby }: Cast): Promise<string> =>
  sql(
    lab,
    primary,
    `select pg_terminate_backend(pid) from pg_stat_replication where application_name = '${standby}'`,
  )

/** WAL on the primary that a standby which is away will miss. */
export const churn = ({ lab, primary }: Cast, rounds = 12): Promise<string> => {
  const round = [
    'create table if not exists doctor_churn (i int)',
    'insert into doctor_churn values (1)',
    'select pg_switch_wal()',
  ]
  return sql(
    lab,
    primary,
    'set synchronous_commit = local',
    ...Array.from({ length: rounds }, () => round).flat(),
    'checkpoint',
    'checkpoint',
  )
}

const break_ =
  (fault: string, ...more: readonly string[]) =>
  ({ lab, standby }: Cast) =>
    lab.lab('break', fault, standby, ...more)
const heal = ({ lab, standby }: Cast): Promise<void> => lab.lab('heal', standby)

/** Incidents that are staged the same way on every stack. */
export const COMMON: readonly Incident[] = [
  {
    name: 'fsync-off',
    code: 'settings/fsync',
    stage: setting('standby', 'fsync', 'off'),
    heal: reset('standby', 'fsync'),
  },
  {
    name: 'full-page-writes-off',
    code: 'settings/full-page-writes',
    stage: setting('standby', 'full_page_writes', 'off'),
    heal: reset('standby', 'full_page_writes'),
  },
  {
    name: 'replay-paused',
    code: 'standby/replay-paused',
    stage: ({ lab, standby }) => sql(lab, standby, 'select pg_wal_replay_pause()'),
    heal: ({ lab, standby }) => sql(lab, standby, 'select pg_wal_replay_resume()'),
  },
  {
    name: 'lost-slot',
    code: 'slots/lost',
    stage: async (cast) => {
      const { lab, primary } = cast
      await sql(lab, primary, "select pg_create_physical_replication_slot('backup', true)")
      await setting('primary', 'max_slot_wal_keep_size', '1')(cast)
      // It keeps WAL for slots too; a standby that is a little behind must still find its own.
      await setting('primary', 'wal_keep_size', "'64MB'")(cast)
      for (const _ of Array.from({ length: 8 })) await churn(cast, 1)
    },
    heal: async (cast) => {
      await sql(cast.lab, cast.primary, "select pg_drop_replication_slot('backup')")
      await reset('primary', 'max_slot_wal_keep_size')(cast)
      await reset('primary', 'wal_keep_size')(cast)
    },
  },
  {
    name: 'clock-ahead',
    code: 'clock/skew',
    stage: ({ lab, standby }) =>
      lab.sh(
        standby,
        `printf '%s\\n' '#!/bin/sh' 'exec /usr/bin/date -d "+7 seconds" "$@"' >/usr/local/bin/date; chmod 755 /usr/local/bin/date`,
      ),
    heal: ({ lab, standby }) => lab.sh(standby, 'rm -f /usr/local/bin/date'),
    says: ({ standby }) => new RegExp(`${standby} is \\d`),
  },
  {
    name: 'hba-refuses',
    code: 'login/hba',
    stage: async (cast) => {
      const { lab, primary, standby } = cast
      await lab.sh(
        primary,
        `f=$(runuser -u postgres -- psql -XAtqc 'show hba_file'); cp -p "$f" /root/hba.doctor
         ip=$(getent hosts ${standby} | awk '{ print $1; exit }'); sed -i "/$ip/d; s|^host all all .*||" "$f"`,
      )
      await sql(lab, primary, 'select pg_reload_conf()')
      await disconnect(cast)
    },
    heal: async ({ lab, primary }) => {
      await lab.sh(
        primary,
        `f=$(runuser -u postgres -- psql -XAtqc 'show hba_file'); cp -p /root/hba.doctor "$f"`,
      )
      await sql(lab, primary, 'select pg_reload_conf()')
    },
  },
  { name: 'disk-full', code: 'disk/full', stage: break_('fill-disk'), heal, says: () => /\.hactl-lab-fill/ },
  {
    name: 'standby-frozen',
    code: 'process/stopped',
    stage: break_('stop-process', '--opt', 'name=postgres'),
    heal,
  },
  {
    name: 'standby-cut-off',
    code: 'network/cut',
    stage: break_('cut-peers'),
    heal,
    says: ({ standby }) => new RegExp(`${standby} is cut off`),
  },
  { name: 'standby-powered-off', code: 'host/unreachable', stage: break_('power-off'), heal },
  {
    name: 'pending-restart',
    code: 'settings/pending-restart',
    stage: setting('standby', 'max_connections', '70'),
    heal: reset('standby', 'max_connections'),
  },
]

/** Another database system below a member: `away` takes PostgreSQL down there, `back` lets it start. */
export const foreignData = (away: string, back: string): Pick<Incident, 'stage' | 'heal'> => ({
  stage: ({ lab, standby }) =>
    lab.sh(
      standby,
      `${away.replaceAll('NODE', standby)}
       mv ${DATA} ${DATA}.doctor
       install -d -o postgres -g postgres -m 700 ${DATA}
       runuser -u postgres -- /usr/lib/postgresql/15/bin/initdb -D ${DATA} >/dev/null
       [ -f ${DATA}.doctor/postgresql.conf ] && cp -p ${DATA}.doctor/*.conf ${DATA}/
       ${back.replaceAll('NODE', standby)}`,
    ),
  heal: ({ lab, standby }) =>
    lab.sh(
      standby,
      `${away.replaceAll('NODE', standby)}
       rm -rf ${DATA}; mv ${DATA}.doctor ${DATA}
       ${back.replaceAll('NODE', standby)}`,
    ),
})
