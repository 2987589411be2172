import type { Static } from 'typebox'
import { defineAction } from '../../engine/module.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import { call } from './call.ts'
import { isUp, leaderOf, readCluster } from './documents.ts'
import { restArgs } from './rest.ts'

const args = Type.Object({
  to: Type.String({ description: 'The new leader.', minLength: 1 }),
  ...restArgs,
})
type Args = Static<typeof args>

async function reason(probe: Probe, { to, rest }: Args): Promise<string | undefined> {
  const answer = await readCluster(probe, rest)
  if (answer.kind === 'none') throw new NotYet(answer.why)
  const leader = leaderOf(answer.body)
  if (leader?.name === to && isUp(leader.state)) return undefined
  return leader ? `the leader is ${leader.name} (${leader.state})` : 'no member holds the leader key'
}

/** A change of the leader without the checks of a switchover. */
export const patroniFailover = defineAction({
  name: 'patroni_failover',
  about:
    'Make a standby the leader also without a healthy leader. Patroni does not look at synchronous state or lag: commits can be lost.',
  args,
  examples: ["patroni_failover: { to: pg2, rest: '{{ rest }}' }"],
  label: ({ to }) => to,
  done: async (probe, all) => (await reason(probe, all)) === undefined,
  steps: ({ to, rest }) => [
    call(rest, {
      method: 'POST',
      path: '/failover',
      body: { candidate: to },
      impact: 'switchover',
      seconds: 150,
    }),
  ],
  explain: async (probe, all) => (await reason(probe, all)) ?? 'it has happened meanwhile',
  timeoutMs: 60_000,
})
