import type { Static } from 'typebox'
import { defineAction } from '../../engine/module.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import { call } from './call.ts'
import { isUp, leaderOf, readCluster } from './documents.ts'
import type { ClusterDocument } from './documents.ts'
import { restArgs } from './rest.ts'

const args = Type.Object({
  leader: Type.String({ description: 'The leader now; Patroni refuses when it is another.', minLength: 1 }),
  to: Type.Optional(
    Type.String({ description: 'The new leader; default: the best candidate, chosen by Patroni.' }),
  ),
  at: Type.Optional(
    Type.String({
      description: 'Not now but then: ISO 8601 with a time zone, 2026-11-20T22:00:00+01:00.',
      pattern: '^\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(:\\d\\d)?(Z|[+-]\\d\\d:?\\d\\d)$',
    }),
  ),
  ...restArgs,
})
type Args = Static<typeof args>

const instant = (text: string): number => Date.parse(text.replace(' ', 'T'))

/** Why a switchover has not happened, or is not scheduled as asked; undefined when it is. Pure. */
export function switchoverReason(
  cluster: ClusterDocument,
  { leader: old, to, at }: Pick<Args, 'leader' | 'to' | 'at'>,
): string | undefined {
  if (at !== undefined) {
    const planned = cluster.scheduled_switchover
    if (planned === undefined) return 'no switchover is scheduled'
    const fits = instant(planned.at) === instant(at) && planned.from === old && planned.to === to
    return fits
      ? undefined
      : `another one is scheduled: ${planned.at} from ${planned.from} to ${planned.to ?? 'the best'}`
  }
  const leader = leaderOf(cluster)
  if (!leader) return 'no member holds the leader key'
  if (leader.name === old || (to !== undefined && leader.name !== to)) return `the leader is ${leader.name}`
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
      body: { leader, candidate: to, scheduled_at: at },
      impact: 'switchover',
      seconds: 150,
    }),
  ],
  explain: async (probe, all) => (await reason(probe, all)) ?? 'it has happened meanwhile',
  timeoutMs: 60_000,
})
