import { childOf, childrenOf, parseXml } from '../../modules/pcs/xml.ts'
import type { XmlElement } from '../../modules/pcs/xml.ts'

export interface CrmNode {
  readonly name: string
  readonly online: boolean
  readonly unclean: boolean
  readonly pending: boolean
  readonly standby: boolean
  readonly maintenance: boolean
}

export interface CrmInstance {
  readonly resource: string
  /** `Promoted`, `Unpromoted`, `Started`, `Stopped`, `Starting` … in today's words. */
  readonly role: string
  readonly managed: boolean
  readonly blocked: boolean
  readonly failed: boolean
  readonly nodes: readonly string[]
}

export interface CrmFailure {
  readonly node: string
  readonly resource: string
  readonly task: string
  /** What the agent said, or the result's name. */
  readonly reason: string
}

/** What crm_mon says on one host, in one form for Pacemaker 1.1 to 3. */
export interface CrmMon {
  readonly dc?: string
  readonly quorum: boolean
  readonly stonith: boolean
  readonly maintenance: boolean
  readonly stopAll: boolean
  readonly nodes: readonly CrmNode[]
  readonly instances: readonly CrmInstance[]
  /** Resources whose target-role keeps them stopped. */
  readonly disabled: readonly string[]
  /** Node → attribute → value. */
  readonly attributes: ReadonlyMap<string, ReadonlyMap<string, string>>
  /** Node → resource → failures counted; GIVEN_UP for INFINITY. */
  readonly failCounts: ReadonlyMap<string, ReadonlyMap<string, number>>
  readonly failures: readonly CrmFailure[]
  /** Ids of location constraints that keep a resource away from a node for ever. */
  readonly bans: readonly { readonly id: string; readonly resource: string; readonly node: string }[]
}

/** Pacemaker's INFINITY: it has given the resource up there. */
export const GIVEN_UP = 1_000_000

const yes = (element: XmlElement | undefined, attribute: string): boolean =>
  element?.attrs[attribute] === 'true'

const ROLES: Readonly<Record<string, string>> = { Master: 'Promoted', Slave: 'Unpromoted' }

const nodeOf = (element: XmlElement): CrmNode => ({
  name: element.attrs['name'] ?? '',
  online: yes(element, 'online'),
  unclean: yes(element, 'unclean'),
  pending: yes(element, 'pending'),
  standby: yes(element, 'standby') || yes(element, 'standby_onfail'),
  maintenance: yes(element, 'maintenance'),
})

const instanceOf = (element: XmlElement): CrmInstance => {
  const role = element.attrs['role'] ?? 'Stopped'
  return {
    resource: (element.attrs['id'] ?? '').replace(/:\d+$/, ''),
    role: ROLES[role] ?? role,
    managed: yes(element, 'managed'),
    blocked: yes(element, 'blocked'),
    failed: yes(element, 'failed'),
    nodes: childrenOf(element, 'node').map((node) => node.attrs['name'] ?? ''),
  }
}

const everyResource = (element: XmlElement): readonly XmlElement[] =>
  element.children.flatMap((child) => (child.name === 'resource' ? [child] : everyResource(child)))

const failureOf = (element: XmlElement): CrmFailure => ({
  node: element.attrs['node'] ?? '',
  resource: (element.attrs['op_key'] ?? '').replace(/_[a-z]+_\d+$/, ''),
  task: element.attrs['task'] ?? /_([a-z]+)_\d+$/.exec(element.attrs['op_key'] ?? '')?.[1] ?? '',
  reason: [element.attrs['exitreason'], element.attrs['exitstatus']].find((text) => text) ?? 'failed',
})

const failCountsOf = (history: XmlElement | undefined) =>
  new Map(
    childrenOf(history, 'node').map((node) => [
      node.attrs['name'] ?? '',
      new Map(
        childrenOf(node, 'resource_history').flatMap(({ attrs }) => {
          const count = attrs['fail-count']
          if (count === undefined) return []
          const number = Number(count)
          return [
            [attrs['id'] ?? '', number >= GIVEN_UP || Number.isNaN(number) ? GIVEN_UP : number] as const,
          ]
        }),
      ),
    ]),
  )

const attributesOf = (element: XmlElement | undefined) =>
  new Map(
    childrenOf(element, 'node').map((node) => [
      node.attrs['name'] ?? '',
      new Map(childrenOf(node, 'attribute').map(({ attrs }) => [attrs['name'] ?? '', attrs['value'] ?? ''])),
    ]),
  )

/** Reads `crm_mon --output-as=xml`; undefined when it holds no cluster (not running, not connected). */
export function parseCrmMon(xml: string): CrmMon | undefined {
  if (!xml.trimStart().startsWith('<')) return undefined
  const root = parseXml(xml)
  const summary = childOf(root, 'summary')
  const nodes = childOf(root, 'nodes')
  if (!summary || !nodes) return undefined
  const options = childOf(summary, 'cluster_options')
  const dc = childOf(summary, 'current_dc')
  const resources = childOf(root, 'resources')
  return {
    ...(dc?.attrs['name'] !== undefined && { dc: dc.attrs['name'] }),
    quorum: yes(dc, 'with_quorum'),
    stonith: yes(options, 'stonith-enabled'),
    maintenance: yes(options, 'maintenance-mode'),
    stopAll: yes(options, 'stop-all-resources'),
    nodes: childrenOf(nodes, 'node').map(nodeOf),
    instances: resources ? everyResource(resources).map(instanceOf) : [],
    disabled: childrenOf(resources)
      .filter((element) => yes(element, 'disabled') || element.attrs['target_role'] === 'Stopped')
      .map(({ attrs }) => attrs['id'] ?? ''),
    attributes: attributesOf(childOf(root, 'node_attributes')),
    failCounts: failCountsOf(childOf(root, 'node_history')),
    failures: childrenOf(childOf(root, 'failures'), 'failure').map(failureOf),
    bans: childrenOf(childOf(root, 'bans'), 'ban').map(({ attrs }) => ({
      id: attrs['id'] ?? '',
      resource: attrs['resource'] ?? '',
      node: attrs['node'] ?? '',
    })),
  }
}
