import type { ClusterStatus, HostStatus, ReplicationMode, Role, ServiceStatus } from './status.ts'

/** A host with the service on it that has a role: what can be primary or standby. */
export interface MemberStatus extends HostStatus, Omit<ServiceStatus, 'host' | 'kind'> {
  readonly role: Role
  readonly running: boolean
}

/** The members of a cluster in the order of its hosts; a host that only votes, or routes, is none. */
export const membersOf = ({ hosts, services }: ClusterStatus): readonly MemberStatus[] =>
  hosts.flatMap((host) => {
    const service = services.find((each) => each.host === host.name && each.role !== undefined)
    if (service?.role === undefined) return []
    const { host: _host, kind: _kind, role, ...more } = service
    return [{ ...host, ...more, role, running: service.state === 'running' }]
  })

/** It receives the primary's WAL as it is written. */
export const isStreaming = ({ role, running, replication }: MemberStatus): boolean =>
  role === 'standby' && running && replication?.state === 'streaming'

/** `sync, streaming`, or why it does not follow: `no data`; undefined for a primary. */
export const followingText = ({ replication, condition }: MemberStatus): string | undefined =>
  replication ? `${replication.sync}, ${replication.state}` : condition

/** Members that accept writes. */
export const primariesOf = (status: ClusterStatus): readonly MemberStatus[] =>
  membersOf(status).filter(({ role, running }) => role === 'primary' && running)

/** The version of what the cluster is about: of the primary's service, else of any that answers. */
export const versionOf = ({ services, primary }: ClusterStatus): string | undefined =>
  (
    services.find(({ host, version }) => version !== undefined && host === primary) ??
    services.find(({ version }) => version !== undefined)
  )?.version

/** The replication a cluster should have; where it has none, nothing may be lost, as with sync. */
export const modeOf = (status: ClusterStatus | undefined): ReplicationMode =>
  status?.replication?.wanted ?? 'sync'
