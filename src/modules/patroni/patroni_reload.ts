import { defineAction } from '../../engine/module.ts'
import { Type } from '../../lib/type.ts'
import { call } from './call.ts'
import { readMember } from './documents.ts'
import { restArgs } from './rest.ts'

/** Patroni does not say when it has read its file: that it answers again is all there is to see. */
export const patroniReload = defineAction({
  name: 'patroni_reload',
  about: 'Let Patroni of this member read its configuration file again, and PostgreSQL with it.',
  args: Type.Object(restArgs),
  examples: ["patroni_reload: { rest: '{{ rest }}' }"],
  label: ({ rest }) => rest.address,
  event: true,
  done: async (probe, { rest }) => (await readMember(probe, rest)).kind === 'document',
  steps: ({ rest }) => [call(rest, { method: 'POST', path: '/reload', impact: 'reload', seconds: 20 })],
})
