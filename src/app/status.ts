import { membersOf } from '../cluster/members.ts'
import type { ClusterStatus } from '../cluster/status.ts'
import type { Probe } from '../engine/probe.ts'
import type { Scope } from '../template/template.ts'
import type { Bench } from './bench.ts'
import { requireWhole } from './whole.ts'

const probesOf = ({ opened }: Bench): ReadonlyMap<string, Probe> =>
  new Map([...opened.sessions].map(([name, session]) => [name, session.prober.view().probe]))

/** Reads the status of the bench's cluster; hosts without a session are unreachable in it. */
export async function readStatus(bench: Bench): Promise<ClusterStatus> {
  const { cluster, stack } = bench.target
  if (!cluster || !stack) throw new Error('a status needs a cluster')
  return stack.status(cluster, probesOf(bench))
}

/** Reads anew, whatever was read before. */
export async function refreshStatus(bench: Bench): Promise<ClusterStatus> {
  for (const session of bench.opened.sessions.values()) session.prober.invalidate(undefined)
  return readStatus(bench)
}

/** The variable `status` of playbooks: the status with the names they ask for most. */
export function statusScope(status: ClusterStatus): Scope {
  const running = membersOf(status).filter((member) => member.running)
  return {
    status: {
      ...status,
      primary: running.find((member) => member.role === 'primary')?.name ?? '',
      standbys: running.filter((member) => member.role === 'standby').map((member) => member.name),
    },
  }
}

/** What a deploy must know, from the answers that the status was made of: nothing is read twice. */
async function deploymentScope(bench: Bench): Promise<Scope> {
  const { cluster, stack } = bench.target
  return cluster && stack?.deployment ? { deployment: await stack.deployment(cluster, probesOf(bench)) } : {}
}

/** The scopes a playbook asks for with `needs:`, and the status that they come with; read anew. */
export async function readNeeds(
  bench: Bench,
  needs: readonly string[],
): Promise<{ readonly status: ClusterStatus; readonly scope: Scope }> {
  const status = await refreshStatus(bench)
  const more = needs.includes('deployment') ? await deploymentScope(bench) : {}
  return { status, scope: { ...statusScope(status), ...more } }
}

/** What a playbook was told about its cluster; nothing for one that does not ask, or hosts that are no cluster. */
export interface Needed {
  readonly scope: Scope
  readonly status?: ClusterStatus
}

/**
 * The scopes a playbook asks for with `needs:`, read from the whole cluster whatever `--limit` says. Throws HactlError
 * when a limit hides hosts that cannot be read and what decides about the cluster would come from a part of it.
 */
export async function neededOf(bench: Bench, needs: readonly string[]): Promise<Needed> {
  if (needs.length === 0 || !bench.target.cluster) return { scope: {} }
  const needed = await readNeeds(bench, needs)
  requireWhole(bench, needed.status)
  return needed
}
