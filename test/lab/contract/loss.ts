import { expect, test } from 'vitest'
import { startWriter } from '../support/client.ts'
import type { Lab } from '../support/lab.ts'
import { expectEmptyPlan, roles } from '../support/plans.ts'
import { expectCode, hactl, measured, seconds } from '../support/programs.ts'
import { eventually } from '../support/wait.ts'
import { backByWhatStatusNames, otherPrimary } from './repair.ts'

/** Members that lose their power, while a client writes. */
export function lossTests(lab: Lab): void {
  test('a standby powered off makes the cluster degraded, named with its mending; back on it is healthy', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const node = standbys.find((name) => name !== lab.nodes[0]) ?? ''
    const writer = await startWriter(lab)
    await lab.lab('break', 'power-off', node)
    const began = performance.now()
    const shown = await hactl('status', lab.inventory)
    expectCode(shown, 1)
    expect(shown.stdout).toContain('degraded')
    expect(shown.stdout).toContain(`${node} `)
    expect(shown.stdout).toContain('cannot be reached')
    measured('status with a dead host', seconds(shown.ms))
    await eventually('the cluster has given it up', async () => {
      const status = await lab.status()
      return status.quorum?.have === lab.nodes.length - 1 && status.primary === primary
    })
    measured('given up after', seconds(performance.now() - began))
    await writer.writes(10)
    const back = performance.now()
    await lab.lab('heal', node)
    await lab.healthy(120_000)
    measured('healthy again after', seconds(performance.now() - back))
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    measured('longest gap', `${gapMs} ms`)
    await expectEmptyPlan(lab)
  })

  test('the power of the primary goes: a standby takes over, no acknowledged row is lost, and it comes back alone or by the command that status names', async () => {
    const { primary } = roles(await lab.healthy())
    const writer = await startWriter(lab)
    await writer.writes(20)
    await lab.lab('break', 'power-off', primary)
    await otherPrimary(lab, primary)
    await writer.writes(20)
    const { acknowledged, gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    measured('power loss of the primary: longest time without a write', `${gapMs} ms, ${acknowledged} rows`)
    const back = performance.now()
    await lab.lab('heal', primary)
    const by = await backByWhatStatusNames(lab, primary)
    measured('healthy again after', `${seconds(performance.now() - back)}, ${by ?? 'alone'}`)
    expect(roles(await lab.healthy(180_000)).primary).not.toBe(primary)
    await expectEmptyPlan(lab)
  })
}
