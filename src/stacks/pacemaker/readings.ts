import type { RawHost } from '../../cluster/doctor/site.ts'
import type { Command, CommandResult } from '../../transport/transport.ts'
import type { Facts } from './derive.ts'
import type { Replication } from '../../cluster/status.ts'
import { LIMITS } from '../../cluster/restart-order.ts'
import { parseControlData } from '../../modules/postgres/controldata.ts'
import type { ControlData } from '../../modules/postgres/controldata.ts'
import { MONITOR, monitorIn } from '../../parts/corosync/reading.ts'
import type { ClusterMonitor } from '../../modules/pcs/crm-mon.ts'

/** One row of pg_stat_replication. */
export interface WalSender {
  readonly name: string
  readonly state: Replication['state']
  readonly sync: Replication['sync']
  readonly replay: string | null
  readonly flush: string | null
}

/** What one server says of itself. */
export interface Server {
  readonly recovery: boolean
  readonly version: string
  readonly timeline: number | null
  readonly lsn: string | null
  readonly replay: string | null
  readonly paused: boolean
  readonly senders: readonly WalSender[]
  readonly receiver: string | null
  readonly syncNames: string
  readonly pending: readonly string[]
  /** Running values of the settings whose value a standby must not be below. */
  readonly limits?: Readonly<Record<string, number>>
  /** The history file of a primary's timeline; null when it is the first. */
  readonly history?: string | null
}

/** Everything read from one host in one round trip. */
export interface HostReading {
  readonly crm?: ClusterMonitor
  readonly server?: Server
  /** Last line psql wrote when it got no answer. */
  readonly refusal?: string
  readonly addresses: readonly string[]
  readonly lock: boolean
  readonly data: boolean
  /** Old data directories that were moved aside. */
  readonly aside: readonly string[]
  /** A base backup or rewind that was cut off. */
  readonly unfinished?: 'copy' | 'rewind'
  /** pg_controldata, of a server that runs or not. */
  readonly control?: ControlData
  /** The newest timeline of which there is a file of WAL; pg_controldata tells of a promotion only after a checkpoint. */
  readonly walTimeline?: number
}

export type Name = 'crm' | 'sql' | 'ip' | 'files'

/** Names of version 10 and later; before, the WAL was called xlog and positions locations. */
const sqlOf = (version: number): string => {
  const now = version === 96 ? 'pg_current_xlog_location()' : 'pg_current_wal_lsn()'
  const file = version === 96 ? 'pg_xlogfile_name' : 'pg_walfile_name'
  const received = version === 96 ? 'pg_last_xlog_receive_location()' : 'pg_last_wal_receive_lsn()'
  const replayed = version === 96 ? 'pg_last_xlog_replay_location()' : 'pg_last_wal_replay_lsn()'
  const isPaused = version === 96 ? 'pg_is_xlog_replay_paused()' : 'pg_is_wal_replay_paused()'
  const walDir = version === 96 ? 'pg_xlog' : 'pg_wal'
  const [flush, replay] = version === 96 ? ['flush_location', 'replay_location'] : ['flush_lsn', 'replay_lsn']
  return `select json_build_object(
'recovery', pg_is_in_recovery(),
'version', split_part(current_setting('server_version'), ' ', 1),
'timeline', case when pg_is_in_recovery() then coalesce((select received_tli from pg_stat_wal_receiver),
    greatest((select timeline_id from pg_control_checkpoint()), (select min_recovery_end_timeline from pg_control_recovery())))
  else ('x' || substr(${file}(${now}), 1, 8))::bit(32)::int end,
'lsn', case when pg_is_in_recovery() then greatest(${received}, ${replayed}) else ${now} end,
'replay', case when pg_is_in_recovery() then ${replayed} end,
'paused', case when pg_is_in_recovery() then ${isPaused} else false end,
'senders', (select coalesce(json_agg(json_build_object('name', application_name, 'state', state, 'sync', sync_state,
  'flush', ${flush}, 'replay', ${replay})), '[]') from pg_stat_replication),
'receiver', (select status from pg_stat_wal_receiver),
'syncNames', current_setting('synchronous_standby_names'),
'history', case when not pg_is_in_recovery() then pg_read_file('${walDir}/' || substr(${file}(${now}), 1, 8) || '.history', 0, 1000000, true) end,
'limits', (select json_object_agg(name, setting::bigint) from pg_settings where name in (${Object.keys(LIMITS)
    .map((name) => `'${name}'`)
    .join(', ')})),
'pending', (select coalesce(json_agg(name), '[]') from pg_settings where pending_restart))`
}

const FILES = `lock=$1 data=$2 bin=$3
[ -e "$lock" ] && echo lock
[ -f "$data/PG_VERSION" ] && echo data
for d in "$data".*; do
  case $d in
    *.hactl-incomplete) [ -d "$d" ] && echo unfinished=copy ;;
    *) [ -f "$d/PG_VERSION" ] && echo "aside=$d" ;;
  esac
done
[ -e "\${lock%/*}/rewinding" ] && echo unfinished=rewind
LC_ALL=C ls "$data/pg_wal" "$data/pg_xlog" 2>/dev/null | grep -xE '[0-9A-F]{24}' | sort | sed -n '$s/^/wal=/p'
[ -x "$bin/pg_controldata" ] && [ -f "$data/global/pg_control" ] && "$bin/pg_controldata" "$data" 2>/dev/null | sed 's/^/control=/'
exit 0`

/** The answers of one host; a witness is asked for the cluster and its addresses alone. */
export type Answers = Pick<Readonly<Record<Name, CommandResult>>, 'crm' | 'ip'> &
  Partial<Readonly<Record<Name, CommandResult>>>

/** The commands that are run on every member, by name; the same list is used to capture test cases. */
export function commandsOf({ vars, paths, agent }: Facts): Readonly<Record<Name, Command>> {
  const psql = ['psql', '-XAtqw', '-h', paths.socketDir, '-p', String(vars.postgres.port), '-d', 'postgres']
  return {
    crm: MONITOR,
    sql: {
      argv: [...psql, '-c', sqlOf(vars.postgres.version)],
      as: 'postgres',
      env: { PGCONNECT_TIMEOUT: '3', PGOPTIONS: '-c statement_timeout=5000' },
      timeoutMs: 10_000,
    },
    ip: { argv: ['ip', '-j', '-4', 'addr', 'show'], timeoutMs: 5000 },
    files: {
      argv: ['sh', '-c', FILES, 'files', agent.lockFile(paths), paths.dataDir, paths.binDir],
      timeoutMs: 10_000,
    },
  }
}

/** What is asked of a host: a witness has no PostgreSQL, and no user of that name. */
export function commandsOn(facts: Facts, host: string): Readonly<Partial<Record<Name, Command>>> {
  const all = commandsOf(facts)
  return facts.members.includes(host) ? all : { crm: all.crm, ip: all.ip }
}

const parseServer = ({ code, stdout }: CommandResult): Server | undefined =>
  code === 0 && stdout.trim().startsWith('{') ? (JSON.parse(stdout) as Server) : undefined

interface IpLink {
  readonly addr_info?: readonly { readonly local?: string }[]
}

const parseAddresses = ({ code, stdout }: CommandResult): readonly string[] =>
  code === 0 && stdout.trim() !== ''
    ? (JSON.parse(stdout) as readonly IpLink[]).flatMap((link) =>
        (link.addr_info ?? []).flatMap(({ local }) => (local === undefined ? [] : [local])),
      )
    : []

/** What a witness says of PostgreSQL. */
const NOT_ASKED: CommandResult = { code: 127, stdout: '', stderr: '' }

/** A host's reading from the raw results of its commands. Pure. */
export function parseReading(results: Answers): HostReading {
  const { crm: monitor, sql, ip, files } = { sql: NOT_ASKED, files: NOT_ASKED, ...results }
  const lines = files.stdout.split('\n')
  const after = (key: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1))
  const crm = monitorIn(monitor)
  const server = parseServer(sql)
  const control = parseControlData(after('control').join('\n'))
  const unfinished = after('unfinished').at(-1)
  const wal = after('wal').at(-1)
  return {
    ...(crm && { crm }),
    ...(server ? { server } : { refusal: sql.stderr.trim().split('\n').at(-1) ?? '' }),
    addresses: parseAddresses(ip),
    lock: lines.includes('lock'),
    data: lines.includes('data'),
    aside: after('aside'),
    ...((unfinished === 'copy' || unfinished === 'rewind') && { unfinished }),
    ...(control && { control }),
    ...(wal !== undefined && { walTimeline: Number.parseInt(wal.slice(0, 8), 16) }),
  }
}

/** Readings of all hosts that gave every answer. */
export function readingsOf(
  facts: Facts,
  raw: ReadonlyMap<string, RawHost>,
): ReadonlyMap<string, HostReading> {
  const hasAll = (name: string, answers: RawHost): answers is RawHost & Answers =>
    Object.keys(commandsOn(facts, name)).every((command) => command in answers)
  return new Map(
    [...raw].flatMap(([name, answers]) =>
      hasAll(name, answers) ? [[name, parseReading(answers)] as const] : [],
    ),
  )
}
