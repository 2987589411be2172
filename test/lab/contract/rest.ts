import { expect, test } from 'vitest'
import { startWriter } from '../support/client.ts'
import type { Lab } from '../support/lab.ts'
import { expectEmptyPlan, roles } from '../support/plans.ts'
import { expectCode, hactl, measured, must, seconds } from '../support/programs.ts'
import type { Formed } from './formed.ts'

/** Stop and start, through a snapshot: what the other tests go back to is proven to come back. */
export function restTests(lab: Lab, formed: Formed): void {
  test('stop ends PostgreSQL everywhere, and start brings the same primary back with every row, on restored hosts too', async () => {
    const { primary } = roles(await lab.healthy())
    const writer = await startWriter(lab)
    await writer.writes(10)
    const stopped = await lab.run('stop')
    const down = await hactl('status', lab.inventory)
    expectCode(down, 2)
    expect(down.stdout).toContain('hactl run start')
    const counts = await lab.shAll('pgrep -xc postgres || true')
    expect([...counts.values()]).toEqual(lab.nodes.map(() => '0'))
    await formed.keep()
    // The disks of then, booted as after a loss of power.
    await lab.restore('formed')
    const started = await lab.run('start')
    expect(roles(await lab.healthy()).primary).toBe(primary)
    await writer.writes(5)
    expect((await writer.stop()).lost).toEqual([])
    await must(0, 'status', lab.inventory)
    await expectEmptyPlan(lab)
    measured('stop, start', `${seconds(stopped.ms)}, ${seconds(started.ms)}`)
  })
}
