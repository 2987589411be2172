import { warning } from '../../cluster/problem.ts'
import type { Problem } from '../../cluster/status.ts'
import { isManaged, isStopped } from './say.ts'
import type { Rule, Say } from './say.ts'
import { lagOf, pastFork } from '../../parts/postgres/member.ts'
import { stateOf } from './view.ts'
import type { Member } from './view.ts'

/** What is wrong with every member that should be a standby. */
export const standbys: Rule = ({ view, ...rest }) =>
  isStopped(view) || view.primaries.length === 0
    ? []
    : view.members
        .filter(({ server }) => server?.recovery !== false)
        .flatMap((member) => standbyProblem(member, { view, ...rest }) ?? [])

const standbyProblem = (member: Member, say: Say): Problem | undefined => {
  const { name, reading, server, sender } = member
  if (!reading) return undefined
  if (reading.rewinding && !server) return rewinding(member, say)
  if (reading.unfinished) return unfinished(member, say)
  if (!reading.data) return noData(member, say)
  if (!server) return down(member, say)
  if (!sender && say.view.primary) return behind(member, say)
  if (server.paused) {
    const next = `hactl ssh ${name} -- runuser -u postgres -- psql -c 'select pg_wal_replay_resume()'`
    return warning('standby/replay-paused', `Replay is paused on ${name}.`, { member: name, next })
  }
  return lagging(member, say)
}

/** Patroni rewinds a former primary by itself; a repair meanwhile would only wait for it. */
const rewinding = ({ name }: Member, { watch }: Say): Problem =>
  warning('standby/rewinding', `The data of ${name} is being rewound to the primary's line.`, {
    member: name,
    next: watch,
  })

const unfinished = ({ name, reading }: Member, { run }: Say): Problem => {
  const summary = `A ${reading?.unfinished === 'rewind' ? 'rewind' : 'copy'} of ${name} was cut off.`
  return warning('standby/unfinished', summary, {
    member: name,
    next: run('rebuild-standby', `--on ${name}`),
  })
}

/** Patroni copies by itself where there is no data. */
const noData = (member: Member, say: Say): Problem | undefined => {
  const { name, reading } = member
  if (/creating replica|bootstrap/.test(stateOf(member))) return copying(member, say)
  // Said already: that Patroni does not run there, or is not deployed.
  if (!isManaged(member) && reading?.patroni !== 'active') return undefined
  const next = say.run('rebuild-standby', `--on ${name}`)
  return warning('standby/no-data', `${name} has no data directory.`, { member: name, next })
}

const copying = ({ name }: Member, { view, watch }: Say): Problem => {
  const summary = `${name} is being copied from ${view.primary?.name ?? 'the primary'}.`
  return warning('standby/copying', summary, { member: name, next: watch })
}

const down = (member: Member, say: Say): Problem | undefined => {
  const { name } = member
  if (pastFork(member, say.view) > 0) return diverged(member, say)
  // Said already: Patroni, which would start it, does not run.
  if (!isManaged(member)) return undefined
  const state = stateOf(member)
  if (state === 'starting' || state === 'restarting') {
    return warning('standby/starting', `PostgreSQL is starting on ${name}.`, {
      member: name,
      next: say.watch,
    })
  }
  if (/creating replica/.test(state)) return copying(member, say)
  const next = say.run('repair-standby', `--on ${name}`)
  if (/failed|crashed/.test(state)) {
    const detail = `hactl ssh ${name} -- journalctl -u patroni -n 50 shows why.`
    return warning('standby/refused', `PostgreSQL does not start on ${name}: Patroni says "${state}".`, {
      member: name,
      detail,
      next,
    })
  }
  const [summary, mend] = say.view.paused
    ? [`PostgreSQL does not run on ${name}, and maintenance mode leaves it so.`, say.run('resume')]
    : [`PostgreSQL does not run on ${name}.`, next]
  return warning('standby/stopped', summary, { member: name, next: mend })
}

const diverged = (member: Member, { view, run }: Say): Problem => {
  const { name } = member
  const summary = `${name} went past the fork: at least ${pastFork(member, view)} bytes of its WAL are not in the primary's line.`
  const next = run('repair-standby', `--on ${name}`)
  return warning('standby/diverged', summary, { member: name, next })
}

/** When and by whom the primary's timeline was begun, as far as it was written down. */
function beginning({ view }: Say, timeline: number): string {
  const lines = [...view.readings.values()].flatMap(({ history }) => history ?? [])
  const [, , , at, leader] = lines.findLast(([left]) => left === timeline - 1) ?? []
  const who = leader === undefined ? '' : ` when ${leader} was promoted`
  return at === undefined ? '' : `Timeline ${timeline} began at ${at}${who}. `
}

/** A standby that is up but not connected: on another history, or just not there yet. */
const behind = (member: Member, say: Say): Problem => {
  const { view, run } = say
  const { name, server } = member
  if (pastFork(member, view) > 0) return diverged(member, say)
  const [own, current] = [server?.timeline ?? 0, view.primary?.server?.timeline ?? 0]
  const next = run('repair-standby', `--on ${name}`)
  if (own < current) {
    const summary = `${name} is on the old timeline ${own}, the primary on ${current}: it may have gone past the fork.`
    const detail = `${beginning(say, current)}Just after a failover this passes by itself.`
    return warning('standby/old-timeline', summary, { member: name, detail, next })
  }
  const summary = `${name} does not stream from ${view.primary?.name ?? 'a primary'}.`
  return warning('standby/not-streaming', summary, { member: name, next })
}

/** Further behind than Patroni accepts of a standby that it promotes by itself. */
const lagging = (member: Member, { view, watch }: Say): Problem | undefined => {
  const most = Number(
    view.dcs?.config?.['maximum_lag_on_failover'] ?? view.facts.vars.replication.maximum_lag_on_failover,
  )
  const lag = lagOf(member, view) ?? 0
  if (lag <= most) return undefined
  const summary = `${member.name} is ${lag} bytes behind: above ${most} it is not promoted by itself.`
  return warning('standby/lagging', summary, { member: member.name, next: watch })
}
