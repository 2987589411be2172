import { critical, warning } from '../../cluster/problem.ts'
import { listed } from '../../cluster/say.ts'
import type { Commands } from '../../cluster/say.ts'
import type { Problem } from '../../cluster/status.ts'
import * as manager from '../../parts/corosync/health.ts'
import { failuresOn, isManaged, isStopped, pausedOf } from '../../parts/corosync/view.ts'
import { READER } from './constraints.ts'
import { lastPrimary } from './last-primary.ts'
import type { Rule, Say } from './say.ts'
import { standbyProblem, unfinished } from './standby-health.ts'
import type { Member, View } from './view.ts'

const reached = ({ members, witnesses }: View): readonly Member[] =>
  [...members, ...witnesses].filter((member) => member.reading)

const primaries: Rule = ({ view, run }) => {
  if (view.primaries.length > 1) {
    const list = view.primaries.map(({ name, server }) => `${name} (timeline ${server?.timeline ?? '?'})`)
    const detail = 'Stop writes on the older timeline first; nothing is repaired automatically.'
    return [critical('primary/two', `Two primaries accept writes: ${list.join(' and ')}.`, { detail })]
  }
  if (view.primary) return []
  if (isStopped(view)) {
    return [critical('cluster/stopped', 'PostgreSQL was stopped by an operator.', { next: run('start') })]
  }
  const last = lastPrimary(view)
  const detail = `${last ?? ''} has every commit: nobody was promoted after it was.`
  return [
    critical('primary/none', 'There is no primary: nothing can be written.', {
      ...(last !== undefined && { detail }),
      next: run(last === undefined ? 'cleanup' : 'start'),
    }),
  ]
}

const sync: Rule = ({ view }) => {
  if (view.facts.vars.replication.mode !== 'sync' || !view.primary) return []
  const sync = view.members.find(({ sender }) => sender?.sync === 'sync')
  if (sync?.server) return []
  if (sync) {
    const detail = 'They go on when it is back, or when the primary gives it up after wal_sender_timeout.'
    return [
      warning('sync/waits', `Commits wait for ${sync.name}, which does not answer.`, {
        detail,
        member: sync.name,
      }),
    ]
  }
  const summary = `No sync standby: if ${view.primary.name} fails now, nothing can be promoted automatically.`
  return [warning('sync/degraded', summary)]
}

const standbys: Rule = ({ view, ...say }) =>
  view.members
    .filter((member) => member.server?.recovery !== false && view.primaries.length > 0)
    .flatMap((member) => standbyProblem(member, { view, ...say }) ?? [])

/** Forgetting them lets the cluster try again; where the lock keeps a member out, they would only be counted once more. */
const failures: Rule = (say) =>
  manager.failures(say).map(({ next, ...problem }) => {
    const member = say.view.members.find(({ name }) => name === problem.member)
    const isLocked = member?.reading?.lock === true && !member.server
    return { ...problem, ...(!isLocked && next !== undefined && { next }) }
  })

/** In standby mode a copy that was cut off is not started from. */
const paused: Rule = (say) =>
  manager.paused(say).map((problem) => {
    const member = say.view.members.find(({ name }) => name === problem.member)
    return member?.reading?.unfinished ? unfinished(member, say.run) : problem
  })

const vips: Rule = (say) => {
  const { view, run } = say
  return view.addresses.flatMap(({ name, address, on }) => {
    const label = `${name === 'writer' ? 'Writer' : 'Reader'} VIP ${address}`
    const grave = name === 'writer' ? critical : warning
    if (on.length > 1) return [critical(`vip/${name}-twice`, `${label} is on ${on.join(' and ')} at once.`)]
    if (on.length === 0) {
      return isStopped(view)
        ? []
        : [grave(`vip/${name}-missing`, `${label} is on no member.`, { next: run('cleanup') })]
    }
    if (name === 'writer' && view.primary && on[0] !== view.primary.name) {
      return [
        critical('vip/writer-misplaced', `${label} is on ${on[0]}, but the primary is ${view.primary.name}.`),
      ]
    }
    return name === 'reader' ? onPrimary(label, on, say) : []
  })
}

/** The reader VIP is for standbys: it leaves the primary for any that streams. */
const onPrimary = (label: string, on: readonly string[], { view, run, watch }: Say): readonly Problem[] => {
  const { primary, members } = view
  const fit = members.filter(
    (member) => member.server && member.sender?.state === 'streaming' && pausedOf(member) === undefined,
  )
  if (!primary || on[0] !== primary.name || fit.length === 0) return []
  const hasFailed = fit.some((member) => failuresOn(member).some(({ what }) => what === READER))
  const names = listed(fit.map(({ name }) => name))
  const summary = `${label} is on the primary ${primary.name}, though ${names} could carry it.`
  return [
    warning('vip/reader-misplaced', summary, {
      member: primary.name,
      ...(hasFailed
        ? { detail: `${READER} has failed there.`, next: run('cleanup') }
        : {
            detail: 'Just after a standby has come back this passes by itself.',
            next: watch,
          }),
    }),
  ]
}

const notes: Rule = ({ view, apply }) =>
  reached(view).flatMap(({ name, server, reading }) => [
    ...(server && server.pending.length > 0
      ? [
          warning('settings/pending-restart', `${name} needs a restart for ${server.pending.join(', ')}.`, {
            member: name,
            next: apply('--allow restart-primary'),
          }),
        ]
      : []),
    ...(reading?.aside ?? []).map((directory) =>
      warning('data/aside', `${name} keeps old data in ${directory}.`, { member: name }),
    ),
  ])

/** Every rule of the status, those of the manager among this stack's own. */
export const RULES: readonly Rule[] = [
  manager.hosts,
  manager.running,
  manager.quorum,
  manager.nodes,
  manager.strangers,
  primaries,
  manager.blocked,
  vips,
  sync,
  standbys,
  failures,
  paused,
  manager.bans,
  notes,
]

/** Said, but the cluster is as good as new all the same. */
const HARMLESS = new Set(['data/aside', 'settings/pending-restart'])

/** Every member was read and none has data or knows PostgreSQL as a resource: only that is worth a line. */
export const bare = (view: View, { apply }: Commands): Problem | undefined =>
  view.members.every(({ reading }) => reading && !reading.data) && !isManaged(view)
    ? critical('cluster/not-deployed', 'Nothing is deployed on these hosts yet.', { next: apply() })
    : undefined

/** `down`: nothing can be written through the writer VIP. */
export function healthOf(view: View, problems: readonly Problem[]): 'healthy' | 'degraded' | 'down' {
  const writer = view.addresses.find(({ name }) => name === 'writer')
  if (!view.primary || !writer?.on.includes(view.primary.name)) return 'down'
  return problems.some(({ code }) => !HARMLESS.has(code)) ? 'degraded' : 'healthy'
}
