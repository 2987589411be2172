import { readHosts } from '../../cluster/read-hosts.ts'
import { clientsOf } from '../../cluster/connect.ts'
import type { ClusterStatus, ReplicationMode } from '../../cluster/status.ts'
import type { Probe } from '../../engine/probe.ts'
import type { Cluster } from '../../inventory/inventory.ts'
import { factsOf } from './derive.ts'
import { settingsOf } from './postgres.ts'
import { restartOrder } from '../../cluster/restart-order.ts'
import { healthOf, problemsOf } from './health.ts'
import { lastPrimary } from './last-primary.ts'
import { readHost } from './readings.ts'
import type { HostReading } from './readings.ts'
import { memberStatus, only, pausedOf, viewOf } from './view.ts'
import type { View } from './view.ts'

/** The replication in force: `sync` only while a standby is connected that confirms commits. */
const actualMode = ({ primary }: View): ReplicationMode | undefined => {
  if (!primary?.server) return undefined
  const isSync = primary.server.senders.some((sender) => sender.sync === 'sync' || sender.sync === 'quorum')
  return isSync || primary.server.syncNames !== '' ? 'sync' : 'async'
}

const guardsOf = ({ facts, crm }: View): readonly string[] => {
  const none = facts.vars.guard?.none
  const size = facts.nodes.length
  const voters = facts.witnesses.map(({ name }) => `${facts.hosts.length} members and the witness ${name}`)
  return [
    ...(size > 2 ? [`quorum of ${voters[0] ?? `${size} members`}`] : []),
    crm?.fencing ? 'fencing on' : 'no fencing',
    ...(none === undefined ? [] : [`no guard, accepted: "${none}"`]),
  ]
}

/** The standby that can be promoted now without losing a commit: the sync one, else the only one with no lag. */
const candidateOf = (view: View): string | undefined => {
  const ready = view.members.filter(({ server, sender }) => server && sender?.state === 'streaming')
  return (ready.find(({ sender }) => sender?.sync === 'sync') ?? ready[0])?.name
}

/**
 * Whose data the others are copied from: the primary; else the member that was shut down as one (a deploy that was
 * interrupted); else one that has data at all; else the first.
 */
function bootstrapOf(view: View): ClusterStatus['bootstrap'] {
  const { facts, members } = view
  const withData = members.filter((member) => member.reading?.data)
  const latest = lastPrimary(view)
  const seed = view.primary ?? members.find(({ name }) => name === latest) ?? withData[0] ?? members[0]
  // What cannot be read may hold data: nothing is made anew then.
  const isUnsure = members.some((member) => !member.reading)
  const managed = isUnsure || (view.crm?.resources.some(({ id }) => id === facts.agent.resource) ?? false)
  const serving = members.filter((member) => pausedOf(member) === undefined).map(({ name }) => name)
  const wanted = settingsOf(facts.vars, facts.timing)
  const order = restartOrder(view.primary?.server?.limits ?? {}, wanted)
  return seed && { seed: seed.name, managed, serving, ...only({ latest }), ...order }
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
  const online = view.crm?.nodes.filter((node) => node.online).length ?? 0
  return {
    cluster: cluster.name,
    stack: cluster.stack,
    postgres: only({ version: [...readings.values()].find(({ server }) => server)?.server?.version }),
    replication: { wanted: facts.vars.replication.mode, ...only({ actual: actualMode(view) }) },
    health: healthOf(view, problems),
    ...only({ primary: view.primary?.name, candidate: candidateOf(view), bootstrap: bootstrapOf(view) }),
    members: [...view.members, ...view.witnesses].map((member) => memberStatus(member, view)),
    addresses: view.addresses,
    clients: clientsOf(
      facts.vars.postgres,
      [facts.vars.writer_vip.address.split('/')[0] ?? ''],
      facts.vars.postgres.port,
    ),
    ...(view.crm && { quorum: { have: online, of: view.crm.nodes.length, ok: view.crm.quorum } }),
    guards: guardsOf(view),
    problems,
    at,
  }
}

/** Reads all hosts side by side, one round trip each; one that fails in between counts as unreachable. */
export async function status(cluster: Cluster, probes: ReadonlyMap<string, Probe>): Promise<ClusterStatus> {
  const facts = factsOf(cluster)
  const names = facts.nodes.map(({ name }) => name)
  const readings = await readHosts(names, probes, (probe) => readHost(probe, facts))
  return judge(cluster, readings, new Date().toISOString())
}
