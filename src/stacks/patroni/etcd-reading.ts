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
