import type { RawHost } from '../../cluster/doctor/site.ts'
import type { Command, CommandResult } from '../../transport/transport.ts'
import type { Facts } from './derive.ts'
import { serverCommand, serverIn } from '../../parts/postgres/server.ts'
import type { Server } from '../../parts/postgres/server.ts'
import { parseControlData } from '../../modules/postgres/controldata.ts'
import type { ControlData } from '../../modules/postgres/controldata.ts'
import { MONITOR, monitorIn } from '../../parts/corosync/reading.ts'
import type { ClusterMonitor } from '../../modules/pcs/crm-mon.ts'

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
  const { version, port } = vars.postgres
  return {
    crm: MONITOR,
    sql: serverCommand({ version, port, socketDir: paths.socketDir }),
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
  const control = parseControlData(after('control').join('\n'))
  const unfinished = after('unfinished').at(-1)
  const wal = after('wal').at(-1)
  return {
    ...(crm && { crm }),
    ...serverIn(sql),
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
