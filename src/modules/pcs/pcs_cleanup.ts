import { defineAction } from '../../engine/module.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import { runWith } from '../../engine/step.ts'
import { Type } from '../../lib/type.ts'
import { CIB } from './cib.ts'
import { askCrmMon } from './crm-mon.ts'
import type { ClusterMonitor } from './crm-mon.ts'

const args = Type.Object({
  resource: Type.Optional(Type.String({ description: 'Only its failures; default: all resources.' })),
  node: Type.Optional(Type.String({ description: 'Only failures there; default: all nodes.' })),
})

interface Where {
  readonly resource?: string
  readonly node?: string
}

/** Failures and fail counts of a resource (or of the copies of a clone, or members of a group) in words. */
export const failuresOf = (status: ClusterMonitor, { resource, node }: Where): readonly string[] => {
  const inside = status.resources.filter(({ parent }) => parent === resource).map(({ id }) => id)
  const names = new Set([resource, ...inside])
  const fits = (id: string): boolean => resource === undefined || names.has(id)
  const here = (name: string): boolean => node === undefined || node === name
  const counts = Object.entries(status.failCounts).flatMap(([name, counted]) =>
    Object.entries(counted)
      .filter(([id, times]) => times > 0 && fits(id) && here(name))
      .map(([id, times]) => `${id} failed ${times} times on ${name}`),
  )
  const failed = status.failures
    .filter(({ operation, node: at }) => fits(operation.replace(/_[a-z-]+_\d+$/, '')) && here(at))
    .map(({ operation, node: at, status: what }) => `${operation} on ${at}: ${what}`)
  return [...counts, ...failed]
}

const failures = async (probe: Probe, where: Where): Promise<readonly string[]> => {
  const answer = await askCrmMon(probe)
  if (answer.kind === 'none') throw new NotYet(`the cluster does not run here: ${answer.why}`)
  return failuresOf(answer.status, where)
}

/** Forgets failures. */
export const pcsCleanup = defineAction({
  name: 'pcs_cleanup',
  about: 'Forget the failures of a resource, so that the cluster tries again where it had given up.',
  args,
  examples: ['pcs_cleanup: { resource: pgsql-clone }', 'pcs_cleanup: { node: pg2 }'],
  label: ({ resource, node }) => [resource ?? 'all', node].filter(Boolean).join(' on '),
  done: async (probe, where) => (await failures(probe, where)).length === 0,
  steps: ({ resource, node }) => [
    runWith(
      { timeoutMs: 120_000 },
      'crm_resource',
      '--cleanup',
      ...(resource === undefined ? [] : ['--resource', resource]),
      ...(node === undefined ? [] : ['--node', node]),
    ),
  ],
  explain: async (probe, where) => (await failures(probe, where)).join('; '),
  touches: () => [CIB],
})
