import type { Static } from 'typebox'
import { defineAction } from '../../engine/module.ts'
import type { Probe } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import { roleName } from './cib.ts'
import { askCrmMon } from './crm-mon.ts'
import type { ClusterMonitor } from './crm-mon.ts'

const args = Type.Object({
  online: Type.Array(Type.String({ description: 'A node.' }), {
    description: 'Nodes that have joined the cluster.',
    default: [],
  }),
  settled: Type.Boolean({
    description:
      'Whether the cluster must have nothing left to do as well; always so when nothing else is named.',
    default: false,
  }),
  resource: Type.Optional(Type.String({ description: 'A resource that must be in `role`.' })),
  role: Type.String({
    description: 'Role of the resource: Started, Stopped, Promoted, Unpromoted.',
    default: 'Started',
  }),
  node: Type.Optional(Type.String({ description: 'Where it must be in that role; default: anywhere.' })),
})
type Args = Static<typeof args>

/** Why the wait is not over yet; undefined when it is. Pure. */
export const waitingFor = (status: ClusterMonitor, all: Args): string | undefined => {
  if (status.dc === undefined) return 'no node leads the cluster yet'
  const missing = all.online.filter(
    (name) => !status.nodes.some((node) => node.name === name && node.online && !node.pending),
  )
  if (missing.length > 0) return `not online: ${missing.join(', ')}`
  if (all.resource !== undefined) {
    const role = roleName(all.role)
    const copies = status.resources.filter(({ id, parent }) => [id, parent].includes(all.resource))
    if (copies.length === 0) return `there is no resource ${all.resource}`
    const there = copies.filter((copy) => copy.role === role && copy.pending === undefined)
    const fits = all.node === undefined ? there : there.filter(({ nodes }) => nodes.includes(all.node ?? ''))
    const found = copies.map(({ role: is, nodes }) => [is, ...nodes].join(' ')).join(', ')
    if (fits.length === 0) return `${all.resource} is not ${role} on ${all.node ?? 'any node'}: ${found}`
  }
  const busy = status.resources.find(({ pending }) => pending !== undefined)
  return all.settled && busy ? `${busy.id}: ${busy.pending}` : undefined
}

/**
 * Whether the leading node has nothing to do. `crm_resource --wait` would say so too, but takes at least
 * two seconds, and answers at once while no node leads.
 */
export const isIdle = async (probe: Probe, dc: string): Promise<boolean> => {
  const { stdout } = await probe.run(['crmadmin', `--status=${dc}`], { dependsOn: ['cib:', 'unit:*'] })
  return /\bS_IDLE\b/.test(stdout)
}

const reason = async (probe: Probe, all: Args): Promise<string | undefined> => {
  const answer = await askCrmMon(probe)
  if (answer.kind === 'none') return answer.why
  const settled = all.settled || (all.online.length === 0 && all.resource === undefined)
  const why = waitingFor(answer.status, { ...all, settled })
  if (why !== undefined || !settled) return why
  return (await isIdle(probe, answer.status.dc ?? '')) ? undefined : 'the cluster is still working'
}

/** Waits for the cluster. */
export const pcsWait = defineAction({
  name: 'pcs_wait',
  about: 'Wait until nodes are online, a resource is in a role, or the cluster has nothing left to do.',
  args,
  examples: [
    'pcs_wait: { online: [pg1, pg2, pg3] }',
    'pcs_wait: { resource: pgsql-clone, role: Promoted, node: pg1, settled: true }',
    'pcs_wait: {}',
  ],
  label: ({ online, resource, role, node }) =>
    [resource && `${resource} ${role}`, node, ...online].filter(Boolean).join(' ') || 'settled',
  done: async (probe, all) => (await reason(probe, all)) === undefined,
  steps: () => [],
  explain: async (probe, all) => (await reason(probe, all)) ?? 'it has happened meanwhile',
  timeoutMs: 120_000,
})
