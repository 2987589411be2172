import type { Static } from 'typebox'
import { defineAction } from '../../engine/module.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import { call } from './call.ts'
import { isUp, leaderOf, readCluster } from './documents.ts'
import type { ClusterDocument } from './documents.ts'
import { restArgs } from './rest.ts'

/** Null is what templates make of a parameter that was not given. */
const maybe = (description: string, pattern: string) =>
  Type.Optional(Type.Unsafe<string | null>({ description, type: ['string', 'null'], pattern }))

const args = Type.Object({
  leader: Type.String({ description: 'The leader now; Patroni refuses when it is another.', minLength: 1 }),
  to: maybe('The new leader; default: the best candidate, chosen by Patroni.', '.'),
  at: maybe(
    'Not now but then: ISO 8601 with a time zone, 2026-11-20T22:00:00+01:00.',
    '^\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(:\\d\\d)?(Z|[+-]\\d\\d:?\\d\\d)$',
  ),
  ...restArgs,
})
type Args = Static<typeof args>

const instant = (text: string): number => Date.parse(text.replace(' ', 'T'))

type Asked = Pick<Args, 'leader' | 'to' | 'at'>

/** Why it is not scheduled as asked. */
function scheduleReason(planned: ClusterDocument['scheduled_switchover'], asked: Asked): string | undefined {
  if (planned === undefined) return 'no switchover is scheduled'
  const sameTime = instant(planned.at) === instant(asked.at ?? '')
  if (sameTime && planned.from === asked.leader && (planned.to ?? null) === (asked.to ?? null))
    return undefined
  return `another one is scheduled: ${planned.at} from ${planned.from} to ${planned.to ?? 'the best'}`
}

/** Why a switchover has not happened, or is not scheduled as asked; undefined when it is. Pure. */
export function switchoverReason(cluster: ClusterDocument, asked: Asked): string | undefined {
  if (asked.at) return scheduleReason(cluster.scheduled_switchover, asked)
  const leader = leaderOf(cluster)
  if (!leader) return 'no member holds the leader key'
  const isWanted = asked.to ? leader.name === asked.to : leader.name !== asked.leader
  if (!isWanted) return `the leader is ${leader.name}`
  return isUp(leader.state) ? undefined : `the leader ${leader.name} is "${leader.state}"`
}

async function reason(probe: Probe, all: Args): Promise<string | undefined> {
  const answer = await readCluster(probe, all.rest)
  if (answer.kind === 'none') throw new NotYet(answer.why)
  return switchoverReason(answer.body, all)
}

/** A planned change of the leader. */
export const patroniSwitchover = defineAction({
  name: 'patroni_switchover',
  about: 'Make a standby the leader while the leader is healthy, now or at a time.',
  args,
  examples: [
    "patroni_switchover: { leader: pg1, to: pg2, rest: '{{ rest }}' }",
    "patroni_switchover: { leader: pg1, at: '2026-11-20T22:00:00+01:00', rest: '{{ rest }}' }",
  ],
  label: ({ leader, to, at }) => [leader, 'to', to ?? 'the best', at && `at ${at}`].filter(Boolean).join(' '),
  done: async (probe, all) => (await reason(probe, all)) === undefined,
  steps: ({ leader, to, at, rest }) => [
    call(rest, {
      method: 'POST',
      path: '/switchover',
      body: { leader, ...(to && { candidate: to }), ...(at && { scheduled_at: at }) },
      impact: 'switchover',
      seconds: 150,
    }),
  ],
  explain: async (probe, all) => (await reason(probe, all)) ?? 'it has happened meanwhile',
  timeoutMs: 60_000,
})
