import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWriter } from '../lab/support/client.ts'
import { labOf } from '../lab/support/lab.ts'
import { expectEmptyPlan, roles } from '../lab/support/plans.ts'
import { expectCode, measured, must, seconds } from '../lab/support/programs.ts'
import { versionOf } from '../../src/cluster/members.ts'

const RELEASES = [
  { release: 'trixie', postgres: 17 },
  { release: 'bullseye', postgres: 13 },
] as const

describe.each(RELEASES)('Patroni of $release with PostgreSQL $postgres', ({ release, postgres }) => {
  const lab = labOf(`pat-${release}`, {
    nodes: 3,
    release,
    vars: 'lab-patroni/cluster.yml',
    edits: [['version: 15', `version: ${postgres}`]],
  })
  beforeAll(() => lab.up())
  afterAll(() => lab.down())

  test('one apply brings three bare hosts to a healthy cluster', async () => {
    const ended = await lab.apply('--yes')
    expectCode(ended, 0)
    expect(versionOf(await lab.healthy())).toMatch(new RegExp(`^${postgres}\\.`))
    await expectEmptyPlan(lab)
    measured('first apply', seconds(ended.ms))
  })

  test('switchover: the client goes on and nothing is lost', async () => {
    const before = roles(await lab.healthy())
    const writer = await startWriter(lab)
    await writer.writes(10)
    await must(0, 'run', 'switchover', lab.inventory, '--yes')
    await writer.writes(10)
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    expect(roles(await lab.healthy()).primary).not.toBe(before.primary)
    measured('write gap', `${gapMs} ms`)
  })

  test('power loss of the primary: nothing is lost, and it rejoins by itself', async () => {
    const { primary } = roles(await lab.healthy())
    const writer = await startWriter(lab)
    await writer.writes(10)
    await lab.lab('break', 'power-off', primary)
    await writer.writes(10)
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    await lab.lab('heal', primary)
    const after = roles(await lab.healthy(180_000))
    expect(after.primary).not.toBe(primary)
    measured('write gap', `${gapMs} ms`)
  })
})
