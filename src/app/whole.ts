import { isStreaming, membersOf } from '../cluster/members.ts'
import type { ClusterStatus } from '../cluster/status.ts'
import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import type { Bench } from './bench.ts'

/** The cluster itself says who its primary is: it has a quorum, and an address or a standby follows that primary. */
function knowsItsPrimary(status: ClusterStatus): boolean {
  const { quorum, primary, addresses } = status
  if (primary === undefined || quorum?.ok !== true) return false
  return membersOf(status).some(isStreaming) || addresses.some(({ on }) => on.includes(primary))
}

/**
 * Refuses to judge a cluster by a part of it. A host outside `--limit` that cannot be read may hold the data of the
 * cluster, which the others then must not be compared with; only a cluster that runs without it says enough. Throws
 * HactlError (exit 5).
 */
export function requireWhole({ target, opened }: Bench, status: ClusterStatus): void {
  const chosen = new Set(target.hosts.map(({ name }) => name))
  const unread = [...opened.failures.keys()].filter((name) => !chosen.has(name))
  if (unread.length === 0 || knowsItsPrimary(status)) return
  throw new HactlError(
    problem(
      'refused/part-of-cluster',
      `${unread.join(', ')} cannot be read, and without ${unread.length > 1 ? 'them' : 'it'} nobody knows where the data of ${status.cluster} is`,
      {
        detail: unread.map((name) => opened.failures.get(name)?.summary ?? name).join('\n'),
        hint: '--limit limits what is changed; what decides about the cluster is read from all its hosts: bring them back first',
      },
    ),
    EXIT.refused,
  )
}
