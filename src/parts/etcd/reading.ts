import type { Text } from '../../lib/secret.ts'
import type { Command } from '../../transport/transport.ts'

/** What one etcd member says of itself and of what it keeps, read without asking the others. */
export interface EtcdReading {
  /** It can write: it sees a leader and a majority. */
  readonly healthy: boolean
  readonly version: string
  readonly id: string
  /** Id of the leader it knows; `0`: none. */
  readonly leader: string
  readonly revision: number
  /** Bytes of its database, and alarms such as NOSPACE. */
  readonly dbSize: number
  readonly errors: readonly string[]
  readonly members: readonly EtcdMember[]
  /** Key below the cluster's own prefix → value; undefined: it let nobody read, e.g. without a password. */
  readonly keys?: ReadonlyMap<string, string>
}

export interface EtcdMember {
  readonly id: string
  /** Empty: added, but never started. */
  readonly name: string
  readonly peers: readonly string[]
}

interface Header {
  readonly member_id?: string | number
  readonly revision?: string | number
}

interface State {
  readonly header?: Header
  readonly version?: string
  readonly leader?: string | number
  readonly dbSize?: number
  readonly errors?: readonly string[]
}

interface StatusDocument {
  readonly Status?: State
}

interface KeysDocument {
  readonly header?: Header
  readonly kvs?: readonly { readonly key: string; readonly value?: string }[]
}

interface MembersDocument {
  readonly members?: readonly {
    readonly ID?: string | number
    readonly name?: string
    readonly peerURLs?: readonly string[]
  }[]
}

/** JSON, or undefined for anything else. Ids have 64 bits, more than a number of JSON keeps: they become texts. */
export function parseDocument<T>(text: string | undefined): T | undefined {
  if (text === undefined || !/^\s*[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text.replaceAll(/:\s*(\d{16,})(?=\s*[,}\]])/g, ':"$1"')) as T
  } catch {
    return undefined
  }
}

const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8')

const stateIn = ({ header, version = '', leader = '0', dbSize = 0, errors = [] }: State) => ({
  version,
  id: String(header?.member_id ?? ''),
  leader: String(leader),
  dbSize,
  errors,
})

const membersIn = ({ members = [] }: MembersDocument): readonly EtcdMember[] =>
  members.map(({ ID = '', name = '', peerURLs = [] }) => ({ id: String(ID), name, peers: peerURLs }))

const keysIn = ({ kvs = [] }: KeysDocument, prefix: string): ReadonlyMap<string, string> =>
  new Map(kvs.map(({ key, value = '' }) => [decoded(key).slice(prefix.length), decoded(value)]))

/** Answers of etcdctl (`-w json`) and of `/health` by name, one line each; undefined when the member does not answer. */
export function parseEtcd(
  line: (name: string) => string | undefined,
  prefix: string,
): EtcdReading | undefined {
  const state = parseDocument<readonly StatusDocument[]>(line('endpoint'))?.[0]?.Status
  if (!state) return undefined
  const health = parseDocument<{ readonly health?: string | boolean }>(line('health'))
  const keys = parseDocument<KeysDocument>(line('keys'))
  return {
    healthy: String(health?.health) === 'true',
    ...stateIn(state),
    revision: Number((keys ?? state).header?.revision ?? 0),
    members: membersIn(parseDocument<MembersDocument>(line('peers')) ?? {}),
    ...(keys && { keys: keysIn(keys, prefix) }),
  }
}

/** Where a host of the cluster has its own certificate and the CA of the others. */
export const TLS = {
  ca: '/etc/hactl/tls/ca.crt',
  cert: '/etc/hactl/tls/host.crt',
  key: '/etc/hactl/tls/host.key',
} as const

/** Options of curl that trust the cluster's own CA and show the host's certificate. */
export const TRUST = ['--cacert', TLS.ca, '--cert', TLS.cert, '--key', TLS.key] as const

/**
 * One member of etcd is asked, not the cluster: what a minority still knows is worth showing. The user comes on standard
 * input; it is named only when nobody else may read, because etcd without authentication refuses whoever names one.
 */
const ETCD = `url=$1 prefix=$2; shift 2
read -r user
ask() { name=$1; shift; out=$("$@" 2>/dev/null) || [ -n "$out" ] || return 1; printf '%s=%s\\n' "$name" "$out"; }
ctl() { etcdctl --dial-timeout 2s --command-timeout 3s "$@" -w json; }
either() { ask "$@" || { [ -n "$user" ] && (ETCDCTL_USER=$user; export ETCDCTL_USER; ask "$@"); }; }
ask endpoint ctl endpoint status || exit 0
ask health curl -s --noproxy '*' --max-time 4 "$@" "$url/health"
either keys ctl get "$prefix" --prefix --consistency=s
either peers ctl member list
exit 0`

/** Environment of etcdctl for one member. */
const envOf = (url: string, tls: boolean): Readonly<Record<string, string>> => ({
  ETCDCTL_API: '3',
  ETCDCTL_ENDPOINTS: url,
  ...(tls && { ETCDCTL_CACERT: TLS.ca, ETCDCTL_CERT: TLS.cert, ETCDCTL_KEY: TLS.key }),
})

interface Asked {
  /** URL of the member for clients. */
  readonly url: string
  readonly tls: boolean
  /** The keys to read, by the beginning of their names. */
  readonly prefix: string
  /** `name:password` and a line feed; undefined: nobody is asked for one. */
  readonly user: Text | undefined
}

/** Everything one member says; `parseEtcd` reads it. */
export const memberCommand = ({ url, tls, prefix, user }: Asked): Command => ({
  argv: ['sh', '-c', ETCD, 'etcd', url, prefix, ...(tls ? TRUST : [])],
  env: envOf(url, tls),
  stdin: user ?? '',
  timeoutMs: 20_000,
})

/** Asks one member who leads; `isLeader` reads it. */
export const leaderCommand = (url: string, tls: boolean): Command => ({
  argv: ['etcdctl', '--dial-timeout', '2s', '--command-timeout', '3s', 'endpoint', 'status', '-w', 'json'],
  env: envOf(url, tls),
  timeoutMs: 10_000,
})

/** Whether the member that answered `leaderCommand` leads. */
export function isLeader(stdout: string): boolean {
  const state = parseDocument<readonly StatusDocument[]>(stdout)?.[0]?.Status
  const own = String(state?.header?.member_id ?? '')
  return own !== '' && own === String(state?.leader ?? '')
}
