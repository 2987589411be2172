import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Lab } from '../support/lab.ts'
import { differences, expectEmptyPlan, roles, shown } from '../support/plans.ts'
import { expectCode, measured, seconds } from '../support/programs.ts'
import { postmasterStart } from '../support/traces.ts'
import type { StackLab } from './stack.ts'

/** Drift is found, shown with what mending it interrupts, and mended without a restart that was not announced. */
export function driftTests(lab: Lab, stack: StackLab): void {
  test('ten seeded differences: plan shows exactly these, apply mends them, the primary is not restarted', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const started = await postmasterStart(lab, primary)
    const seeds = stack.seeds(primary, standbys, lab)
    expect(seeds).toHaveLength(10)
    for (const { node, script } of seeds) await lab.sh(node, `set -e\n${script}`)
    const plan = await lab.plan('--exit-code')
    expect(plan.code).toBe(3)
    expect(shown(plan)).toEqual(
      seeds.flatMap(({ shows }) => shows.map((show) => show.join(' | '))).toSorted(),
    )
    const ended = await lab.apply('--yes')
    expectCode(ended, 0)
    expect(ended.stdout).toContain('second plan empty')
    await expectEmptyPlan(lab)
    const status = await lab.healthy()
    expect(status.primary).toBe(primary)
    expect(await postmasterStart(lab, primary)).toBe(started)
    measured('differences shown, mended in', `${shown(plan).length}, ${seconds(ended.ms)}`)
  })

  test('a setting that needs a restart is refused with exit 5 and changes nothing until it is allowed', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const before = await Promise.all(lab.nodes.map((node) => postmasterStart(lab, node)))
    const text = readFileSync(lab.inventory, 'utf8')
    expect(text).toContain('max_connections: 60')
    writeFileSync(lab.inventory, text.replace('max_connections: 60', 'max_connections: 70'))
    const plan = await lab.plan()
    expect(plan.summary?.impact).toBe('restart-primary')
    const refused = await lab.apply()
    expectCode(refused, 5)
    expect(refused.stdout + refused.stderr).toContain('--allow restart-primary')
    expect(await Promise.all(lab.nodes.map((node) => postmasterStart(lab, node)))).toEqual(before)
    expect(differences(await lab.plan())).toEqual(differences(plan))
    const ended = await lab.apply('--allow', 'restart-primary')
    expectCode(ended, 0)
    const after = new Map<string, string>()
    for (const node of lab.nodes) after.set(node, await postmasterStart(lab, node))
    for (const [index, node] of lab.nodes.entries()) expect(after.get(node)).not.toBe(before[index])
    for (const node of standbys)
      expect(Date.parse(after.get(node) ?? '')).toBeLessThan(Date.parse(after.get(primary) ?? ''))
    expect((await lab.healthy()).primary).toBe(primary)
    const sql = "runuser -u postgres -- psql -XAtqw -d postgres -c 'show max_connections'"
    for (const node of lab.nodes) expect(await lab.sh(node, sql)).toBe('70')
    await expectEmptyPlan(lab)
    measured('restart of every member', seconds(ended.ms))
  })
}
