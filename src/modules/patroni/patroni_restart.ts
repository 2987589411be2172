import type { Static } from 'typebox'
import { problem } from '../../diag/diagnostic.ts'
import { defineAction, defineModule } from '../../engine/module.ts'
import type { Impact } from '../../engine/impact.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Step } from '../../engine/step.ts'
import { Type } from '../../lib/type.ts'
import { call } from './call.ts'
import { isUp, readMember } from './documents.ts'
import type { MemberDocument } from './documents.ts'
import { restArgs } from './rest.ts'

const args = Type.Object({
  forced: Type.Boolean({
    description: 'Restart also when nothing waits for a restart.',
    default: false,
  }),
  role: Type.Optional(
    Type.Enum(['standby', 'primary'], {
      description: 'Restart it only in this role; the call fails when it has another by then.',
    }),
  ),
  within: Type.Integer({
    description: 'Seconds that PostgreSQL may take to run again.',
    default: 300,
    minimum: 1,
  }),
  ...restArgs,
})
type Args = Static<typeof args>

interface RestartState {
  readonly [field: string]: unknown
  readonly pending_restart: boolean
  readonly member: MemberDocument
}

const isPrimary = ({ role }: MemberDocument): boolean => role === 'master' || role === 'primary'

function restart({ role, forced, within, rest }: Args, impact: Impact): Step {
  // 2.x knows only `master`; all later versions take it too.
  const filter = role === undefined ? {} : { role: role === 'primary' ? 'master' : 'replica' }
  const body = { ...filter, ...(!forced && { restart_pending: true }) }
  return call(rest, {
    method: 'POST',
    path: '/restart',
    body: { ...body, timeout: within },
    impact,
    until: 'restarted',
    seconds: within,
  })
}

const runs = async (probe: Parameters<typeof readMember>[0], all: Args): Promise<boolean> => {
  const answer = await readMember(probe, all.rest)
  return answer.kind === 'document' && isUp(answer.body.state) && answer.body.pending_restart !== true
}

const forcedRestart = defineAction({
  name: 'patroni_restart',
  about: 'Restart PostgreSQL of this member.',
  args,
  event: true,
  done: runs,
  steps: (all) => [restart(all, all.role === 'standby' ? 'restart-standby' : 'restart-primary')],
  timeoutMs: 600_000,
})

/** A restart through Patroni: one through systemd would make another member the leader. */
export const patroniRestart = defineModule<typeof args, RestartState>({
  name: 'patroni_restart',
  about: 'Restart PostgreSQL of this member when settings wait for it, without giving up the leader key.',
  args,
  examples: [
    "patroni_restart: { rest: '{{ rest }}' }",
    "patroni_restart: { forced: true, rest: '{{ rest }}' }",
  ],
  label: ({ rest }) => rest.address,
  event: (all) => (all.forced ? forcedRestart : undefined),
  async current(probe, { rest }) {
    const answer = await readMember(probe, rest)
    if (answer.kind === 'none') throw new NotYet(answer.why)
    return { pending_restart: answer.body.pending_restart === true, member: answer.body }
  },
  desired: () => ({ pending_restart: false }),
  refuse({ member }, _, { role }) {
    const is = isPrimary(member) ? 'primary' : 'standby'
    if (role === undefined || role === is) return undefined
    return problem('patroni/role', `a restart of the ${role} was asked for, but this member is a ${is}`, {
      hint: 'look at hactl status: the roles have changed meanwhile',
    })
  },
  steps: ({ member }, _, all) => [restart(all, isPrimary(member) ? 'restart-primary' : 'restart-standby')],
  timeoutMs: 1_200_000,
})
