import type { ClusterStatus } from '../cluster/status.ts'
import type { Probe } from '../engine/probe.ts'
import type { Scope } from '../template/template.ts'
import type { Bench } from './engine.ts'

/** Reads the status of the bench's cluster; hosts without a session are unreachable in it. */
export async function readStatus(bench: Bench): Promise<ClusterStatus> {
  const { cluster, stack } = bench.target
  if (!cluster || !stack) throw new Error('a status needs a cluster')
  const probes = new Map<string, Probe>()
  for (const [name, session] of bench.opened.sessions) probes.set(name, session.prober.view().probe)
  return stack.status(cluster, probes)
}

/** Reads anew, whatever was read before. */
export async function refreshStatus(bench: Bench): Promise<ClusterStatus> {
  for (const session of bench.opened.sessions.values()) session.prober.invalidate(undefined)
  return readStatus(bench)
}

/** The variable `status` of playbooks: the status with the names they ask for most. */
export function statusScope(status: ClusterStatus): Scope {
  const running = status.members.filter((member) => member.running)
  return {
    status: {
      ...status,
      primary: running.find((member) => member.role === 'primary')?.name ?? '',
      standbys: running.filter((member) => member.role === 'standby').map((member) => member.name),
    },
  }
}

/** The scope a playbook asks for with `needs:`. */
export const neededScope = async (bench: Bench, needs: readonly string[]): Promise<Scope> =>
  needs.includes('status') && bench.target.cluster ? statusScope(await refreshStatus(bench)) : {}
