import type { Host } from '../../inventory/inventory.ts'
import type { Agent } from './agents/agent.ts'

/** A constraint as `pcs_constraint` takes it. */
export type Constraint = Readonly<Record<string, string | number | boolean>>

export const WRITER = 'vip-writer'
export const READER = 'vip-reader'

const writer = ({ clone }: Agent): readonly Constraint[] => [
  { kind: 'colocation', resource: WRITER, with: clone, with_role: 'Promoted', score: 'INFINITY' },
  {
    kind: 'order',
    first: clone,
    first_action: 'promote',
    next: WRITER,
    next_action: 'start',
    symmetrical: false,
  },
  // The address is given back only after PostgreSQL has stopped being primary.
  {
    kind: 'order',
    first: clone,
    first_action: 'demote',
    next: WRITER,
    next_action: 'stop',
    strength: 'Optional',
    symmetrical: false,
  },
]

/**
 * Where the reader VIP likes to be, by what the agent says of the member; nowhere else. The steps are wider than the
 * stickiness of 100: it leaves the primary for any standby, and any other for the sync one.
 */
const READERS: readonly (readonly [state: string, score: number])[] = [
  ['HS:sync', 500],
  ['HS:potential', 350],
  ['HS:async', 300],
  ['PRI', 100],
]

const reader = ({ statusAttribute: status }: Agent): readonly Constraint[] => {
  const place = (rule: string, score: number | string): Constraint => ({
    kind: 'location',
    resource: READER,
    rule,
    score,
  })
  const elsewhere = READERS.map(([state]) => `${status} ne ${state}`).join(' and ')
  return [
    ...READERS.map(([state, score]) => place(`${status} eq ${state}`, score)),
    place(`not_defined ${status}`, '-INFINITY'),
    place(elsewhere, '-INFINITY'),
  ]
}

/** Nothing runs on a witness. It has neither PostgreSQL nor the agent, so it is not even asked what runs there. */
const away = (resources: readonly string[], node: string): readonly Constraint[] =>
  resources.map((resource) => ({
    kind: 'location',
    resource,
    node,
    score: '-INFINITY',
    resource_discovery: 'never',
  }))

/** All constraints of the cluster. */
export const constraintsOf = (
  agent: Agent,
  hasReader: boolean,
  witnesses: readonly Host[] = [],
): readonly Constraint[] => [
  ...writer(agent),
  ...(hasReader ? reader(agent) : []),
  ...witnesses.flatMap(({ name }) => away([agent.clone, WRITER, ...(hasReader ? [READER] : [])], name)),
]
