import { expect, test } from 'vitest'
import { consensusOf, isolatedUntilMs, realToken } from '../../../src/parts/corosync/timing.ts'
import type { Profile } from '../../../src/parts/corosync/timing.ts'
import { settingSeconds, timingOf, timingRules } from '../../../src/stacks/pacemaker/timing.ts'

const PROFILES: readonly Profile[] = ['fast', 'normal', 'safe']
const CASES = PROFILES.flatMap((profile) => [2, 3, 5].map((members) => [profile, members] as const))

test.each(CASES)('every rule holds for %s with %i members', (profile, members) => {
  const broken = timingRules(timingOf(profile, members)).filter((rule) => !rule.holds)
  expect(broken).toEqual([])
})

test.each(CASES)('an isolated primary is stopped before it drops its standby: %s, %i', (profile, members) => {
  const timing = timingOf(profile, members)
  expect(timing.walSenderTimeout * 1000).toBeGreaterThan(isolatedUntilMs(timing.tokenMs, timing.stopEscalate))
})

test('the rule about wal_sender_timeout fails for the value that lost commits in the lab', () => {
  const broken = timingRules(timingOf('fast', 3), 5).filter((rule) => !rule.holds)
  expect(broken.map((rule) => rule.name)).toEqual(['wal_sender_timeout outlives an isolated primary'])
})

test('Corosync adds 650 ms a member beyond the second, and consensus is 1.2 times the token', () => {
  expect(realToken(3000, 2)).toBe(3000)
  expect(realToken(3000, 4)).toBe(4300)
  expect(consensusOf(3000)).toBe(3600)
})

test('a time setting is read as PostgreSQL reads it', () => {
  expect(settingSeconds('2min')).toBe(120)
  expect(settingSeconds('500ms')).toBe(0.5)
  expect(settingSeconds(60_000)).toBe(60)
  expect(settingSeconds('soon')).toBeUndefined()
})
