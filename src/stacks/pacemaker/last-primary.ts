import type { Member, View } from './view.ts'

/** With one of these the agent promotes a member by itself. */
const PROMOTABLE = new Set(['STREAMING|SYNC', 'LATEST'])

/** The newest timeline of which a member's data or its server know. */
const timelineOf = ({ reading, server }: Member): number =>
  Math.max(reading?.control?.timeline ?? 0, server?.timeline ?? 0)

/** It ended as a primary: shut down, or it crashed and its lock tells since when. A copy of a primary has no lock. */
const endedAsPrimary = ({ reading, server }: Member): boolean => {
  const { state } = reading?.control ?? {}
  return !server && (state === 'shut down' || (state === 'in production' && reading?.lock === true))
}

/**
 * The member that was primary last, where nobody is: every member was read, it ended as the only primary of the newest
 * timeline, and who is promoted begins a newer one. It has every commit, for a server sends only what it has written.
 * Undefined where that is not proven, and while another member may still be promoted by itself.
 */
export function lastPrimary({ members, facts, crm }: View): string | undefined {
  if (members.some(({ reading, server }) => !reading || server?.recovery === false)) return undefined
  const newest = Math.max(...members.map(timelineOf))
  const [last, another] = members.filter((each) => timelineOf(each) === newest && endedAsPrimary(each))
  if (!last || another) return undefined
  const isAtRest = members.every(({ server }) => !server) && last.reading?.control?.state === 'shut down'
  const isPromotable = (each: Member): boolean =>
    each !== last &&
    crm?.nodes.some(({ name, online }) => online && name === each.name) === true &&
    PROMOTABLE.has(each.attribute(facts.agent.dataAttribute) ?? '')
  return isAtRest || !members.some(isPromotable) ? last.name : undefined
}
