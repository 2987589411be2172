import { warning } from '../../cluster/problem.ts'
import type { Problem } from '../../cluster/status.ts'
import { failureOf, failureWords, isStopped, pausedOf } from '../../parts/corosync/view.ts'
import type { Say } from './say.ts'
import { pastFork } from '../../parts/postgres/member.ts'
import { refusedToStart } from './view.ts'
import type { Member } from './view.ts'

/** What is wrong with a member that should be a standby; undefined when nothing is. */
export const standbyProblem = (member: Member, say: Say): Problem | undefined => {
  const { view, run } = say
  const { name, reading, server, sender } = member
  if (!reading || pausedOf(member) !== undefined || isStopped(view)) return undefined
  if (reading.unfinished) return unfinished(member, run)
  if (!reading.data) {
    const next = run('rebuild-standby', `--on ${name}`)
    return warning('standby/no-data', `${name} has no data directory.`, { member: name, next })
  }
  if (!server) return standbyDown(member, say)
  if (!sender && view.primary) return behind(member, say)
  return server.paused
    ? warning('standby/replay-paused', `Replay is paused on ${name}.`, { member: name })
    : undefined
}

/** Hactl was cut off in the middle: what is there is not to be started from. */
export const unfinished = ({ name, reading }: Member, run: Say['run']): Problem => {
  const summary = `A ${reading?.unfinished === 'rewind' ? 'rewind' : 'copy'} of ${name} was cut off.`
  const next = run('rebuild-standby', `--on ${name}`)
  return warning('standby/unfinished', summary, { member: name, next })
}

const standbyDown = (member: Member, say: Say): Problem => {
  const { view, run } = say
  const { name, reading } = member
  const { facts } = view
  const failure = failureOf(member, view.managed.resource)
  const repair = run('repair-standby', `--on ${name}`)
  if (reading?.lock) {
    const summary = `${name} refuses to start: it was primary and did not stop cleanly.`
    const detail = `${facts.agent.lockFile(facts.paths)} keeps it out until its data has been compared with the primary's.`
    return warning('standby/lock-left', summary, { member: name, detail, next: repair })
  }
  if (pastFork(member, view) > 0) return diverged(member, say)
  if (refusedToStart(member, view) && failure) {
    const summary = `${name} refuses to start: ${failureWords(failure)[1]}.`
    return warning('standby/refused', summary, { member: name, next: run('cleanup') })
  }
  const summary = `PostgreSQL does not run on ${name}.`
  return warning('standby/stopped', summary, { member: name, next: run('cleanup') })
}

const diverged = (member: Member, { view, run }: Say): Problem => {
  const { name } = member
  const summary = `${name} went past the fork: at least ${pastFork(member, view)} bytes of its WAL are not in the primary's line.`
  const next = run('repair-standby', `--on ${name}`)
  return warning('standby/diverged', summary, { member: name, next })
}

/** A standby that is up but not connected: on another history, or just not there yet. */
const behind = (member: Member, say: Say): Problem => {
  const { view, run } = say
  const { name, server } = member
  if (pastFork(member, view) > 0) return diverged(member, say)
  const [own, current] = [server?.timeline ?? 0, view.primary?.server?.timeline ?? 0]
  if (own < current) {
    const summary = `${name} is on the old timeline ${own}, the primary on ${current}: it may have gone past the fork.`
    const next = run('repair-standby', `--on ${name}`)
    return warning('standby/old-timeline', summary, {
      member: name,
      detail: 'Just after a failover this passes by itself.',
      next,
    })
  }
  const summary = `${name} does not stream from ${view.primary?.name ?? 'a primary'}.`
  return warning('standby/not-streaming', summary, { member: name })
}
