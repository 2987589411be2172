import type { TSchema } from 'typebox'
import { Type } from '../../lib/type.ts'
import { originSchema } from './origin-schema.ts'

const text = (description: string) => Type.String({ description })
const whole = (description: string) => Type.Integer({ description })
const number = (description: string) => Type.Number({ description })
const flag = (description: string) => Type.Boolean({ description })
const list = <S extends TSchema>(items: S, description: string) => Type.Array(items, { description })
const moment = (what: string) => number(`${what}; milliseconds since 1970.`)
const count = whole('How many.')

const spread = (description: string) =>
  Type.Object(
    {
      n: whole('Values.'),
      p50: number('Median.'),
      p95: number('95th percentile.'),
      max: number('Greatest.'),
    },
    { description },
  )

export const checkSchema = Type.Object({
  what: text('What was expected.'),
  ok: flag('Whether it was so.'),
  seen: Type.Optional(text('What was seen instead.')),
})

export const lostSchema = Type.Object({
  id: whole('Number of the write.'),
  kind: Type.Enum(['row', 'multi', 'count'], { description: 'What kind of write.' }),
  worker: whole('The connection that sent it.'),
  sentAt: moment('Sent'),
  server: text('Start of the server that acknowledged it, microseconds since 1970.'),
  answeredAt: moment('Acknowledged'),
})

export const verdictSchema = Type.Object(
  {
    from: text('The member whose tables were read.'),
    acknowledged: whole('Acknowledged writes.'),
    inDoubt: whole('Writes without an answer, or whose answer says that no standby has confirmed.'),
    refused: whole('Writes the server refused.'),
    lost: list(lostSchema, 'Acknowledged and absent.'),
    ghosts: whole('Not acknowledged and present: allowed.'),
    duplicates: list(Type.Integer(), 'Writes that are there more often than sent.'),
    impossible: list(Type.Integer(), 'Numbers that are there and were never sent.'),
    partial: list(Type.Integer(), 'Transactions of which only a part is there.'),
    counters: list(
      Type.Object({
        worker: whole('The connection.'),
        value: whole('Value of its counter.'),
        steps: whole('Writes that stepped it.'),
      }),
      'Counters that are not the number of their steps.',
    ),
  },
  { description: 'The ledger compared with one member.' },
)

const gap = {
  from: moment('Last acknowledgement before'),
  to: moment('First acknowledgement after'),
  ms: whole('Length in milliseconds.'),
}

export const gapSchema = Type.Object(gap)

export const partSchema = Type.Object({
  parts: list(
    Type.Enum(['detect', 'decide', 'promote', 'route', 'reconnect']),
    'One part, or several that could not be told apart.',
  ),
  ms: whole('Milliseconds.'),
  source: text('Where its end was read.'),
})

export const outageSchema = Type.Object(
  { ...gap, faultAt: moment('The fault'), parts: list(partSchema, 'Parts from the fault on, in order.') },
  { description: 'The longest time without an acknowledged write after the fault.' },
)

export const clashSchema = Type.Object({
  hosts: Type.Unsafe<readonly [string, string]>({
    type: 'array',
    items: { type: 'string' },
    description: 'The two hosts.',
  }),
  from: moment('First seen'),
  to: moment('Last seen'),
})

export const readerSchema = Type.Object({
  reader: text('Name: reader for the reader address, else a member.'),
  reads: count,
  errors: count,
  staleMs: Type.Optional(spread('Age of the oldest acknowledged write it did not see, milliseconds.')),
  backwards: whole('Reads that saw less than an earlier one on the same server.'),
  backwardsAcross: whole('The same, on another server.'),
  longestGap: Type.Optional(Type.Object(gap, { description: 'Longest time without an answer.' })),
})

export const sampleSchema = Type.Object({
  host: text('The member.'),
  at: moment('Looked at'),
  state: Type.Enum(['primary', 'standby', 'down', 'unreachable'], { description: 'What it was.' }),
  server: Type.Optional(text('Start of its server, microseconds since 1970.')),
  addresses: list(Type.String(), 'Its IPv4 addresses.'),
})

export const latencySchema = Type.Object(
  {
    before: Type.Optional(spread('Before the fault.')),
    during: Type.Optional(spread('Sent during the outage.')),
    after: Type.Optional(spread('After it.')),
  },
  { description: 'Milliseconds from sending to the acknowledgement.' },
)

export const divergenceSchema = Type.Object({
  member: text('The standby.'),
  missing: list(Type.Integer(), 'Writes only the primary has.'),
  extra: list(Type.Integer(), 'Writes only the standby has.'),
  different: list(Type.String(), 'Writes and counters that are not equal.'),
})

export const walSchema = Type.Object(
  {
    member: text('The former primary.'),
    timeline: whole('Its timeline.'),
    end: text('End of its WAL, as far as it could be read.'),
    source: text('Where that was read.'),
    fork: text('Where the next timeline left it.'),
    pastFork: whole('Bytes from there to the end; not all of them were acknowledged to anybody.'),
  },
  { description: 'WAL of the former primary that the new one does not have.' },
)

export const overlapSchema = Type.Object({
  writes: list(Type.Integer(), 'Their numbers.'),
  server: text('The former primary.'),
  newer: text('The new one.'),
})

export const seriesSchema = Type.Object(
  {
    from: moment('Start of the first step'),
    stepMs: whole('Length of a step in milliseconds.'),
    acknowledged: list(Type.Integer(), 'Acknowledged writes in each step.'),
    failed: list(Type.Integer(), 'Writes that failed in each step.'),
  },
  { description: 'For a time line.' },
)

export const runSchema = Type.Object({
  scenario: text('Name of the scenario.'),
  drill: Type.Optional(text('In a merged result: the drill it was made in.')),
  run: whole('From 1.'),
  passed: flag('All expectations were met.'),
  beganAt: moment('Began'),
  faultAt: Type.Optional(moment('The fault')),
  healedAt: Type.Optional(moment('Healing began')),
  endedAt: moment('Ended'),
  primary: text('The primary before.'),
  standby: text('The standby that would have been promoted.'),
  after: Type.Optional(text('The primary when all was over.')),
  checks: list(checkSchema, 'Expectations.'),
  verdicts: Type.Object(
    { failover: Type.Optional(verdictSchema), rejoin: Type.Optional(verdictSchema) },
    { description: 'Right after the failover, and after everything had rejoined.' },
  ),
  divergences: list(divergenceSchema, 'Standbys that hold something else than the primary.'),
  checksums: Type.Map(Type.String(), { description: 'Checksum of the tables of each member at the end.' }),
  outage: Type.Optional(outageSchema),
  wal: Type.Optional(walSchema),
  gaps: list(gapSchema, 'Every pause of 250 ms or more without an acknowledged write.'),
  latencies: latencySchema,
  errors: Type.Map(Type.Integer(), { description: 'Errors of clients by kind, e.g. "write timeout".' }),
  readers: list(readerSchema, 'What readers saw.'),
  overlaps: list(overlapSchema, 'Writes a former primary acknowledged after the new one had begun.'),
  addressClashes: list(clashSchema, 'The writer address was on two hosts.'),
  primaryClashes: list(clashSchema, 'Two members were out of recovery.'),
  rejoin: Type.Optional(
    Type.Object(
      {
        ms: whole('Milliseconds until the cluster was healthy again.'),
        helped: list(Type.String(), 'Runbooks that were needed; none: it came back by itself.'),
      },
      { description: 'How the cluster came back.' },
    ),
  ),
  members: list(sampleSchema, 'What each member was, whenever that changed.'),
  series: seriesSchema,
  load: Type.Optional(number('Load average over one minute where hactl ran, at the end of the run.')),
  ledger: text('File of the ledger, beside the result.'),
})

export const scenarioSchema = Type.Object({
  scenario: text('Name.'),
  runs: count,
  passed: count,
  lost: count,
  ghosts: count,
  acknowledged: count,
  outageMs: Type.Optional(spread('Longest time without an acknowledged write in each run, milliseconds.')),
  parts: Type.Map(Type.Integer(), { description: 'Median of each part, milliseconds.' }),
})

/** The `result.json` of a drill. The type DrillResult is made of it. */
export const drillSchema = Type.Object({
  format: Type.Literal(1, { description: 'Version of this shape.' }),
  ...originSchema,
  merged: Type.Optional(
    list(
      Type.Object(originSchema),
      'The drills that a merged result is made of; its own first fields are those of the first.',
    ),
  ),
  passed: flag('All runs were as expected.'),
  stopped: Type.Optional(text('Why it ended before its last run.')),
  scenarios: list(scenarioSchema, 'Sums by scenario.'),
  loss: Type.Object(
    {
      runs: whole('Runs whose writes were compared.'),
      withLoss: whole('Runs that lost an acknowledged write.'),
      atMost: number('Greatest probability of that in a run, at 95 %.'),
    },
    { description: 'What the runs prove about losses.' },
  ),
  runs: list(runSchema, 'Every run.'),
  skipped: Type.Optional(
    list(
      Type.Object({ scenario: text('Name.'), why: text('The reason.') }),
      'Scenarios that were asked for and that the place does not allow.',
    ),
  ),
})
