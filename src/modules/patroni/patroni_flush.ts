import type { Static } from 'typebox'
import { defineAction } from '../../engine/module.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import { call } from './call.ts'
import { readCluster, readMember } from './documents.ts'
import { restArgs } from './rest.ts'

const args = Type.Object({
  what: Type.Enum(['switchover', 'restart'], {
    description: 'The scheduled switchover of the cluster, or the scheduled restart of this member.',
  }),
  ...restArgs,
})
type Args = Static<typeof args>

async function isScheduled(probe: Probe, { what, rest }: Args): Promise<boolean> {
  if (what === 'switchover') {
    const answer = await readCluster(probe, rest)
    if (answer.kind === 'none') throw new NotYet(answer.why)
    return answer.body.scheduled_switchover !== undefined
  }
  const answer = await readMember(probe, rest)
  if (answer.kind === 'none') throw new NotYet(answer.why)
  return answer.body.scheduled_restart !== undefined
}

/** Cancels what was scheduled. */
export const patroniFlush = defineAction({
  name: 'patroni_flush',
  about: 'Cancel a switchover or a restart that is scheduled.',
  args,
  examples: ["patroni_flush: { what: switchover, rest: '{{ rest }}' }"],
  label: ({ what }) => what,
  done: async (probe, all) => !(await isScheduled(probe, all)),
  steps: ({ what, rest }) => [
    call(rest, { method: 'DELETE', path: `/${what}`, impact: 'none', seconds: 20 }),
  ],
  explain: async (_, { what }) => `a ${what} is still scheduled`,
})
