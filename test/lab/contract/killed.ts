import { expect } from 'vitest'
import { poll } from '../../../src/lib/poll.ts'
import type { EngineEvent } from '../../../src/engine/events.ts'
import { patient } from '../../patience.ts'
import type { Lab } from '../support/lab.ts'
import { expectEmptyPlan, roles } from '../support/plans.ts'
import { expectCode, measured, must, seconds } from '../support/programs.ts'
import type { Moment } from './stack.ts'

export const momentText = ({ play, results }: Moment): string => `after ${results} results of "${play}"`

/** Whether the journal of a run has come to the moment, or past its play. */
function reached(events: readonly EngineEvent[], { play, results }: Moment): boolean {
  const begun = events.findIndex((event) => event.kind === 'play-start' && event.play === play)
  if (begun < 0) return false
  const later = events.slice(begun + 1)
  const done = later.filter((event) => event.kind === 'task-result').length
  return done >= results || later.some((event) => event.kind === 'play-start')
}

/**
 * Starts an apply and kills it at a moment. False when it came to its end before: an earlier run had done that part,
 * or the play had nothing to do.
 */
export async function killAt(lab: Lab, moment: Moment): Promise<boolean> {
  const runs = lab.runs().length
  const run = lab.start('apply', '--yes')
  const seen = await poll(
    async () => {
      if (run.hasEnded()) return 'ended'
      return lab.runs().length > runs && reached(lab.journal(), moment) ? 'reached' : undefined
    },
    { timeoutMs: patient(240_000), intervalMs: 5 },
  )
  run.kill('SIGKILL')
  const ended = await run.ended
  if (seen === 'ended') expectCode(ended, 0)
  return seen === 'reached'
}

/** The next apply after a kill ends in the same healthy cluster as an undisturbed one. */
export async function expectContinues(lab: Lab): Promise<void> {
  const ended = await lab.apply('--yes')
  expectCode(ended, 0)
  const status = await lab.healthy(120_000)
  expect(roles(status).standbys).toHaveLength(lab.nodes.length - 1)
  await must(0, 'status', lab.inventory)
  await expectEmptyPlan(lab)
  const ids = await lab.shAll(
    '/usr/lib/postgresql/15/bin/pg_controldata /var/lib/postgresql/15/main | grep identifier',
  )
  expect(new Set(ids.values()).size).toBe(1)
  measured('the apply that went on', seconds(ended.ms))
}
