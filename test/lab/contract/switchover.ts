import { expect, test } from 'vitest'
import { startWriter } from '../support/client.ts'
import type { Lab } from '../support/lab.ts'
import { expectEmptyPlan, memberOf, roles } from '../support/plans.ts'
import { expectCode, hactl, measured, must, seconds } from '../support/programs.ts'
import type { StackLab } from './stack.ts'
import { membersOf } from '../../../src/cluster/members.ts'

/** Planned changes of the primary, while a client writes. */
export function switchoverTests(lab: Lab, stack: StackLab): void {
  test('switchover moves the primary, no acknowledged row is lost, and nothing is left to clean up', async () => {
    const before = roles(await lab.healthy())
    const left = await stack.leftovers(lab)
    const writer = await startWriter(lab)
    await writer.writes(20)
    const ended = await lab.run('switchover')
    await writer.writes(20)
    const { acknowledged, gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    const after = roles(await lab.healthy())
    expect(before.standbys).toContain(after.primary)
    const old = await memberOf(lab, before.primary)
    expect(old).toMatchObject({ role: 'standby', running: true })
    expect(old?.failures ?? []).toEqual([])
    expect(old?.replication?.state).toBe('streaming')
    expect(await stack.leftovers(lab)).toBe(left)
    await must(0, 'status', lab.inventory)
    await expectEmptyPlan(lab)
    measured('switchover, write gap', `${seconds(ended.ms)}, ${gapMs} ms of ${acknowledged} rows`)
  })

  test('switchover --to brings the primary to a standby that commits do not wait for; to the primary itself it is refused', async () => {
    const status = await lab.healthy()
    const { primary, standbys } = roles(status)
    const left = await stack.leftovers(lab)
    expectCode(await hactl('run', 'switchover', lab.inventory, '--yes', '--to', primary), 5)
    expect(roles(await lab.status()).primary).toBe(primary)
    const async = membersOf(status).find(({ replication }) => replication?.sync === 'async')?.name
    const wanted = async ?? standbys.at(-1) ?? ''
    const writer = await startWriter(lab)
    await lab.run('switchover', '--to', wanted)
    await writer.writes(10)
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    expect(roles(await lab.healthy()).primary).toBe(wanted)
    expect(await stack.leftovers(lab)).toBe(left)
    measured('write gap', `${gapMs} ms`)
  })
}
