import { expect, test } from 'vitest'
import { checksOf, type Evidence } from '../../../../src/cluster/drill/expect.ts'

const evidence = (more: Partial<Evidence>): Evidence => ({
  expect: { primary: 'stays', mayLose: [], aloneWithinS: 60 },
  mode: 'sync',
  before: 'pg1',
  after: 'pg1',
  back: true,
  verdicts: [],
  divergences: [],
  unread: [],
  overlaps: [],
  addressClashes: [],
  readers: [],
  healthy: true,
  rejoinMs: 12_000,
  helped: [],
  pending: 0,
  cleaned: true,
  ...more,
})

const alone = (more: Partial<Evidence>) =>
  checksOf(evidence(more)).find(({ what }) => what.startsWith('healthy without help'))

test('a cluster that bears a load is healthy by itself, and in time', () => {
  expect(alone({})).toEqual({ what: 'healthy without help within 60 s of its end', ok: true })
  expect(alone({ rejoinMs: 61_000 })).toMatchObject({ ok: false, seen: 'after 61.0 s' })
  expect(alone({ helped: ['start'] })).toMatchObject({ ok: false, seen: 'it took start' })
})

test('where nothing is said of it, a runbook may help', () => {
  expect(alone({ expect: { primary: 'stays', mayLose: [] }, helped: ['start'] })).toBeUndefined()
})
