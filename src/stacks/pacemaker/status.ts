import { clientsOf } from '../../cluster/connect.ts'
import type { ReplicationMode } from '../../cluster/status.ts'
import { withoutPrefix } from '../../inventory/address.ts'
import { only } from '../../lib/only.ts'
import { guardsOf, quorumOf } from '../../parts/corosync/view.ts'
import { hostStatus, serviceStatus } from './view.ts'
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

/** What the status says of the cluster, beside its problems. Pure. */
export const report = (view: View) => ({
  replication: { wanted: view.facts.vars.replication.mode, ...only({ actual: actualMode(view) }) },
  ...only({ primary: view.primary?.name, candidate: candidateOf(view), quorum: quorumOf(view) }),
  hosts: [...view.members, ...view.witnesses].map((member) => hostStatus(member, view)),
  services: view.members.map((member) => serviceStatus(member, view)),
  addresses: view.addresses,
  clients: clientsOf(
    view.facts.vars.postgres,
    [withoutPrefix(view.facts.vars.writer_vip.address)],
    view.facts.vars.postgres.port,
  ),
  guards: guardsOf(view),
})
