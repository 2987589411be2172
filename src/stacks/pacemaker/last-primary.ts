import { lsnDistance, parseLsn } from '../../cluster/lsn.ts'
import type { Member, View } from './view.ts'

/** With one of these the agent promotes a member by itself. */
const PROMOTABLE = new Set(['STREAMING|SYNC', 'LATEST'])

/**
 * The newest timeline of which a member's server, or its data, know. A server that was promoted and crashed before its
 * next checkpoint ended has the new one in the names of its WAL alone.
 */
const timelineOf = ({ reading, server }: Member): number =>
  Math.max(reading?.control?.timeline ?? 0, server ? (server.timeline ?? 0) : (reading?.walTimeline ?? 0))

/** It ended as a primary: shut down, or it crashed and its lock tells since when. A copy of a primary has no lock. */
const endedAsPrimary = ({ reading, server }: Member): boolean => {
  const { state } = reading?.control ?? {}
  return !server && (state === 'shut down' || (state === 'in production' && reading?.lock === true))
}

/** Of members on one timeline, the one whose WAL holds that of all others; undefined where that is not known. */
function furthest(holders: readonly Member[]): Member | undefined {
  const [ended, another] = holders.filter(endedAsPrimary)
  if (ended) return another ? undefined : ended
  const positions = holders.flatMap((holder) => {
    const position = parseLsn(holder.server?.lsn ?? '')
    return position === undefined ? [] : [{ holder, position }]
  })
  if (holders.length === 1) return holders[0]
  if (positions.length < holders.length) return undefined
  return positions.toSorted((a, b) => lsnDistance(a.position, b.position))[0]?.holder
}

/**
 * The member that must be primary next, where nobody is: every member was read, and of those on the newest timeline it
 * ended as their primary, or is alone, or is the furthest. Who is promoted begins a newer timeline, and a server sends
 * only what it has written: so it has every commit. Undefined where that is not proven, and while the agent still
 * promotes one by itself.
 */
export function lastPrimary({ members, facts, crm }: View): string | undefined {
  if (
    members.some(({ reading, server }) => !reading?.data || reading.unfinished || server?.recovery === false)
  )
    return undefined
  const newest = Math.max(...members.map(timelineOf))
  const last = furthest(members.filter((each) => timelineOf(each) === newest))
  if (!last) return undefined
  const isAtRest = members.every(({ server }) => !server) && last.reading?.control?.state === 'shut down'
  const isPromotable = (each: Member): boolean =>
    (each !== last || each.server !== undefined) &&
    crm?.nodes.some(({ name, online }) => online && name === each.name) === true &&
    PROMOTABLE.has(each.attribute(facts.agent.dataAttribute) ?? '')
  return isAtRest || !members.some(isPromotable) ? last.name : undefined
}
