/** What one member says of itself (`etcdctl endpoint status`). Ids are hexadecimal, as etcd's log writes them. */
export interface EndpointStatus {
  readonly endpoint: string
  readonly cluster: string
  readonly member: string
  /** `0` while there is no leader. */
  readonly leader: string
  /** 1: nothing was ever written. */
  readonly revision: number
  readonly version: string
  readonly errors: readonly string[]
}

/** A member as the cluster knows it. */
export interface ListedMember {
  readonly id: string
  /** Empty when it was announced and has not started yet. */
  readonly name: string
  readonly peerUrls: readonly string[]
  /** Whether it has ever been in service: then its data must not be replaced by nothing. */
  readonly started: boolean
}

/** Ids are 64 bits wide: as numbers they would lose their last digits. */
const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text.replaceAll(/:\s*(\d{15,})/g, ':"$1"'))
  } catch {
    return undefined
  }
}

type Raw = Readonly<Record<string, unknown>>
const record = (value: unknown): Raw => (typeof value === 'object' && value !== null ? (value as Raw) : {})
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const id = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? BigInt(value).toString(16) : '0'
const word = (value: unknown): string => (typeof value === 'string' ? value : '')
const texts = (value: unknown): readonly string[] => list(value).map(String)

/** The members that answered; those that did not are missing from the list. */
export const parseStatus = (stdout: string): readonly EndpointStatus[] =>
  list(parseJson(stdout)).map((entry) => {
    const { Endpoint, Status } = record(entry)
    const status = record(Status)
    const header = record(status['header'])
    return {
      endpoint: String(Endpoint),
      cluster: id(header['cluster_id']),
      member: id(header['member_id']),
      leader: id(status['leader']),
      revision: Number(header['revision'] ?? 0),
      version: word(status['version']),
      errors: texts(status['errors']),
    }
  })

/** Undefined when nobody could say. */
export function parseMembers(stdout: string): readonly ListedMember[] | undefined {
  const { members } = record(parseJson(stdout))
  if (!Array.isArray(members)) return undefined
  return members.map(record).map((member) => ({
    id: id(member['ID']),
    name: word(member['name']),
    peerUrls: texts(member['peerURLs']),
    started: texts(member['clientURLs']).length > 0,
  }))
}

/** Permission types of etcd's API, as `etcdctl role get -w json` gives them (authpb.Permission.Type). */
const PERMISSIONS = ['read', 'write', 'readwrite'] as const

/** What a role may do: `readwrite KEY` for one key, `readwrite KEY END` for keys from KEY to before END. */
export function parseRole(stdout: string): readonly string[] | undefined {
  const role = parseJson(stdout)
  if (role === undefined) return undefined
  return list(record(role)['perm']).map((entry) => {
    const { permType, key, range_end } = record(entry)
    const plain = (value: unknown): string => Buffer.from(word(value), 'base64').toString()
    return [PERMISSIONS[Number(permType ?? 0)] ?? '', plain(key), plain(range_end)].join(' ').trim()
  })
}

/** The roles of a user; undefined when there is no such user. */
export function parseUser(stdout: string): readonly string[] | undefined {
  const user = parseJson(stdout)
  return user === undefined ? undefined : texts(record(user)['roles'])
}
