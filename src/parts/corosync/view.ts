import type { CountedFailure } from '../../cluster/status.ts'
import type { Host } from '../../inventory/inventory.ts'
import { only } from '../../lib/only.ts'
import { INFINITY } from '../../modules/pcs/crm-mon.ts'
import type { ClusterMonitor, MonFailure, MonNode } from '../../modules/pcs/crm-mon.ts'

/** One node of Corosync with what the manager knows of it. */
export interface NodeView {
  readonly name: string
  readonly address: string
  /** The host could be read. */
  readonly reachable: boolean
  /** Pacemaker answers there. */
  readonly answers: boolean
  /** It votes and runs nothing. */
  readonly votesOnly: boolean
  readonly node?: MonNode
  /** Resource → failures counted there. */
  readonly failCounts: Readonly<Record<string, number>>
  readonly failures: readonly MonFailure[]
  readonly attribute: (name: string) => string | undefined
}

/** What a stack says of its service, for rules that know none. */
export interface Managed {
  /** The resource, and the clone or group around it that is enabled and disabled as one. */
  readonly resource: string
  readonly whole: string
  /** Failures on one node until Pacemaker gives the resource up there. */
  readonly threshold: number
  /** The sentence that accepts two halves of a cluster. */
  readonly noGuard?: string
}

/** The cluster as the manager of the best-informed host sees it. */
export interface CorosyncView {
  readonly managed: Managed
  readonly nodes: readonly NodeView[]
  readonly crm?: ClusterMonitor
}

/** Of all views: with quorum before without, more nodes online before fewer. */
export function bestOf(views: Iterable<ClusterMonitor | undefined>): ClusterMonitor | undefined {
  const weight = (crm: ClusterMonitor): number =>
    (crm.quorum ? 1000 : 0) + crm.nodes.filter((node) => node.online).length
  return [...views]
    .flatMap((crm) => crm ?? [])
    .toSorted((a, b) => weight(b) - weight(a))
    .at(0)
}

/** How a host answered: not at all, without its manager, or with it. */
export interface Seen {
  readonly reachable: boolean
  readonly answers: boolean
  readonly votesOnly: boolean
}

/** A node of the inventory with what the best view says of it. */
export const nodeView = (
  { name, connection }: Host,
  crm: ClusterMonitor | undefined,
  seen: Seen,
): NodeView => ({
  name,
  address: connection.address,
  ...seen,
  ...only({ node: crm?.nodes.find((each) => each.name === name) }),
  failCounts: crm?.failCounts[name] ?? {},
  failures: (crm?.failures ?? []).filter(({ node }) => node === name),
  attribute: (attribute) => crm?.attributes[name]?.[attribute],
})

/** Failures counted on a node by what failed: those of an address are not those of a server. */
export const failuresOn = ({ failCounts }: NodeView): readonly CountedFailure[] =>
  Object.entries(failCounts)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => ({ what, count, givenUp: count >= INFINITY }))

/** The failed operation of a resource there, as the manager shows it. */
export const failureOf = ({ failures }: NodeView, resource: string): MonFailure | undefined =>
  failures.find(({ operation }) => operation.startsWith(`${resource}_`))

/** Operation and reason of a failure, `start` and what the agent said. */
export const failureWords = ({ operation, reason, status }: MonFailure): readonly [string, string] => [
  /_([a-z]+)_\d+$/.exec(operation)?.[1] ?? operation,
  (reason || status || 'failed').replace(/\.$/, ''),
]

/** Why a node is out on purpose; undefined when it is in. */
export const pausedOf = ({ node }: Pick<NodeView, 'node'>): string | undefined =>
  node?.standby ? 'standby mode' : node?.maintenance ? 'maintenance' : undefined

/** What an operator did keeps the service down everywhere; then only that is said. */
export const isStopped = ({ crm, managed }: CorosyncView): boolean =>
  crm !== undefined && (crm.stopAll || crm.disabled.includes(managed.whole))

/** Whether the manager knows the service at all. */
export const isManaged = ({ crm, managed }: CorosyncView): boolean =>
  crm?.resources.some(({ id }) => id === managed.resource) ?? false

/** The node on which the service is promoted, as the manager says. */
export const promotedOf = ({ crm, managed }: CorosyncView): string | undefined =>
  crm?.resources.find(({ id, role }) => id === managed.resource && role === 'Promoted')?.nodes[0]

/** The votes that are there. */
export const quorumOf = ({ crm }: CorosyncView) =>
  crm && { have: crm.nodes.filter(({ online }) => online).length, of: crm.nodes.length, ok: crm.quorum }

/** What keeps two halves of the cluster apart, one sentence each. */
export function guardsOf({ crm, managed, nodes }: CorosyncView): readonly string[] {
  const members = nodes.filter(({ votesOnly }) => !votesOnly)
  const [voter] = nodes.filter(({ votesOnly }) => votesOnly)
  const who = voter ? `${members.length} members and the witness ${voter.name}` : `${nodes.length} members`
  return [
    ...(nodes.length > 2 ? [`quorum of ${who}`] : []),
    crm?.fencing ? 'fencing on' : 'no fencing',
    ...(managed.noGuard === undefined ? [] : [`no guard, accepted: "${managed.noGuard}"`]),
  ]
}
