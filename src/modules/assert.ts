import { defineModule } from '../engine/module.ts'
import { Type } from '../lib/type.ts'

/** Stops a host when something does not hold. What is asserted is evaluated by the engine, which knows the variables. */
export const assertModule = defineModule({
  name: 'assert',
  about: 'Stop a host when a condition does not hold; in a plan too.',
  args: Type.Object({
    that: Type.Optional(Type.Unknown({ description: 'A condition as in `when`; a list means all.' })),
    fail_msg: Type.Optional(Type.String({ description: 'What to say when it does not hold.' })),
  }),
  examples: [
    `assert:
  that: [{ var: cluster.postgres.port, gte: 1024 }]
  fail_msg: "the port {{ cluster.postgres.port }} is a privileged one"`,
  ],
  label: () => '',
  current: async () => ({ holds: true }),
  desired: () => ({ holds: true }),
  steps: () => [],
  touches: () => [],
})
