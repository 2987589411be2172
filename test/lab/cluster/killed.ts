import { expect } from 'vitest'
import { poll } from '../../../src/lib/poll.ts'
import type { EngineEvent } from '../../../src/engine/events.ts'
import {
  expectCode,
  expectEmptyPlan,
  measured,
  must,
  roles,
  seconds,
  type Lab,
  type Started,
} from './support.ts'

/** Where in a first deploy the controller is killed: so many tasks of a play are done, or it has just begun. */
export interface Moment {
  readonly play: string
  readonly results: number
}

/** Ten moments, spread over every play that changes something. */
export const MOMENTS: readonly Moment[] = [
  { play: 'Packages and accounts', results: 0 },
  { play: 'Packages and accounts', results: 10 },
  { play: 'Corosync', results: 0 },
  { play: 'Corosync', results: 3 },
  { play: 'The cluster runs', results: 4 },
  { play: 'The first data directory', results: 2 },
  { play: 'Copies on the other members', results: 0 },
  { play: 'The cluster takes over', results: 1 },
  { play: 'Resources', results: 3 },
  { play: 'Roles and databases', results: 2 },
]

export const momentText = ({ play, results }: Moment): string => `after ${results} results of "${play}"`

/** Whether the journal of a run has come to the moment, or past its play. */
function reached(events: readonly EngineEvent[], { play, results }: Moment): boolean {
  const begun = events.findIndex((event) => event.kind === 'play-start' && event.play === play)
  if (begun < 0) return false
  const later = events.slice(begun + 1)
  const done = later.filter((event) => event.kind === 'task-result').length
  return done >= results || later.some((event) => event.kind === 'play-start')
}

const sawEnd = (run: Started): boolean => run.child.exitCode !== null || run.child.signalCode !== null

/**
 * Starts an apply and kills it at a moment. False when it came to its end before: an earlier run had done that part,
 * or the play had nothing to do.
 */
export async function killAt(lab: Lab, moment: Moment): Promise<boolean> {
  const runs = lab.runs().length
  const run = lab.start('apply', '--yes')
  const seen = await poll(
    async () => {
      if (sawEnd(run)) return 'ended'
      return lab.runs().length > runs && reached(lab.journal(), moment) ? 'reached' : undefined
    },
    { timeoutMs: 240_000, intervalMs: 5 },
  )
  run.child.kill('SIGKILL')
  const ended = await run.ended
  if (seen === 'ended') expectCode(ended, 0)
  return seen === 'reached'
}

/** The next apply after a kill ends in the same healthy cluster as an undisturbed one. */
export async function expectContinues(lab: Lab): Promise<void> {
  const ended = await lab.apply('--yes')
  expectCode(ended, 0)
  const status = await lab.healthy()
  expect(roles(status).standbys).toHaveLength(lab.nodes.length - 1)
  await must(0, 'status', lab.inventory)
  await expectEmptyPlan(lab)
  const ids = await lab.shAll(
    '/usr/lib/postgresql/15/bin/pg_controldata /var/lib/postgresql/15/main | grep identifier',
  )
  expect(new Set(ids.values()).size).toBe(1)
  measured('the apply that went on', seconds(ended.ms))
}
