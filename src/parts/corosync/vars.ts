import type { Static } from 'typebox'
import { DURATION_PATTERN } from '../../lib/duration.ts'
import { Type } from '../../lib/type.ts'

/** Who tells two halves of a cluster apart, beside the quorum of three and more votes. */
export const guard = Type.Object(
  {
    none: Type.Optional(
      Type.String({
        description: 'There is none, in your own words: the sentence that accepts two primaries after a cut.',
        minLength: 10,
      }),
    ),
  },
  { description: 'What keeps two primaries apart, beside the quorum of three and more votes.' },
)

/** How Pacemaker counts failures. `what`: the service it counts them of. */
export const failureOf = (what: string) =>
  Type.Object(
    {
      threshold: Type.Integer({
        description: `Failures of ${what} on one member until it is given up there.`,
        default: 3,
        minimum: 1,
      }),
      forget_after: Type.String({
        description: 'Time without a failure after which earlier ones are forgotten.',
        pattern: DURATION_PATTERN,
        default: '10m',
      }),
    },
    { description: 'How failures are counted.', default: {} },
  )

/** Which times. */
export const timing = Type.Enum(['fast', 'normal', 'safe'], {
  description:
    'How soon a silent member is given up: fast for one data centre (token 2 s), normal (5 s), safe for slow or ' +
    'busy networks (10 s).',
  default: 'fast',
})

/** The keys of `cluster` that this part reads, whatever else a stack has there. */
export interface CorosyncVars {
  readonly timing: Static<typeof timing>
  readonly guard?: Static<typeof guard>
  readonly failure: Static<ReturnType<typeof failureOf>>
  readonly firewall: { readonly open_ports: boolean }
}
