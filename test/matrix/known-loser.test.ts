import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DrillResult } from '../../src/cluster/drill/result.ts'
import { expectCode, hactl, measured } from '../lab/support/programs.ts'
import { stackLab } from '../lab/contract/stack.ts'
import { PACEMAKER } from '../stacks/pacemaker/lab.ts'

const lab = stackLab(PACEMAKER, 'loser')

beforeAll(async () => {
  await lab.up()
  expectCode(await lab.apply('--yes'), 0)
  await lab.healthy()
})
afterAll(() => lab.down())

// Cut off from the others, the primary goes on without a quorum, gives up its standbys as soon as it can, and acknowledges
// commits that nobody else has, while the others promote one: no guard, and what the rule for wal_sender_timeout prevents. Both
// past hactl, which writes neither.
const SHORTER = `cd /; runuser -u postgres -- psql -XAtq -c "alter system set wal_sender_timeout = '1s'" -c 'select pg_reload_conf()'`
const UNGUARDED = 'pcs property set no-quorum-policy=ignore'

test('a cluster that is known to lose writes is caught', async () => {
  await lab.shAll(SHORTER)
  await lab.sh('pg1', UNGUARDED)
  const args = ['--patience', '2', '--answer-timeout', '20s', '--format', 'json']
  const ended = await hactl('drill', 'cut-primary-from-peers', lab.inventory, ...args)
  expectCode(ended, 1)
  const { runs, loss } = JSON.parse(ended.stdout) as DrillResult
  const [run] = runs
  measured('acknowledged and lost', run?.verdicts.rejoin?.lost.length ?? 0)
  expect(loss.withLoss).toBe(1)
  expect(run?.verdicts.failover?.lost.length).toBeGreaterThan(0)
  expect(run?.wal?.pastFork).toBeGreaterThan(0)
  expect(run?.checks.filter(({ ok }) => !ok).map(({ what }) => what)).toContain(
    'no acknowledged write is lost',
  )
})
