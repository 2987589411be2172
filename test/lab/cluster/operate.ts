import { expect, test } from 'vitest'
import { startWriter } from './client.ts'
import {
  eventually,
  expectCode,
  expectEmptyPlan,
  hactl,
  measured,
  must,
  roles,
  seconds,
  type Ended,
  type Lab,
} from './support.ts'
import { membersOf } from '../../../src/cluster/members.ts'

/** A runbook with what it asks agreed to. */
const runbook = (lab: Lab, name: string, ...args: readonly string[]): Promise<Ended> =>
  must(0, 'run', name, lab.inventory, '--yes', ...args)

const member = async (lab: Lab, name: string) =>
  membersOf(await lab.status()).find((each) => each.name === name)

/** Bans, moves and failures that something left in the cluster. */
const leftovers = (lab: Lab): Promise<string> =>
  lab.sh(
    lab.nodes[0] ?? '',
    `cibadmin --query | grep -Ec 'cli-(ban|prefer)|fail-count|name="maintenance" value="(on|true)"|name="standby" value="(on|true)"' || true`,
  )

/** The runbooks an operator lives with, while a client writes. */
export function operateTests(lab: Lab): void {
  test('switchover moves the primary, no acknowledged row is lost, and nothing is left to clean up', async () => {
    const before = roles(await lab.healthy())
    const writer = await startWriter(lab)
    await writer.writes(20)
    const ended = await runbook(lab, 'switchover')
    await writer.writes(20)
    const { acknowledged, gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    const after = roles(await lab.healthy())
    expect(after.primary).not.toBe(before.primary)
    expect(before.standbys).toContain(after.primary)
    const old = await member(lab, before.primary)
    expect(old).toMatchObject({ role: 'standby', running: true, failures: [] })
    expect(old?.replication?.state).toBe('streaming')
    expect(await leftovers(lab)).toBe('0')
    await must(0, 'status', lab.inventory)
    await expectEmptyPlan(lab)
    measured('switchover, write gap', `${seconds(ended.ms)}, ${gapMs} ms of ${acknowledged} rows`)
  })

  test('switchover --to brings the primary where it is wanted; to the primary itself it is refused', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const refused = await hactl('run', 'switchover', lab.inventory, '--yes', '--to', primary)
    expectCode(refused, 5)
    expect(roles(await lab.status()).primary).toBe(primary)
    const wanted = standbys.at(-1) ?? ''
    const writer = await startWriter(lab)
    await runbook(lab, 'switchover', '--to', wanted)
    await writer.writes(10)
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    expect(roles(await lab.healthy()).primary).toBe(wanted)
    expect(await leftovers(lab)).toBe('0')
    measured('write gap', `${gapMs} ms`)
  })

  test('standby-node takes a member out and unstandby-node takes it back; no acknowledged row is lost', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const [node = ''] = standbys
    const writer = await startWriter(lab)
    await runbook(lab, 'standby-node', '--on', node)
    const out = await member(lab, node)
    expect(out?.running).toBe(false)
    expect(out?.paused).toBeDefined()
    const degraded = await hactl('status', lab.inventory)
    expectCode(degraded, 1)
    expect(degraded.stdout).toContain(`unstandby-node`)
    await runbook(lab, 'unstandby-node', '--on', node)
    const status = await lab.healthy()
    expect(status.primary).toBe(primary)
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    expect(await leftovers(lab)).toBe('0')
    measured('longest gap', `${gapMs} ms`)
  })

  test('stop ends PostgreSQL everywhere, status exits 2, and start brings the same cluster back', async () => {
    await lab.healthy()
    const stopped = await runbook(lab, 'stop')
    const down = await hactl('status', lab.inventory)
    expectCode(down, 2)
    expect(down.stdout).toContain('hactl run start')
    const counts = await lab.shAll('pgrep -c postgres || true')
    expect([...counts.values()]).toEqual(lab.nodes.map(() => '0'))
    const started = await runbook(lab, 'start')
    await lab.healthy()
    await must(0, 'status', lab.inventory)
    await expectEmptyPlan(lab)
    measured('stop, start', `${seconds(stopped.ms)}, ${seconds(started.ms)}`)
  })

  test('cleanup forgets failures', async () => {
    const { standbys } = roles(await lab.healthy())
    const [node = ''] = standbys
    await lab.lab('break', 'kill-process', node, '--opt', 'name=postgres')
    await eventually(
      'a failure is counted',
      async () => ((await member(lab, node))?.failures ?? []).length > 0,
      90_000,
    )
    await eventually('it runs again', async () => (await member(lab, node))?.running === true, 90_000)
    await runbook(lab, 'cleanup')
    await lab.healthy()
    expect(await leftovers(lab)).toBe('0')
  })

  test('a standby powered off makes the cluster degraded, named with its mending; back on it is healthy', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const node = standbys.find((name) => name !== lab.nodes[0]) ?? ''
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
    const back = performance.now()
    await lab.lab('heal', node)
    await lab.healthy(120_000)
    measured('healthy again after', seconds(performance.now() - back))
    await expectEmptyPlan(lab)
  })
}
