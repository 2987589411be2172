import { critical, warning } from '../../cluster/problem.ts'
import type { Rule as RuleOf, Say as SayOf } from '../../cluster/say.ts'
import type { EtcdPeer, EtcdView } from './view.ts'

/** What rules about etcd judge. */
export interface OfEtcd {
  readonly etcd: EtcdView
  /** What happens to the service while etcd has no majority, one sentence. */
  readonly withoutEtcd: string
}
type Say = SayOf<OfEtcd>
type Rule = RuleOf<OfEtcd>

/** Half of etcd's default quota of 2 GB, after which it takes no more writes. */
const LARGE = 1_000_000_000

const isLost = ({ reading }: EtcdPeer): boolean => reading?.healthy !== true

const whyLost = ({ reachable, unit, reading }: EtcdPeer): string => {
  if (!reachable) return 'its host cannot be reached'
  if (reading) return 'it sees no leader'
  return unit === 'active' || unit === 'activating' ? 'it does not answer' : 'the service does not run'
}

/** A majority of etcd. */
export const quorum: Rule = ({ view: { etcd, withoutEtcd }, run }) => {
  if (etcd.ok || etcd.peers.every(({ reachable, unit }) => reachable && unit === '')) return []
  const lost = etcd.peers.filter(isLost)
  const reasons = lost.map((peer) => `${peer.name}: ${whyLost(peer)}`).join('; ')
  const summary = `No quorum: ${etcd.have} of ${etcd.of} etcd members are healthy.`
  return [critical('quorum/lost', summary, { detail: `${reasons}. ${withoutEtcd}`, next: run('start') })]
}

/** Members that are lost while the others go on. */
export const lostMembers: Rule = ({ view, run }) =>
  view.etcd.ok
    ? view.etcd.peers
        .filter((peer) => isLost(peer) && peer.reachable)
        .map((peer) => lostMember(peer, { view, run }))
    : []

const lostMember = (peer: EtcdPeer, { view, run }: Pick<Say, 'view' | 'run'>) => {
  const left = Math.max(0, view.etcd.have - Math.floor(view.etcd.of / 2) - 1)
  const detail = `The cluster stands the loss of ${left} more.`
  const isStopped = !peer.reading && !peer.unit.startsWith('activ')
  const next = isStopped ? run('start') : run('replace-etcd-member', `--on ${peer.name}`)
  const summary = `etcd on ${peer.name} is lost: ${whyLost(peer)}.`
  return warning('dcs/member-lost', summary, { member: peer.name, detail, next })
}

/** Alarms stop writes; a large database leads to one. */
export const alarms: Rule = ({ view }) =>
  view.etcd.peers.flatMap(({ name, reading }) => {
    if (!reading) return []
    const { errors, dbSize } = reading
    // Without a leader, that is said among the errors too.
    const alarm = errors.filter((error) => /alarm|NOSPACE|CORRUPT/i.test(error))
    if (alarm.length > 0) {
      return [
        critical('dcs/alarm', `etcd on ${name} raises an alarm: ${alarm.join('; ')}.`, {
          member: name,
          next: `hactl ssh ${name}`,
        }),
      ]
    }
    if (dbSize < LARGE) return []
    const summary = `The database of etcd on ${name} has ${dbSize} bytes; at 2 GB it takes no more writes.`
    return [warning('dcs/space', summary, { member: name, next: `hactl ssh ${name}` })]
  })

/** The members that etcd counts are those of the inventory. */
export const membership: Rule = ({ view, run, apply }) => [
  ...view.etcd.strangers.map((name) =>
    warning('dcs/unknown-member', `etcd counts ${name} as a member, the inventory does not have it.`, {
      next: apply(),
    }),
  ),
  ...view.etcd.missing.map((name) =>
    warning('dcs/not-a-member', `etcd does not count ${name}, which the inventory has.`, {
      member: name,
      next: run('replace-etcd-member', `--on ${name}`),
    }),
  ),
]
