import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Probe, Reading } from '../../engine/probe.ts'
import { roleName } from './cib.ts'
import { childOf, childrenOf, descendants, parseXml } from './xml.ts'
import type { XmlElement } from './xml.ts'

export interface MonNode {
  readonly name: string
  readonly id: string
  readonly online: boolean
  readonly standby: boolean
  readonly maintenance: boolean
  /** Has joined but is not ready yet. */
  readonly pending: boolean
  /** Must be fenced before its resources may run elsewhere. */
  readonly unclean: boolean
  readonly isDc: boolean
  readonly resourcesRunning: number
}

/** One copy of a primitive: a clone of two has two, a stopped copy has no node. */
export interface MonResource {
  readonly id: string
  /** Clone, promotable clone, group or bundle around it, the innermost. */
  readonly parent?: string
  readonly agent: string
  /** Started, Stopped, Promoted, Unpromoted, and while something happens Starting, Promoting, … */
  readonly role: string
  readonly nodes: readonly string[]
  readonly active: boolean
  readonly managed: boolean
  readonly failed: boolean
  /** The cluster will do nothing with it until somebody intervenes. */
  readonly blocked: boolean
  /** Still runs, but its configuration is gone. */
  readonly orphaned: boolean
  /** The operation that is under way. */
  readonly pending?: string
}

export interface MonFailure {
  /** `pgsql_monitor_4000`. */
  readonly operation: string
  readonly node: string
  readonly status: string
  readonly reason: string
  readonly at?: string
}

export interface MonBan {
  readonly id: string
  readonly resource: string
  readonly node: string
  readonly score: number
  readonly promotedOnly: boolean
}

/** What `crm_mon --output-as=xml` says. */
export interface ClusterMonitor {
  readonly dc?: string
  readonly quorum: boolean
  /** Version of the cluster manager that leads, `2.1.5-a3f44794f94`. */
  readonly version?: string
  readonly maintenance: boolean
  readonly fencing: boolean
  /** The property stop-all-resources. */
  readonly stopAll: boolean
  /** Resources, clones and groups whose target-role keeps them stopped. */
  readonly disabled: readonly string[]
  readonly noQuorumPolicy?: string
  readonly nodes: readonly MonNode[]
  readonly resources: readonly MonResource[]
  /** Node → attribute → value: the transient and permanent ones that crm_mon shows. */
  readonly attributes: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Node → resource → failures counted; INFINITY is 1000000. */
  readonly failCounts: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly failures: readonly MonFailure[]
  readonly bans: readonly MonBan[]
}

/** INFINITY of fail counts: the cluster has given the resource up there. */
export const INFINITY = 1_000_000

const yes = (value: string | undefined): boolean => value === 'true'
const count = (value: string | undefined): number =>
  value === 'INFINITY' ? INFINITY : value === '-INFINITY' ? -INFINITY : Number(value ?? 0)

const nodeOf = ({ attrs }: XmlElement): MonNode => ({
  name: attrs['name'] ?? '',
  id: attrs['id'] ?? '',
  online: yes(attrs['online']),
  standby: yes(attrs['standby']) || yes(attrs['standby_onfail']),
  maintenance: yes(attrs['maintenance']),
  pending: yes(attrs['pending']),
  unclean: yes(attrs['unclean']),
  isDc: yes(attrs['is_dc']),
  resourcesRunning: count(attrs['resources_running']),
})

const resourceOf = ({ attrs, children }: XmlElement, parent: string | undefined): MonResource => ({
  // Copies of unique or orphaned clones are called `id:0`.
  id: (attrs['id'] ?? '').replace(/:\d+$/, ''),
  ...(parent !== undefined && { parent: parent.replace(/:\d+$/, '') }),
  agent: (attrs['resource_agent'] ?? '').replace('::', ':'),
  role: roleName(attrs['role'] ?? ''),
  nodes: children.filter(({ name }) => name === 'node').map((node) => node.attrs['name'] ?? ''),
  active: yes(attrs['active']),
  managed: yes(attrs['managed']),
  failed: yes(attrs['failed']),
  blocked: yes(attrs['blocked']),
  orphaned: yes(attrs['orphaned']) || yes(attrs['removed']),
  ...(attrs['pending'] !== undefined && { pending: attrs['pending'] }),
})

const resourcesOf = (parent: XmlElement | undefined, name?: string): readonly MonResource[] =>
  (parent?.children ?? []).flatMap((child) => {
    if (child.name === 'resource') return [resourceOf(child, name)]
    const below = child.name === 'replica' ? name : child.attrs['id']
    return resourcesOf(child, below)
  })

const failureOf = ({ attrs }: XmlElement): MonFailure => ({
  operation: attrs['op_key'] ?? `${attrs['id'] ?? ''}_${attrs['task'] ?? ''}`,
  node: attrs['node'] ?? '',
  status: (attrs['exitstatus'] ?? attrs['status'] ?? '').toLowerCase(),
  reason: attrs['exitreason'] ?? '',
  ...(attrs['last-rc-change'] !== undefined && { at: attrs['last-rc-change'] }),
})

const failCountsOf = (root: XmlElement): ClusterMonitor['failCounts'] =>
  Object.fromEntries(
    childrenOf(childOf(root, 'node_history'), 'node').map((node) => {
      const counted = childrenOf(node, 'resource_history').filter(({ attrs }) => 'fail-count' in attrs)
      return [
        node.attrs['name'] ?? '',
        Object.fromEntries(counted.map(({ attrs }) => [attrs['id'] ?? '', count(attrs['fail-count'])])),
      ]
    }),
  )

const attributesOf = (root: XmlElement): ClusterMonitor['attributes'] =>
  Object.fromEntries(
    childrenOf(childOf(root, 'node_attributes'), 'node').map((node) => [
      node.attrs['name'] ?? '',
      Object.fromEntries(
        childrenOf(node, 'attribute').map(({ attrs }) => [attrs['name'] ?? '', attrs['value'] ?? '']),
      ),
    ]),
  )

const banOf = ({ attrs }: XmlElement): MonBan => ({
  id: attrs['id'] ?? '',
  resource: attrs['resource'] ?? '',
  node: attrs['node'] ?? '',
  score: count(attrs['weight']),
  promotedOnly: yes(attrs['promoted-only'] ?? attrs['master_only']),
})

/**
 * Reads `crm_mon -1rAf --output-as=xml` of version 2.0.3 and later. Throws `crm_mon/failed` when the tool
 * reports an error instead of a status, `xml/syntax` for anything else.
 */
export const parseCrmMon = (xml: string): ClusterMonitor => {
  const root = parseXml(xml)
  const status = childOf(root, 'status')
  if (status && status.attrs['code'] !== '0') {
    const errors = descendants(status, 'error').map(({ text }) => text)
    const summary = errors.at(-1) ?? status.attrs['message'] ?? 'crm_mon failed'
    throw new HactlError(problem('crm_mon/failed', summary, { detail: errors.join('\n') }), EXIT.failed)
  }
  const summary = childOf(root, 'summary')
  const dc = childOf(summary, 'current_dc')?.attrs ?? {}
  const options = childOf(summary, 'cluster_options')?.attrs ?? {}
  const policy = options['no-quorum-policy']
  return {
    ...(dc['name'] !== undefined && { dc: dc['name'] }),
    ...(dc['version'] !== undefined && { version: dc['version'] }),
    quorum: yes(dc['with_quorum']),
    maintenance: yes(options['maintenance-mode']),
    fencing: yes(options['stonith-enabled']),
    stopAll: yes(options['stop-all-resources']),
    disabled: childrenOf(childOf(root, 'resources'))
      .filter(({ attrs }) => yes(attrs['disabled']) || attrs['target_role'] === 'Stopped')
      .map(({ attrs }) => attrs['id'] ?? ''),
    ...(policy !== undefined && { noQuorumPolicy: policy }),
    nodes: childrenOf(childOf(root, 'nodes'), 'node').map(nodeOf),
    resources: resourcesOf(childOf(root, 'resources')),
    attributes: attributesOf(root),
    failCounts: failCountsOf(root),
    failures: childrenOf(childOf(root, 'failures'), 'failure').map(failureOf),
    bans: childrenOf(childOf(root, 'bans'), 'ban').map(banOf),
  }
}

/** A status, or why the cluster manager of this host does not answer. */
export type MonAnswer =
  | { readonly kind: 'status'; readonly status: ClusterMonitor }
  | { readonly kind: 'none'; readonly why: string }

/** The status of the cluster as this host sees it, read once for all who ask in a tick. */
export const crmMonReading: Reading<MonAnswer> = {
  name: 'crm_mon',
  command: () => ({ argv: ['crm_mon', '-1rAf', '--output-as=xml'] }),
  parse({ code, stdout, stderr }, keys) {
    const answer = ((): MonAnswer => {
      if (code === 0) return { kind: 'status', status: parseCrmMon(stdout) }
      const said = /<error>(?:error: )?([^<]*)</.exec(stdout)?.[1] ?? stderr.trim().split('\n').at(-1)
      return { kind: 'none', why: said || `crm_mon ended with ${code}` }
    })()
    return new Map(keys.map((key) => [key, answer]))
  },
  resource: () => ['cib:', 'unit:*'],
}

/** Asks for the cluster's status. */
export const askCrmMon = (probe: Probe): Promise<MonAnswer> => probe.ask(crmMonReading, 'status')
