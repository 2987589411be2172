import { critical, warning } from '../../cluster/problem.ts'
import { parseLsn } from '../../cluster/lsn.ts'
import type { Problem } from '../../cluster/status.ts'
import { listed } from '../../cluster/say.ts'
import { isManaged, isStopped, reached } from './say.ts'
import type { Rule, Say } from './say.ts'
import { isNoFailover } from './view.ts'
import type { Member, View } from './view.ts'

/** Exactly one server accepts writes, and it holds the leader key. */
export const primaries: Rule = (say) => {
  const { view } = say
  if (view.primaries.length > 1) return [two(say)]
  if (!view.primary) return none(say)
  return lock(view.primary, say)
}

const two = ({ view }: Say): Problem => {
  const list = view.primaries.map(({ name, server }) => `${name} (timeline ${server?.timeline ?? '?'})`)
  const leader = view.dcs?.current ? view.primaries.find(({ leads }) => leads) : undefined
  const wrong = leader ? view.primaries.find(({ leads }) => !leads) : undefined
  const unmanaged = wrong && !isManaged(wrong) ? ` Patroni does not run on ${wrong.name}.` : ''
  const detail = leader
    ? `${leader.name} holds the leader key.${unmanaged} Keep clients away from ${wrong?.name ?? 'the other'}: what they write there is lost when it rejoins.`
    : 'Nobody is known to hold the leader key: keep clients away from both until one does.'
  return critical('primary/two', `Two primaries accept writes: ${listed(list)}.`, {
    detail,
    ...(wrong && { member: wrong.name, next: `hactl ssh ${wrong.name}` }),
  })
}

/** With quorum commits, how many standbys have each commit; undefined in the other modes. */
const copies = ({ dcs }: View): number | undefined => {
  if (dcs?.config?.['synchronous_mode'] !== 'quorum') return undefined
  const count = dcs.config['synchronous_node_count']
  return typeof count === 'number' ? count : 1
}

/**
 * Who Patroni would promote by itself: in synchronous mode only those that surely have every commit, with quorum
 * commits as soon as so many of them are up that one must have it.
 */
const eligible = ({ view }: Say): readonly Member[] => {
  const isSync =
    (view.dcs?.config?.['synchronous_mode'] ?? false) !== false && (view.dcs?.sync.length ?? 0) > 0
  const up = view.members.filter(
    (member) => member.server && isManaged(member) && (!isSync || view.dcs?.sync.includes(member.name)),
  )
  const missing = (view.dcs?.sync.length ?? 0) - up.length
  if (missing >= (copies(view) ?? Infinity)) return []
  return up.filter((member) => !isNoFailover(member))
}

const none = (say: Say): readonly Problem[] => {
  const { view, run, watch } = say
  if (isStopped(view)) {
    const summary = 'Patroni and PostgreSQL were stopped on every member that can be reached.'
    return [critical('cluster/stopped', summary, { next: run('start') })]
  }
  const leader = view.members.find(({ leads }) => leads)
  if (leader && !leader.reading && view.dcs?.current) {
    const summary = `${leader.name} holds the leader key, but cannot be read: whether it accepts writes is not known.`
    return [critical('primary/unseen', summary, { member: leader.name, next: `hactl ssh ${leader.name}` })]
  }
  const summary = 'There is no primary: nothing can be written.'
  if (!view.etcd.ok)
    return [critical('primary/none', summary, { detail: 'Without quorum of etcd nobody is promoted.' })]
  if (view.paused) {
    const detail = 'In maintenance mode nobody is promoted.'
    return [critical('primary/none', summary, { detail, next: run('resume') })]
  }
  const ready = eligible(say)
  if (ready.length > 0) {
    const { ttl } = view.facts.timing
    const detail = `${listed(ready.map(({ name }) => name))} can be promoted; that takes up to ${ttl} s after the loss.`
    return [critical('primary/none', summary, { detail, next: watch })]
  }
  return [critical('primary/none', summary, stuck(say))]
}

/** The standby that has most, for an operator who gives up on the others. */
const best = ({ members }: View): Member | undefined =>
  members
    .filter((member) => member.server && isManaged(member))
    .toSorted((a, b) => Number(endOf(b) - endOf(a)))
    .at(0)

const endOf = ({ server }: Member): bigint => parseLsn(server?.lsn ?? '') ?? 0n

/** Nobody can be promoted by itself. */
const stuck = ({ view, run }: Say): Partial<Problem> => {
  const silent = reached(view).filter((member) => !isManaged(member))
  if (silent.length > 0) return { next: run('start') }
  const to = best(view)
  const next = to ? { next: run('failover', `--to ${to.name}`) } : {}
  const needed = view.dcs?.sync ?? []
  if (needed.length === 0) return next
  const count = copies(view)
  const detail =
    count === undefined || count >= needed.length
      ? `Only the last primary and ${listed(needed)} surely have every commit; failover says what another would lose.`
      : `Every commit is on the last primary and on ${count} of ${listed(needed)}, but nobody knows on which: too few of them run. failover says what one alone may lose.`
  return { detail, ...next }
}

/** A primary without the leader key: its lease is over, or another holds it. */
const lock = (primary: Member, { view, run, watch }: Say): readonly Problem[] => {
  if (view.members.some(({ reading }) => reading?.rest?.failsafe_mode_is_active)) {
    const summary = `Failsafe mode is active: ${primary.name} goes on without etcd while every member answers it.`
    return [
      critical('failsafe/active', summary, {
        detail: 'The loss of any member makes it read-only.',
        next: run('start'),
      }),
    ]
  }
  if (!view.dcs?.current || primary.leads || !isManaged(primary)) return []
  const { leader } = view.dcs
  const summary =
    leader === undefined
      ? `${primary.name} accepts writes, but nobody holds the leader key.`
      : `${primary.name} accepts writes, but ${leader} holds the leader key.`
  const detail = 'Just after a failover this passes by itself.'
  return [critical('primary/no-lock', summary, { member: primary.name, detail, next: watch })]
}

/** Patroni runs on every member. */
export const managers: Rule = ({ view, run, apply }) => {
  if (isStopped(view)) return []
  // With two primaries that is part of what is said of them.
  const isSaid = ({ server }: Member): boolean => view.primaries.length > 1 && server?.recovery === false
  const silent = reached(view).filter((member) => !isManaged(member) && !isSaid(member))
  const next = run('start')
  return silent.map((member) => {
    const { name, reading, server } = member
    if (reading?.configured === false && !server) {
      return warning('member/not-deployed', `${name} has no configuration of Patroni.`, {
        member: name,
        next: apply(),
      })
    }
    const how = reading?.patroni === 'active' ? 'does not answer' : 'does not run'
    if (!server) {
      // It may have commits that the primary has not: that runbook asks before it discards them.
      const safe = view.primary ? run('repair-standby', `--on ${name}`) : next
      return warning('cluster/not-running', `Patroni ${how} on ${name}.`, { member: name, next: safe })
    }
    const summary = `Patroni ${how} on ${name}, but PostgreSQL runs.`
    if (server.recovery) return warning('member/unmanaged', summary, { member: name, next })
    const detail = view.paused
      ? 'In maintenance mode another is not promoted.'
      : 'When its lease ends another is promoted, and clients may still write here.'
    return critical('member/unmanaged', summary, { member: name, detail, next })
  })
}
