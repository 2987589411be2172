import { defineAction } from '../../engine/module.ts'
import { Type } from '../../lib/type.ts'
import { call } from './call.ts'
import { isUp, readMember } from './documents.ts'
import { restArgs } from './rest.ts'

const args = Type.Object({
  force: Type.Boolean({
    description: 'Cancel what Patroni is doing with this member, for example a start that never ends.',
    default: false,
  }),
  within: Type.Integer({ description: 'Seconds that the copy may take.', default: 14_400, minimum: 1 }),
  ...restArgs,
})

/** A new copy of the leader's data, made by Patroni. */
export const patroniReinit = defineAction({
  name: 'patroni_reinit',
  about: 'Delete the data of this standby and copy it anew from the leader; Patroni refuses on the leader.',
  args,
  examples: ["patroni_reinit: { rest: '{{ rest }}' }"],
  label: ({ rest }) => rest.address,
  event: true,
  async done(probe, { rest }) {
    const answer = await readMember(probe, rest)
    return answer.kind === 'document' && isUp(answer.body.state) && answer.body.role === 'replica'
  },
  steps: ({ force, within, rest }) => [
    call(rest, {
      method: 'POST',
      path: '/reinitialize',
      body: { force },
      impact: 'destructive',
      until: 'restarted',
      seconds: within,
    }),
  ],
  async explain(probe, { rest }) {
    const answer = await readMember(probe, rest)
    return answer.kind === 'none' ? answer.why : `PostgreSQL is "${answer.body.state}" there`
  },
})
