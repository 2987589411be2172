import { isDeepStrictEqual } from 'node:util'
import type { Static } from 'typebox'
import { problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import { defineModule } from '../../engine/module.ts'
import { runWith } from '../../engine/step.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Step } from '../../engine/step.ts'
import { Type } from '../../lib/type.ts'
import { units } from '../readings/units.ts'
import { askCib, propertiesOf } from './cib.ts'
import type { CorosyncConf } from './corosync-conf.ts'
import { CLUSTER_FILES, hostList, readCorosync, readPcsVersion } from './host.ts'
import type { Wanted } from './patch.ts'
import { clusterSetup, linkAdd, linkRemove, nodeAdd, totemUpdate } from './syntax.ts'
import type { PcsHost, PcsVersion } from './syntax.ts'
import { comparable, settings, textsOf } from './values.ts'

const args = Type.Object({
  name: Type.String({
    description: 'Name of the cluster.',
    pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$',
  }),
  hosts: hostList('All members with one or two addresses each; the same number for all.'),
  transport: Type.Enum(['knet', 'udpu'], { description: 'Transport of corosync.', default: 'knet' }),
  totem: settings('Options of totem in milliseconds and so on (token, consensus); null removes one.'),
  quorum: settings('Quorum options at creation; afterwards use pcs_quorum.'),
  start: Type.Boolean({ description: 'Start the cluster where it does not run.', default: true }),
  enable: Type.Boolean({ description: 'Start the cluster at boot.', default: true }),
})
type Args = Static<typeof args>

interface ClusterState {
  readonly [field: string]: unknown
  readonly name: string
  readonly nodes: Readonly<Record<string, readonly string[] | null>>
  readonly totem: Wanted
  /** Of corosync on this host. */
  readonly running: boolean
  readonly enabled: boolean
  readonly conf: CorosyncConf | undefined
  /** The name in the CIB of a running cluster. */
  readonly cibName: string | undefined
  readonly pcs: PcsVersion | undefined
}

const nodesOf = (hosts: readonly PcsHost[]): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(hosts.map(({ name, addresses }) => [name, addresses]))

const startsWith = (list: readonly string[], head: readonly string[]): boolean =>
  head.every((item, index) => list[index] === item)

/** Links to add to the nodes that are there, and the numbers of those to remove; undefined: addresses differ. */
const linkPlan = (conf: CorosyncConf, hosts: readonly PcsHost[]) => {
  const present = hosts.filter(({ name }) => name in conf.nodes)
  const fits = present.every(({ name, addresses }) => {
    const now = conf.nodes[name] ?? []
    return startsWith(addresses, now) || startsWith(now, addresses)
  })
  if (!fits) return undefined
  const wanted = present[0]?.addresses.length ?? 0
  const now = conf.nodes[present[0]?.name ?? '']?.length ?? 0
  const add = Array.from({ length: Math.max(0, wanted - now) }, (_, index) =>
    Object.fromEntries(present.map(({ name, addresses }) => [name, addresses[now + index] ?? ''])),
  )
  return { add, remove: conf.links.slice(wanted) }
}

/** Nodes that nobody asked for: each has a vote, and Pacemaker may use it. */
const strangersIn = ({ conf }: Pick<ClusterState, 'conf'>, hosts: readonly PcsHost[]): readonly string[] =>
  Object.keys(conf?.nodes ?? {}).filter((node) => !hosts.some(({ name }) => name === node))

const refuseForeign = (from: ClusterState, { name, hosts }: Args): Diagnostic | undefined => {
  const other = from.conf && from.name !== name ? from.name : undefined
  const foreign = other ?? (from.cibName !== undefined && from.cibName !== name ? from.cibName : undefined)
  if (foreign !== undefined) {
    return problem('pcs/other-cluster', `this host belongs to the cluster "${foreign}", not "${name}"`, {
      hint: `mend cluster.name in the inventory, or, if "${foreign}" is not needed, remove it by hand: pcs cluster destroy --all`,
    })
  }
  const strangers = strangersIn(from, hosts)
  if (strangers.length === 0) return undefined
  return problem(
    'pcs/unknown-node',
    `the cluster has nodes the inventory does not: ${strangers.join(', ')}`,
    {
      hint: `add them to the inventory, or remove them by hand: pcs cluster node remove ${strangers.join(' ')}`,
    },
  )
}

const refuse = (from: ClusterState, all: Args): Diagnostic | undefined => {
  const lengths = new Set(all.hosts.map(({ addresses }) => addresses.length))
  if (lengths.size > 1) {
    return problem('pcs/links', 'the members have different numbers of addresses', {
      hint: 'give every member one address for each link',
    })
  }
  const foreign = refuseForeign(from, all)
  if (foreign || !from.conf) return foreign
  if (!linkPlan(from.conf, all.hosts)) {
    return problem('pcs/address-changed', 'a member has another address in corosync.conf than wanted', {
      detail: JSON.stringify(from.conf.nodes),
      hint: 'with the cluster stopped: pcs cluster link update NUMBER NODE=ADDRESS',
    })
  }
  if (from.pcs === 9) {
    return problem('pcs/too-old', 'pcs 0.9 cannot change a cluster that exists', {
      hint: 'edit corosync.conf, then: pcs cluster sync; pcs cluster reload corosync',
    })
  }
  return undefined
}

const LONG = { timeoutMs: 300_000 }

function* creation(pcs: PcsVersion, all: Args): Generator<Step> {
  const pairs = (given: Args['totem']) =>
    Object.fromEntries(
      Object.entries(textsOf(given)).flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
    ) as Readonly<Record<string, string>>
  const setup = { ...all, totem: pairs(all.totem), quorum: pairs(all.quorum) }
  yield runWith(LONG, ...clusterSetup(pcs, setup))
}

/** Totem options that differ; an empty text takes one away. */
const totemChanges = (now: Wanted, all: Args): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(comparable(textsOf(all.totem), now))
      .filter(([key, value]) => (now[key] ?? null) !== value)
      .map(([key, value]) => [key, value ?? '']),
  )

/** Commands for what differs in corosync.conf. */
function* confCommands(pcs: PcsVersion, from: ClusterState, conf: CorosyncConf, all: Args) {
  const totem = totemChanges(from.totem, all)
  if (Object.keys(totem).length > 0) yield totemUpdate(pcs, totem)
  const plan = linkPlan(conf, all.hosts)
  for (const addresses of plan?.add ?? []) yield linkAdd(pcs, addresses)
  if (plan && plan.remove.length > 0) yield linkRemove(pcs, plan.remove)
  const flags = [...(all.start ? ['--start'] : []), ...(all.enable ? ['--enable'] : [])]
  for (const host of all.hosts) if (!(host.name in conf.nodes)) yield nodeAdd(pcs, host, flags)
}

function* adjustment(from: ClusterState, conf: CorosyncConf, all: Args): Generator<Step> {
  for (const argv of confCommands(from.pcs ?? 12, from, conf, all)) if (argv) yield runWith(LONG, ...argv)
  if (all.enable && !from.enabled) yield runWith(LONG, 'pcs', 'cluster', 'enable', '--all')
  if (all.start && !from.running) yield runWith(LONG, 'pcs', 'cluster', 'start', '--all')
}

/** Whether corosync.conf is as wanted, so that no pcs command is needed and its version does not matter. */
const agrees = (conf: CorosyncConf | undefined, all: Args): boolean =>
  conf !== undefined &&
  isDeepStrictEqual(conf.nodes, nodesOf(all.hosts)) &&
  Object.keys(totemChanges(conf.totem, all)).length === 0

const fieldsOf = (conf: CorosyncConf | undefined) =>
  conf ? { name: conf.cluster, nodes: conf.nodes, totem: conf.totem } : { name: '', nodes: {}, totem: {} }

/** The Corosync cluster. */
export const pcsCluster = defineModule<typeof args, ClusterState>({
  name: 'pcs_cluster',
  about:
    'Keep a cluster of these members; it is created once and then only changed where it differs. Run it once.',
  args,
  examples: [
    `pcs_cluster:
  name: pgcluster
  hosts:
    - { name: pg1, addresses: [10.77.0.11, 10.77.1.11] }
    - { name: pg2, addresses: [10.77.0.12, 10.77.1.12] }
  totem: { token: 3000 }`,
  ],
  async current(probe, all) {
    const [corosync, cib, unit] = await Promise.all([
      readCorosync(probe),
      askCib(probe),
      probe.ask(units, 'corosync'),
    ])
    if (corosync?.stock) {
      throw new NotYet(
        "the distribution's example cluster is still here; pcs_auth on every member removes it",
      )
    }
    return {
      ...fieldsOf(corosync?.conf),
      running: unit.active === 'active',
      enabled: unit.file === 'enabled',
      conf: corosync?.conf,
      cibName: cib.kind === 'cib' ? propertiesOf(cib.root)['cluster-name'] : undefined,
      pcs: agrees(corosync?.conf, all) ? undefined : await readPcsVersion(probe),
    }
  },
  desired: ({ name, hosts, totem, start, enable }, from) => ({
    name,
    nodes: { ...nodesOf(hosts), ...Object.fromEntries(strangersIn(from, hosts).map((node) => [node, null])) },
    totem: comparable(textsOf(totem), from.totem),
    ...(start && { running: true }),
    ...(enable && { enabled: true }),
  }),
  refuse: (from, _, all) => refuse(from, all),
  steps: (from, _, all) =>
    from.conf ? [...adjustment(from, from.conf, all)] : from.pcs ? [...creation(from.pcs, all)] : [],
  touches: () => CLUSTER_FILES,
  timeoutMs: 600_000,
})
