/** Minor version of pcs 0.x: 9, 10, 11 or 12. The only thing in which its commands differ. */
export type PcsVersion = 9 | 10 | 11 | 12

/**
 * Reads `pcs --version`: `0.11.5`, `0.10.8`. What is older than 0.9 or not pcs gives undefined; what is
 * newer than 0.12 is taken for 0.12.
 */
export const parsePcsVersion = (text: string): PcsVersion | undefined => {
  const found = /^(\d+)\.(\d+)/.exec(text.trim())
  if (!found) return undefined
  const minor = Number(found[1]) > 0 ? 12 : Math.min(Number(found[2]), 12)
  return minor === 9 || minor === 10 || minor === 11 || minor === 12 ? minor : undefined
}

type Argv = readonly string[]
type Pairs = Readonly<Record<string, string>>

const pairs = (values: Pairs): Argv => Object.entries(values).map(([name, value]) => `${name}=${value}`)
const some = (word: string, values: Pairs): Argv =>
  Object.keys(values).length > 0 ? [word, ...pairs(values)] : []

export interface PcsHost {
  readonly name: string
  /** Address of each link, link 0 first; pcs itself talks to the first. */
  readonly addresses: Argv
}

/** Authenticates to pcsd on other hosts. The password is read from standard input, never an argument. */
export const hostAuth = (pcs: PcsVersion, hosts: readonly PcsHost[], user: string): Argv =>
  pcs === 9
    ? ['pcs', 'cluster', 'auth', ...hosts.map(({ name }) => name), '-u', user, '--force']
    : [
        'pcs',
        'host',
        'auth',
        ...hosts.flatMap(({ name, addresses }) => [name, ...addresses.slice(0, 1).map((a) => `addr=${a}`)]),
        '-u',
        user,
      ]

export interface PcsSetup {
  readonly name: string
  readonly hosts: readonly PcsHost[]
  readonly transport: string
  readonly totem: Pairs
  readonly quorum: Pairs
  readonly start: boolean
  readonly enable: boolean
}

/** Creates a cluster that does not exist yet. Never with --force: pcs then refuses hosts that are in one. */
export const clusterSetup = (pcs: PcsVersion, setup: PcsSetup): Argv => {
  const flags = [...(setup.start ? ['--start'] : []), ...(setup.enable ? ['--enable'] : [])]
  if (pcs === 9) {
    // One name or address a node and link, joined by a comma; options are flags; no knet in corosync 2.
    const nodes = setup.hosts.map(({ name, addresses }) => [name, ...addresses.slice(1)].join(','))
    const options = Object.entries({ ...setup.totem, ...setup.quorum }).map(([k, v]) => `--${k}=${v}`)
    const transport = setup.transport === 'knet' ? 'udpu' : setup.transport
    const named = ['--name', setup.name]
    return ['pcs', 'cluster', 'setup', ...named, ...nodes, '--transport', transport, ...options, ...flags]
  }
  const nodes = setup.hosts.flatMap(({ name, addresses }) => [name, ...addresses.map((a) => `addr=${a}`)])
  const options = [...some('totem', setup.totem), ...some('quorum', setup.quorum)]
  return ['pcs', 'cluster', 'setup', setup.name, ...nodes, 'transport', setup.transport, ...options, ...flags]
}

/** Changes totem options of a cluster that exists; pcs 0.9 has no command for it. */
export const totemUpdate = (pcs: PcsVersion, totem: Pairs): Argv | undefined =>
  pcs === 9 ? undefined : ['pcs', 'cluster', 'config', 'update', 'totem', ...pairs(totem)]

/** Adds a link: one address of every node. */
export const linkAdd = (pcs: PcsVersion, addresses: Pairs): Argv | undefined =>
  pcs === 9 ? undefined : ['pcs', 'cluster', 'link', 'add', ...pairs(addresses)]

/** Removes links by number. */
export const linkRemove = (pcs: PcsVersion, links: readonly number[]): Argv | undefined =>
  pcs === 9 ? undefined : ['pcs', 'cluster', 'link', 'remove', ...links.map(String)]

/** Adds a node to a cluster that exists. */
export const nodeAdd = (pcs: PcsVersion, { name, addresses }: PcsHost, flags: Argv): Argv =>
  pcs === 9
    ? ['pcs', 'cluster', 'node', 'add', [name, ...addresses.slice(1)].join(','), ...flags]
    : ['pcs', 'cluster', 'node', 'add', name, ...addresses.map((a) => `addr=${a}`), ...flags]

/** Puts a node into standby or takes it out. */
export const nodeStandby = (pcs: PcsVersion, node: string, on: boolean): Argv => [
  'pcs',
  pcs === 9 ? 'cluster' : 'node',
  on ? 'standby' : 'unstandby',
  node,
]

/** Sets defaults of resources or operations. */
export const defaultsUpdate = (pcs: PcsVersion, kind: 'resource' | 'op', values: Pairs): Argv => [
  'pcs',
  'resource',
  ...(kind === 'op' ? ['op'] : []),
  'defaults',
  ...(pcs >= 11 ? ['update'] : []),
  ...pairs(values),
]

/** A role in the word of this pcs. */
export const roleWord = (pcs: PcsVersion, role: 'Promoted' | 'Unpromoted'): string => {
  if (pcs >= 11) return role
  return role === 'Promoted' ? 'Master' : 'Slave'
}

/** Names of a promotable clone's own meta attributes: pcs 0.9 comes with the older ones. */
const cloneMeta = (pcs: PcsVersion, meta: Pairs): Pairs =>
  pcs === 9
    ? Object.fromEntries(Object.entries(meta).map(([k, v]) => [k.replace(/^promoted-/, 'master-'), v]))
    : meta

/** Makes a promotable clone of a resource. The word `meta` is accepted since 0.11.6 and meant to stay. */
export const promotable = (pcs: PcsVersion, resource: string, clone: string, meta: Pairs): Argv => {
  const options = pairs(cloneMeta(pcs, meta))
  if (pcs === 9) return ['pcs', 'resource', 'master', clone, resource, ...options]
  const word = pcs >= 12 && options.length > 0 ? ['meta'] : []
  return ['pcs', 'resource', 'promotable', resource, clone, ...word, ...options]
}

/** Places a resource beside another; 0.12 wants `score=`, older ones the bare score. */
export const colocationAdd = (
  pcs: PcsVersion,
  resource: string,
  other: string,
  options: { readonly withRole?: 'Promoted' | 'Unpromoted'; readonly score: string },
): Argv => [
  'pcs',
  'constraint',
  'colocation',
  'add',
  resource,
  'with',
  ...(options.withRole ? [roleWord(pcs, options.withRole)] : []),
  other,
  pcs >= 12 ? `score=${options.score}` : options.score,
]

/** Lets one resource act before another. `kind`, because `score` in orders is deprecated. */
export const orderAdd = (
  first: readonly [action: string, resource: string],
  then: readonly [action: string, resource: string],
  options: Pairs,
): Argv => ['pcs', 'constraint', 'order', ...first, 'then', ...then, ...pairs(options)]

/** Moves the promoted role to a node; since 0.11 pcs itself removes the constraint afterwards. */
export const movePromoted = (pcs: PcsVersion, clone: string, node: string): Argv => {
  const flag = pcs >= 11 ? '--promoted' : '--master'
  return ['pcs', 'resource', 'move', clone, node, flag, ...(pcs >= 11 ? ['--wait=120'] : ['lifetime=PT5M'])]
}

/** Removes the constraints that move and ban left behind. */
export const clearMoves = (resource: string): Argv => ['pcs', 'resource', 'clear', resource]

/** Removes a resource or a fence device, which stops it first; 0.12 no longer takes one for the other. */
export const removal = (kind: 'resource' | 'stonith', name: string): Argv => ['pcs', kind, 'delete', name]
