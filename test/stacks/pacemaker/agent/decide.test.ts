import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'

/** The decisions of hactl-pgd, on the program that hosts run. */

const PGD = join(import.meta.dirname, '../../../../files/pacemaker/pgd')
const NEVER = '-INFINITY'

/** A primary pg1 with two standbys; pg2 confirms commits. */
const HEALTHY = {
  own: 'pg1',
  mode: 'sync',
  order: ['pg2', 'pg3'],
  current: 'pg2' as string | null,
  streaming: ['pg2', 'pg3'],
  caught_up: ['pg2', 'pg3'],
  quorate: true,
  prefer: null as string | null,
}
const seen = (change: Partial<typeof HEALTHY> = {}) => ({ ...HEALTHY, ...change })
const PRI = ['1000', 'PRI', 'LATEST']
const SYNC = ['500', 'HS:sync', 'STREAMING|SYNC']
const POTENTIAL = [NEVER, 'HS:potential', 'STREAMING|POTENTIAL']
const ASYNC = [NEVER, 'HS:async', 'STREAMING|ASYNC']
const ALONE = [NEVER, 'HS:alone', 'DISCONNECT']
const TOLD = { pg1: PRI, pg2: SYNC, pg3: POTENTIAL }

interface Case {
  readonly says: string
  readonly ask: readonly unknown[]
  readonly answer: unknown
}
const death = (change: object) => ({
  role: 'primary',
  can_promote: true,
  crashes: 1,
  limit: 3,
  maintenance: false,
  ...change,
})
const alone = (change: object) => ({
  score: null,
  data: 'DISCONNECT',
  alone_for: 5,
  grace: 12,
  ...change,
})
const danger = (change: object) => ({
  quorate: true,
  lost_for: 0,
  stops: true,
  newer: false,
  ...change,
})

const CASES: readonly Case[] = [
  // Who confirms commits.
  { says: 'a standby that confirms commits goes on', ask: ['sync_names', seen()], answer: 'pg2' },
  {
    says: 'the next one takes over from one that is gone',
    ask: ['sync_names', seen({ streaming: ['pg3'] })],
    answer: 'pg3',
  },
  {
    says: 'with nobody left, and a quorum, commits wait for nobody',
    ask: ['sync_names', seen({ streaming: [] })],
    answer: null,
  },
  {
    says: 'with nobody left, and no quorum, commits wait',
    ask: ['sync_names', seen({ streaming: [], quorate: false })],
    answer: 'pg2',
  },
  {
    says: 'the first that streams confirms again',
    ask: ['sync_names', seen({ current: null })],
    answer: 'pg2',
  },
  {
    says: 'one that an operator prefers takes over while both stream',
    ask: ['sync_names', seen({ prefer: 'pg3' })],
    answer: 'pg3',
  },
  {
    says: 'one that is preferred and does not stream does not',
    ask: ['sync_names', seen({ prefer: 'pg3', streaming: ['pg2'] })],
    answer: 'pg2',
  },
  {
    says: 'in mode async nobody does',
    ask: ['sync_names', seen({ mode: 'async', current: null })],
    answer: null,
  },
  // Who may be promoted.
  { says: 'the one that confirms commits may be promoted', ask: ['eligible', seen()], answer: ['pg2'] },
  {
    says: 'not before it has everything that was acknowledged without it',
    ask: ['eligible', seen({ caught_up: ['pg3'] })],
    answer: [],
  },
  {
    says: 'not while commits are about to wait for another',
    ask: ['eligible', seen({ prefer: 'pg3' })],
    answer: [],
  },
  { says: 'nobody while commits wait for nobody', ask: ['eligible', seen({ current: null })], answer: [] },
  { says: 'nobody that is not connected', ask: ['eligible', seen({ streaming: ['pg3'] })], answer: [] },
  // What is told first, and what then.
  {
    says: 'a cluster that knows everything is told nothing',
    ask: ['publications', seen(), TOLD],
    answer: [{}, {}],
  },
  {
    says: 'a new primary first takes from all others what it does not know they had',
    ask: ['publications', seen({ current: 'pg2', streaming: [], caught_up: [] }), {}],
    answer: [{ pg1: PRI, pg2: ALONE, pg3: ALONE }, {}],
  },
  {
    says: 'a standby that is gone first loses its score',
    ask: ['publications', seen({ streaming: ['pg3'] }), TOLD],
    answer: [{ pg2: ALONE }, {}],
  },
  {
    says: 'one that has caught up is told last',
    ask: ['publications', seen(), { pg1: PRI, pg2: ASYNC, pg3: ALONE }],
    answer: [{}, { pg2: SYNC, pg3: POTENTIAL }],
  },
  // A server that has ended by itself.
  {
    says: 'a primary hands over when another has everything',
    ask: ['on_death', death({})],
    answer: 'fail-over',
  },
  {
    says: 'a primary alone comes back, however often',
    ask: ['on_death', death({ can_promote: false, crashes: 9 })],
    answer: 'restart',
  },
  {
    says: 'a standby comes back',
    ask: ['on_death', death({ role: 'standby', can_promote: false })],
    answer: 'restart',
  },
  {
    says: 'a standby is given up at the limit',
    ask: ['on_death', death({ role: 'standby', crashes: 3 })],
    answer: 'give-up',
  },
  {
    says: 'nothing is done while an operator works',
    ask: ['on_death', death({ maintenance: true })],
    answer: 'wait',
  },
  // A cluster that starts.
  {
    says: 'the last primary may be promoted at once',
    ask: ['own_score', alone({ data: 'LATEST' })],
    answer: '1000',
  },
  {
    says: 'the last sync standby waits for the last primary',
    ask: ['own_score', alone({ data: 'STREAMING|SYNC' })],
    answer: null,
  },
  {
    says: 'and may then be promoted',
    ask: ['own_score', alone({ data: 'STREAMING|SYNC', alone_for: 12 })],
    answer: '500',
  },
  {
    says: 'a last primary that gave itself up waits for the standby that was to follow',
    ask: ['own_score', alone({ data: 'LATEST', score: NEVER })],
    answer: null,
  },
  {
    says: 'and comes back when nobody was promoted',
    ask: ['own_score', alone({ data: 'LATEST', score: NEVER, alone_for: 12 })],
    answer: '1000',
  },
  {
    says: 'a score of before is taken back where somebody else was promoted',
    ask: ['own_score', alone({ score: '1000' })],
    answer: NEVER,
  },
  {
    says: 'a standby of mode async keeps its score when its primary is gone',
    ask: ['own_score', alone({ score: '100', data: 'STREAMING|ASYNC' })],
    answer: null,
  },
  { says: 'others may not', ask: ['own_score', alone({})], answer: NEVER },
  {
    says: 'what the cluster says stands',
    ask: ['own_score', alone({ score: '500', data: 'STREAMING|SYNC' })],
    answer: null,
  },
  {
    says: 'a member of which nothing is known says nothing',
    ask: ['own_score', alone({ data: null })],
    answer: null,
  },
  // A primary that must not go on.
  { says: 'a primary with a quorum goes on', ask: ['must_step_down', danger({})], answer: null },
  {
    says: 'one without ends after a second',
    ask: ['must_step_down', danger({ quorate: false, lost_for: 1.2 })],
    answer: 'without a quorum',
  },
  {
    says: 'a membership that is just changing is looked at twice',
    ask: ['must_step_down', danger({ quorate: false, lost_for: 0.4 })],
    answer: null,
  },
  {
    says: 'a Corosync that cannot be asked says nothing',
    ask: ['must_step_down', danger({ quorate: null, lost_for: 9 })],
    answer: null,
  },
  {
    says: 'a cluster that ignores the quorum goes on',
    ask: ['must_step_down', danger({ quorate: false, lost_for: 9, stops: false })],
    answer: null,
  },
  {
    says: 'one that was superseded ends',
    ask: ['must_step_down', danger({ newer: true })],
    answer: 'another primary has a newer timeline',
  },
  // Monitors.
  { says: 'a primary is promoted', ask: ['monitor_code', 'primary', [7, 0], 5], answer: 8 },
  { says: 'a standby runs', ask: ['monitor_code', 'standby', [7, 0], 5], answer: 0 },
  { says: 'none does not run', ask: ['monitor_code', null, [8, 4], 5], answer: 7 },
  { says: 'an absence is bridged for its time', ask: ['monitor_code', null, [8, 6], 5], answer: 8 },
]

describe('hactl-pgd decides', () => {
  let answers: readonly unknown[]
  beforeAll(() => {
    const input = CASES.map(({ ask }) => `${JSON.stringify(ask)}\n`).join('')
    const out = execFileSync('python3', [join(import.meta.dirname, 'decide.py'), PGD], { input })
    answers = out
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
  })

  test.each(CASES.map(({ says, answer }, index) => [says, index, answer] as const))(
    '%s',
    (_, index, answer) => {
      expect(answers[index]).toEqual(answer)
    },
  )
})
