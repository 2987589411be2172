import type { Static } from 'typebox'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { defineAction } from '../../engine/module.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import { call } from './call.ts'
import { isUp, leaderOf, readCluster } from './documents.ts'
import type { ClusterDocument } from './documents.ts'
import { restArgs } from './rest.ts'

const args = Type.Object({
  to: Type.String({ description: 'The new leader.', minLength: 1 }),
  accept_data_loss: Type.Boolean({
    description: 'Also a member that may lack commits: without a leader, any that was not synchronous.',
    default: false,
  }),
  ...restArgs,
})
type Args = Static<typeof args>

/**
 * How much a member may lack, in words; undefined when it certainly has every acknowledged commit. Patroni lists a
 * standby as synchronous only while commits wait for it; of several quorum standbys each may lack the newest.
 */
export function mayLack({ members }: ClusterDocument, to: string): string | undefined {
  const member = members.find(({ name }) => name === to)
  if (!member) return 'it is not in the cluster'
  if (member.role === 'sync_standby') return undefined
  const quorum = members.filter(({ role }) => role === 'quorum_standby')
  if (member.role === 'quorum_standby' && quorum.length === 1) return undefined
  return typeof member.lag === 'number'
    ? `${member.lag} bytes behind what the leader had at its last report, and nobody knows how much came after it`
    : 'an unknown number of bytes behind'
}

async function isDone(probe: Probe, { to, accept_data_loss, rest }: Args): Promise<boolean> {
  const answer = await readCluster(probe, rest)
  if (answer.kind === 'none') throw new NotYet(answer.why)
  const leader = leaderOf(answer.body)
  if (leader?.name === to) return isUp(leader.state)
  const lacks = mayLack(answer.body, to)
  if (lacks === undefined || accept_data_loss) return false
  throw new HactlError(
    problem(
      'refused/data-loss',
      `${to} is no synchronous standby, so it may lack commits that clients were told of`,
      {
        detail: `${to} is ${lacks}`,
        hint: 'bring the last leader back if that is possible; else agree with --accept-data-loss',
      },
    ),
    EXIT.refused,
  )
}

/** A change of the leader without the checks of a switchover. */
export const patroniFailover = defineAction({
  name: 'patroni_failover',
  about:
    'Make a standby the leader also without a healthy leader. Patroni does not look at synchronous state or lag then, so this refuses a member that may lack commits.',
  args,
  examples: ["patroni_failover: { to: pg2, rest: '{{ rest }}' }"],
  label: ({ to }) => to,
  done: isDone,
  steps: ({ to, rest }) => [
    call(rest, {
      method: 'POST',
      path: '/failover',
      body: { candidate: to },
      impact: 'switchover',
      seconds: 150,
    }),
  ],
  async explain(probe, { rest }) {
    const answer = await readCluster(probe, rest)
    if (answer.kind === 'none') return answer.why
    const leader = leaderOf(answer.body)
    return leader ? `the leader is ${leader.name} (${leader.state})` : 'no member holds the leader key'
  },
  timeoutMs: 60_000,
})
