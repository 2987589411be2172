import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { otherPrimary } from '../../../lab/contract/repair.ts'
import { startWriter } from '../../../lab/support/client.ts'
import type { Lab } from '../../../lab/support/lab.ts'
import { expectEmptyPlan, memberOf, roles } from '../../../lab/support/plans.ts'
import { expectCode, hactl, measured, seconds } from '../../../lab/support/programs.ts'
import { eventually } from '../../../lab/support/wait.ts'
import { PACEMAKER as stack } from '../lab.ts'

/** Runbooks that only this stack has, and a primary whose server is killed. */
export function memberTests(lab: Lab): void {
  test('standby-node takes a member out and unstandby-node takes it back; no acknowledged row is lost', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const [node = ''] = standbys
    const writer = await startWriter(lab)
    await lab.run('standby-node', '--on', node)
    const out = await memberOf(lab, node)
    expect(out?.running).toBe(false)
    expect(out?.paused).toBeDefined()
    const degraded = await hactl('status', lab.inventory)
    expectCode(degraded, 1)
    expect(degraded.stdout).toContain(`unstandby-node`)
    await lab.run('unstandby-node', '--on', node)
    const status = await lab.healthy()
    expect(status.primary).toBe(primary)
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    expect(await stack.leftovers(lab)).toBe('')
    measured('longest gap', `${gapMs} ms`)
  })

  test('cleanup forgets failures', async () => {
    const { standbys } = roles(await lab.healthy())
    const [node = ''] = standbys
    await lab.lab('break', 'kill-process', node, '--opt', 'name=postgres')
    await eventually(
      'a failure is counted',
      async () => ((await memberOf(lab, node))?.failures ?? []).length > 0,
      90_000,
    )
    await eventually('it runs again', async () => (await memberOf(lab, node))?.running === true, 90_000)
    await lab.run('cleanup')
    await lab.healthy()
    expect(await stack.leftovers(lab)).toBe('')
  })

  test('a killed primary is out, with its lock, until rebuild-standby copies it anew and keeps its old data', async () => {
    const { primary: former } = roles(await lab.healthy())
    const writer = await startWriter(lab)
    await writer.writes(20)
    await lab.lab('break', 'kill-process', former, '--opt', 'name=postgres')
    await otherPrimary(lab, former)
    await writer.writes(20)
    const { acknowledged, gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    measured('kill-process: longest time without a write', `${gapMs} ms, ${acknowledged} rows`)
    await eventually('status says that its lock is left', async () => {
      const { problems } = await lab.status()
      return problems.some(({ member, code }) => member === former && code === 'standby/lock-left')
    })
    const status = await hactl('status', lab.inventory)
    expectCode(status, 1)
    expect(status.stdout).toContain(`hactl run repair-standby ${lab.inventory} --on ${former}`)
    const { ms } = await lab.run('rebuild-standby', '--on', former)
    measured('rebuild-standby', seconds(ms))
    await eventually('the cluster is healthy', async () => (await lab.status()).health === 'healthy', 120_000)
    const { problems } = await lab.status()
    const aside = problems.filter(({ code }) => code === 'data/aside').map(({ member }) => member)
    expect(aside).toEqual([former])
    expect(await lab.sh(former, 'ls -d /var/lib/postgresql/15/main.*')).toMatch(/^\S+main\.\d{8}T\d{6}Z$/)
    await lab.sh(former, 'rm -rf /var/lib/postgresql/15/main.*')
    await expectEmptyPlan(lab)
  })
}

/** Leaves the cluster with another profile: the last test of a lab. */
export function profileTests(lab: Lab): void {
  // Pacemaker restarts PostgreSQL for a changed attribute of its resource, seconds after it was changed.
  test('another timing profile restarts PostgreSQL, and apply ends when it serves again', async () => {
    await lab.healthy()
    const text = readFileSync(lab.inventory, 'utf8')
    expect(text).toContain('timing: fast')
    writeFileSync(lab.inventory, text.replace('timing: fast', 'timing: normal'))
    expect((await lab.plan()).summary?.impact).toBe('restart-primary')
    const ended = await lab.apply('--allow', 'restart-primary')
    const status = await lab.status()
    expectCode(ended, 0)
    expect(ended.stdout).toContain('second plan empty')
    expect(status.health).toBe('healthy')
    measured('another timing', seconds(ended.ms))
  })
}
