import type { EtcdPlace } from './place.ts'
import type { EtcdReading } from './reading.ts'

/** One etcd member of the inventory. */
export interface EtcdPeer {
  readonly name: string
  readonly address: string
  readonly reachable: boolean
  /** State of the service. */
  readonly unit: string
  readonly reading?: EtcdReading
}

/** The lock service itself. */
export interface EtcdView {
  readonly peers: readonly EtcdPeer[]
  readonly have: number
  readonly of: number
  readonly ok: boolean
  /** Name of the member that leads. */
  readonly leader?: string
  /** Members it counts that the inventory does not have, by name or URL. */
  readonly strangers: readonly string[]
  /** Members of the inventory that it does not count. */
  readonly missing: readonly string[]
}

/** What one host says of its etcd. */
export interface EtcdHost {
  readonly etcd?: EtcdReading
  /** State of the service, `active`, `failed` …; empty: there is none. */
  readonly etcdUnit: string
}

/**
 * Puts together what the etcd members say. `isSeen`: whether a client of etcd still reaches it, asked where no host of
 * etcd could be. Pure.
 */
export function etcdOf(
  place: EtcdPlace,
  hosts: ReadonlyMap<string, EtcdHost>,
  isSeen: () => boolean,
): EtcdView {
  const peers = place.peers.map(({ name, address }) => {
    const host = hosts.get(name)
    return {
      name,
      address,
      reachable: host !== undefined,
      unit: host?.etcdUnit ?? '',
      ...(host?.etcd && { reading: host.etcd }),
    }
  })
  const answers = peers.flatMap(({ reading }) => (reading ? [reading] : []))
  // The list is part of what they agree on: the one who has seen most knows it best.
  const listed =
    answers.toSorted((a, b) => b.revision - a.revision).find(({ members }) => members.length > 0)?.members ??
    []
  const have = answers.filter(({ healthy }) => healthy).length
  const leads = listed.find(({ id }) => answers.some(({ healthy, leader }) => healthy && leader === id))
  const urls = place.peers.map(({ peer }) => peer)
  const isKnown = (urlsOfMember: readonly string[]): boolean => urlsOfMember.some((url) => urls.includes(url))
  return {
    peers,
    have,
    of: Math.max(listed.length, peers.length),
    // Clients answer from memory too: their word counts only where no host of etcd could be asked.
    ok: have > 0 || (peers.every(({ reachable }) => !reachable) && isSeen()),
    ...(leads?.name && { leader: leads.name }),
    strangers: listed
      .filter((member) => !isKnown(member.peers))
      .map(({ name, peers: [url = ''] }) => name || url),
    missing:
      listed.length === 0
        ? []
        : place.peers
            .filter(({ peer }) => !listed.some((member) => member.peers.includes(peer)))
            .map(({ name }) => name),
  }
}
