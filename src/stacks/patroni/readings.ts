import { bracketed, clusterAddress } from '../../inventory/topology.ts'
import type { RawHost } from '../../cluster/doctor/site.ts'
import type { ClusterDocument, Config, MemberDocument } from '../../modules/patroni/documents.ts'
import { parseControlData } from '../../modules/postgres/controldata.ts'
import type { ControlData } from '../../modules/postgres/controldata.ts'
import type { Command, CommandResult } from '../../transport/transport.ts'
import type { Facts } from './derive.ts'
import { memberCommand, parseDocument, parseEtcd, TRUST } from '../../parts/etcd/reading.ts'
import type { EtcdReading } from '../../parts/etcd/reading.ts'
import { serverCommand, serverIn } from '../../parts/postgres/server.ts'
import type { Server } from '../../parts/postgres/server.ts'

/** GET /patroni with the fields that only the status needs. */
export interface RestState extends MemberDocument {
  readonly database_system_identifier?: string
  readonly server_version?: number
  readonly patroni?: { readonly version?: string; readonly scope?: string }
  readonly tags?: Readonly<Record<string, unknown>>
  readonly cluster_unlocked?: boolean
  readonly failsafe_mode_is_active?: boolean
  readonly watchdog_failed?: boolean
  readonly scheduled_restart?: Readonly<Record<string, unknown>>
}

/** One line of GET /history: timeline, position of its end, reason, time and the new leader (both since 2.0). */
export type HistoryLine = readonly [number, number, string, string?, string?]

/** What hactl's guard in the Patroni that runs says of itself; see docs/stacks/patroni-freeze.md. */
export interface GuardReading {
  /** `mended`: the lock had the fault and has it no more. `sound`: it never had. Else nobody knows, or mending failed. */
  readonly lock: 'mended' | 'sound' | 'unknown' | 'failed'
  /** Whether Patroni tells the fence how long its lease lasts. */
  readonly lease: 'on' | 'failed'
}

/** Everything read from one host in one round trip. */
export interface HostReading {
  readonly rest?: RestState
  readonly cluster?: ClusterDocument
  readonly config?: Config
  readonly history?: readonly HistoryLine[]
  readonly server?: Server
  /** Last line psql wrote when it got no answer. */
  readonly refusal?: string
  readonly addresses: readonly string[]
  /** State of the services, `active`, `failed`, `inactive` …; empty: there is no such service. */
  readonly patroni: string
  readonly etcdUnit: string
  readonly configured: boolean
  readonly data: boolean
  /** Old data directories that were moved aside. */
  readonly aside: readonly string[]
  /** A base backup or rewind of hactl that was cut off. */
  readonly unfinished?: 'copy' | 'rewind'
  /** pg_rewind is at work, Patroni's own or hactl's. */
  readonly rewinding: boolean
  readonly watchdog: boolean
  /** Undefined: Patroni was started without it. */
  readonly guard?: GuardReading
  /** State of hactl's fence; empty: there is no such service. */
  readonly fence: string
  /** pg_controldata, of a server that runs or not. */
  readonly control?: ControlData
  readonly etcd?: EtcdReading
}

export type Name = 'rest' | 'etcd' | 'sql' | 'ip' | 'files'

/** Documents one after the other, one line each; when Patroni does not answer the first, the others are not asked for. */
const REST = `url=$1; shift
ask() { name=$1 path=$2 max=$3; shift 3
  out=$(curl -s --noproxy '*' --connect-timeout 2 --max-time "$max" "$@" "$url$path") || return 1
  printf '%s=%s\\n' "$name" "$(printf %s "$out" | tr '\\n' ' ')"; }
ask rest /patroni 5 "$@" || exit 0
ask config /config 3 "$@"
ask history /history 3 "$@"
ask cluster /cluster 3 "$@"
exit 0`

const FILES = `data=$1 bin=$2
for u in patroni etcd hactl-patroni-fence; do
  [ "$(systemctl show -p LoadState --value $u 2>/dev/null)" != loaded ] || echo "unit.$u=$(systemctl show -p ActiveState --value $u)"
done
[ -f /etc/patroni/config.yml ] && echo configured
[ -e /dev/watchdog ] && echo watchdog
main=$(systemctl show -p MainPID --value patroni 2>/dev/null) guard=/run/hactl-patroni/state
[ -f $guard ] && grep -qx "pid \${main:-0}" $guard && sed -n 's/^\\(lock\\|lease\\) /guard.\\1=/p' $guard
[ -f "$data/PG_VERSION" ] && echo data
for d in "$data".* "$data"_[0-9][0-9][0-9][0-9]-*; do
  case $d in
    *.hactl-incomplete) [ -d "$d" ] && echo unfinished=copy ;;
    *) [ -f "$d/PG_VERSION" ] && echo "aside=$d" ;;
  esac
done
[ -e "\${data%/*}/rewinding" ] && echo unfinished=rewind
for p in /proc/[0-9]*; do read -r name <"$p/comm" && [ "$name" = pg_rewind ] && echo rewinding; done 2>/dev/null
[ -x "$bin/pg_controldata" ] && [ -f "$data/global/pg_control" ] && "$bin/pg_controldata" "$data" 2>/dev/null | sed 's/^/control=/'
exit 0`

/** Where the lock service keeps the cluster, with the last slash. */
export const prefixOf = ({ vars, scope }: Facts): string => `${vars.patroni.namespace}${scope}/`

/** The commands that are run on one host, by name; the same list is used to capture test cases. */
export function commandsOf(facts: Facts, host: string): Readonly<Partial<Record<Name, Command>>> {
  const { vars, paths, hosts, dcs } = facts
  const member = hosts.find(({ name }) => name === host)
  const peer = dcs.peers.find(({ name }) => name === host)
  const { rest } = vars.patroni
  const { version, port } = vars.postgres
  const url = `${rest.tls ? 'https' : 'http'}://${bracketed(member ? clusterAddress(member) : '')}:${rest.port}`
  return {
    ...(member && {
      rest: { argv: ['sh', '-c', REST, 'rest', url, ...(rest.tls ? TRUST : [])], timeoutMs: 20_000 },
      sql: serverCommand({ version, port, socketDir: paths.socketDir }),
    }),
    ...(peer && {
      etcd: memberCommand({
        url: peer.client,
        tls: dcs.tls,
        prefix: prefixOf(facts),
        user: facts.etcdUser,
      }),
    }),
    ip: { argv: ['ip', '-j', '-4', 'addr', 'show'], timeoutMs: 5000 },
    files: { argv: ['sh', '-c', FILES, 'files', paths.dataDir, paths.binDir], timeoutMs: 10_000 },
  }
}

interface IpLink {
  readonly addr_info?: readonly { readonly local?: string }[]
}

const addressesIn = ({ stdout }: CommandResult): readonly string[] =>
  (parseDocument<readonly IpLink[]>(stdout) ?? []).flatMap((link) =>
    (link.addr_info ?? []).flatMap(({ local }) => (local === undefined ? [] : [local])),
  )

const NOTHING: CommandResult = { code: 127, stdout: '', stderr: '' }

const linesOf = ({ stdout }: CommandResult) => {
  const lines = stdout.split('\n')
  const all = (key: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1))
  return { has: (word: string): boolean => lines.includes(word), all, last: (key: string) => all(key).at(-1) }
}

/** Documents of the REST API that were answered; an error page of it is none. */
function restIn(result: CommandResult): Pick<HostReading, 'rest' | 'cluster' | 'config' | 'history'> {
  const { last } = linesOf(result)
  const rest = parseDocument<RestState>(last('rest'))
  const cluster = parseDocument<ClusterDocument>(last('cluster'))
  const config = parseDocument<Config>(last('config'))
  const history = parseDocument<readonly HistoryLine[]>(last('history'))
  return {
    ...(rest?.state !== undefined && { rest }),
    ...(Array.isArray(cluster?.members) && { cluster }),
    ...(config && { config }),
    ...(Array.isArray(history) && { history }),
  }
}

/** What the guard in the running Patroni wrote down, word by word. */
function guardIn(lock: string | undefined, lease: string | undefined): Pick<HostReading, 'guard'> {
  if (lock === undefined && lease === undefined) return {}
  const known = lock === 'mended' || lock === 'sound' || lock === 'failed' ? lock : 'unknown'
  return { guard: { lock: known, lease: lease === 'on' ? 'on' : 'failed' } }
}

/** State of the data directory and of the services. */
function filesIn(
  result: CommandResult,
): Omit<
  HostReading,
  'rest' | 'cluster' | 'config' | 'history' | 'server' | 'refusal' | 'addresses' | 'etcd'
> {
  const { has, all, last } = linesOf(result)
  const control = parseControlData(all('control').join('\n'))
  const unfinished = last('unfinished')
  return {
    patroni: last('unit.patroni') ?? '',
    etcdUnit: last('unit.etcd') ?? '',
    configured: has('configured'),
    data: has('data'),
    aside: all('aside'),
    watchdog: has('watchdog'),
    rewinding: has('rewinding'),
    fence: last('unit.hactl-patroni-fence') ?? '',
    ...guardIn(last('guard.lock'), last('guard.lease')),
    ...((unfinished === 'copy' || unfinished === 'rewind') && { unfinished }),
    ...(control && { control }),
  }
}

/** A host's reading from the raw results of its commands; `prefix` as of prefixOf. Pure. */
export function parseReading(
  results: Readonly<Partial<Record<Name, CommandResult>>>,
  prefix: string,
): HostReading {
  const { rest = NOTHING, etcd = NOTHING, sql = NOTHING, ip = NOTHING, files = NOTHING } = results
  const peer = parseEtcd(linesOf(etcd).last, prefix)
  return {
    ...restIn(rest),
    ...serverIn(sql),
    addresses: addressesIn(ip),
    ...filesIn(files),
    ...(peer && { etcd: peer }),
  }
}

/** Readings of all hosts that were read. */
export const readingsOf = (
  facts: Facts,
  raw: ReadonlyMap<string, RawHost>,
): ReadonlyMap<string, HostReading> =>
  new Map([...raw].map(([name, answers]) => [name, parseReading(answers, prefixOf(facts))]))
