import { defineModule } from '../engine/module.ts'
import { Type } from '../lib/type.ts'

const shown = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')

/** Shows a text or the value of a variable; secrets stay hidden. */
export const debug = defineModule({
  name: 'debug',
  about: 'Show a text or a variable during the run; secrets stay hidden.',
  args: Type.Object({
    msg: Type.Optional(Type.Unknown({ description: 'What to show, usually a text with templates.' })),
    var: Type.Optional(Type.String({ description: 'Name of a variable to show instead.' })),
  }),
  examples: ['debug: { msg: "the primary is {{ status.primary }}" }', 'debug: { var: cluster.members }'],
  label: () => '',
  current: async () => ({ shown: true }),
  desired: () => ({ shown: true }),
  steps: () => [],
  touches: () => [],
  says: ({ msg }) => shown(msg),
})
