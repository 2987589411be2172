import { readHosts } from '../../cluster/read-hosts.ts'
import { clientsOf } from '../../cluster/connect.ts'
import type { ClusterStatus, ReplicationMode } from '../../cluster/status.ts'
import type { Probe } from '../../engine/probe.ts'
import { withoutPrefix } from '../../inventory/address.ts'
import type { Cluster } from '../../inventory/inventory.ts'
import { only } from '../../lib/only.ts'
import { guardsOf, quorumOf } from '../../parts/corosync/view.ts'
import type { Deployment } from '../../parts/postgres/deployment.ts'
import { deploymentOf } from './deployment.ts'
import { factsOf } from './derive.ts'
import type { Facts } from './derive.ts'
import { healthOf, problemsOf } from './health.ts'
import { readHost } from './readings.ts'
import type { HostReading } from './readings.ts'
import { hostStatus, serviceStatus, viewOf } from './view.ts'
import type { View } from './view.ts'

/** The replication in force: `sync` only while a standby is connected that confirms commits. */
const actualMode = ({ primary }: View): ReplicationMode | undefined => {
  if (!primary?.server) return undefined
  const isSync = primary.server.senders.some((sender) => sender.sync === 'sync' || sender.sync === 'quorum')
  return isSync || primary.server.syncNames !== '' ? 'sync' : 'async'
}

/** The standby that can be promoted now without losing a commit: the sync one, else the only one with no lag. */
const candidateOf = (view: View): string | undefined => {
  const ready = view.members.filter(({ server, sender }) => server && sender?.state === 'streaming')
  return (ready.find(({ sender }) => sender?.sync === 'sync') ?? ready[0])?.name
}

/** Judges readings; those of unreachable members are missing. Pure, so captured output can be tested. */
export function judge(
  cluster: Cluster,
  readings: ReadonlyMap<string, HostReading>,
  at: string,
): ClusterStatus {
  const facts = factsOf(cluster)
  const view = viewOf(facts, readings)
  const problems = problemsOf(view, cluster.where(['name'])?.file ?? 'INVENTORY')
  return {
    cluster: cluster.name,
    stack: cluster.stack,
    replication: { wanted: facts.vars.replication.mode, ...only({ actual: actualMode(view) }) },
    health: healthOf(view, problems),
    ...only({ primary: view.primary?.name, candidate: candidateOf(view) }),
    hosts: [...view.members, ...view.witnesses].map((member) => hostStatus(member, view)),
    services: view.members.map((member) => serviceStatus(member, view)),
    addresses: view.addresses,
    clients: clientsOf(
      facts.vars.postgres,
      [withoutPrefix(facts.vars.writer_vip.address)],
      facts.vars.postgres.port,
    ),
    ...only({ quorum: quorumOf(view) }),
    guards: guardsOf(view),
    problems,
    at,
  }
}

/** Reads all hosts side by side, one round trip each; one that fails in between counts as unreachable. */
const readAll = (
  facts: Facts,
  probes: ReadonlyMap<string, Probe>,
): Promise<ReadonlyMap<string, HostReading>> =>
  readHosts(
    facts.nodes.map(({ name }) => name),
    probes,
    (probe) => readHost(probe, facts),
  )

/** Reads the cluster and judges it. */
export const status = async (cluster: Cluster, probes: ReadonlyMap<string, Probe>): Promise<ClusterStatus> =>
  judge(cluster, await readAll(factsOf(cluster), probes), new Date().toISOString())

/** Reads what a deploy must know. */
export async function deployment(cluster: Cluster, probes: ReadonlyMap<string, Probe>): Promise<Deployment> {
  const facts = factsOf(cluster)
  return deploymentOf(viewOf(facts, await readAll(facts, probes)))
}
