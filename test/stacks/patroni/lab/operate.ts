import { expect, test } from 'vitest'
import { startWriter } from '../../../lab/support/client.ts'
import type { Lab } from '../../../lab/support/lab.ts'
import { differences, expectEmptyPlan, memberOf, roles } from '../../../lab/support/plans.ts'
import { expectCode, hactl, measured, seconds } from '../../../lab/support/programs.ts'
import { eventually } from '../../../lab/support/wait.ts'
import { diverge } from '../lab.ts'
import { membersOf } from '../../../../src/cluster/members.ts'

const CTL = 'patronictl -c /etc/patroni/config.yml'
const sql = (text: string): string => `cd /; runuser -u postgres -- psql -XAtqw -d postgres -c "${text}"`

/** The dynamic configuration, as text: what a runbook must leave as it was. */
const config = (lab: Lab): Promise<string> => lab.sh(lab.nodes[0] ?? '', `${CTL} show-config`)

/** Old data directories of a member. */
const aside = async (lab: Lab, node: string): Promise<readonly string[]> => {
  const found = await lab.sh(node, 'ls -d /var/lib/postgresql/*/*.20* 2>/dev/null || true')
  return found.split('\n').filter((line) => line !== '')
}

/** What an operator does with data that was set aside, once nobody wants it. */
const forget = (lab: Lab, node: string): Promise<string> => lab.sh(node, 'rm -rf /var/lib/postgresql/*/*.20*')

/** Restarts, maintenance mode, a switchover for later, and a configuration that somebody has edited. */
export function settingsTests(lab: Lab): void {
  test('switchover --at only schedules; status tells of it, and cancel-switchover takes it back', async () => {
    const { primary } = roles(await lab.healthy())
    await lab.run('switchover', '--at', '2031-01-05T22:00:00+01:00')
    const { problems } = await lab.status()
    expect(problems.map(({ code }) => code)).toContain('switchover/scheduled')
    await lab.run('cancel-switchover')
    expect(roles(await lab.healthy()).primary).toBe(primary)
  })

  test('an edited dynamic configuration is a difference with its impact; apply mends it and restarts who needs it', async () => {
    const { primary } = roles(await lab.healthy())
    const kept = await config(lab)
    await lab.sh(primary, `${CTL} edit-config --force -s ttl=25 -p max_connections=90 >/dev/null`)
    await eventually(
      'a restart is pending',
      async () => (await memberOf(lab, primary))?.pendingRestart === true,
    )
    const shown = differences(await lab.plan())
    expect(shown.join('\n')).toMatch(/patroni_config.*restart-primary/)
    await lab.run('restart')
    expect(await lab.sh(primary, sql('show max_connections'))).toBe('90')
    const writer = await startWriter(lab)
    expectCode(await lab.apply('--yes'), 0)
    const { lost, gapMs } = await writer.stop()
    expect(lost).toEqual([])
    expect(await lab.sh(primary, sql('show max_connections'))).toBe('60')
    expect(await config(lab)).toBe(kept)
    await lab.healthy()
    await expectEmptyPlan(lab)
    measured('restart of the primary, write gap', `${gapMs} ms`)
  })

  test('restart does nothing when nothing waits; --by-switchover moves the primary when something does', async () => {
    const { primary } = roles(await lab.healthy())
    const idle = await lab.run('restart')
    expect(idle.stdout).toContain('0 changed')
    const writer = await startWriter(lab)
    // Nobody has taken it yet: each member does so in its next loop.
    await lab.sh(primary, `${CTL} edit-config --force -p max_connections=95 >/dev/null`)
    await lab.run('restart', '--by-switchover')
    await writer.writes(5)
    const { lost, gapMs } = await writer.stop()
    expect(lost).toEqual([])
    const after = await lab.status()
    expect(after.primary).not.toBe(primary)
    expect(membersOf(after).map(({ pendingRestart }) => pendingRestart)).toEqual(lab.nodes.map(() => false))
    expectCode(await lab.apply('--yes'), 0)
    await lab.healthy()
    measured('write gap', `${gapMs} ms`)
  })

  test('pause is said by status and refuses what maintenance mode would break; resume ends it', async () => {
    await lab.healthy()
    await lab.run('pause')
    const paused = await hactl('status', lab.inventory)
    expectCode(paused, 1)
    expect(paused.stdout).toContain('hactl run resume')
    expectCode(await hactl('run', 'stop', lab.inventory, '--yes'), 5)
    await lab.run('resume')
    await lab.healthy()
    await expectEmptyPlan(lab)
  })
}

/** Members that no rewind can mend, and copies that keep nothing. */
export function copyTests(lab: Lab): void {
  test('repair-standby keeps data that no rewind can mend beside, and copies anew', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const kept = await aside(lab, primary)
    await diverge(lab, primary, standbys)
    // pg_rewind looks for the last common checkpoint in the WAL of its target.
    await lab.sh(primary, 'rm /var/lib/postgresql/*/main/pg_wal/0*')
    await lab.run('repair-standby', '--on', primary, '--wait', '20', '--accept-data-loss')
    expect((await memberOf(lab, primary))?.replication?.state).toBe('streaming')
    expect((await aside(lab, primary)).length).toBe(kept.length + 1)
    await forget(lab, primary)
  })

  test('rebuild-standby --discard-old wants destructive allowed', async () => {
    const [node = '', other = ''] = roles(await lab.healthy()).standbys
    const kept = await aside(lab, node)
    const ended = await lab.run('rebuild-standby', '--on', node)
    expect((await memberOf(lab, node))?.replication?.state).toBe('streaming')
    expect((await aside(lab, node)).length).toBe(kept.length + 1)
    await forget(lab, node)
    const refused = await hactl(
      'run',
      'rebuild-standby',
      lab.inventory,
      '--yes',
      '--on',
      other,
      '--discard-old',
    )
    expect(refused.code).not.toBe(0)
    expect((await memberOf(lab, other))?.running).toBe(true)
    await lab.run('rebuild-standby', '--on', other, '--discard-old', '--allow', 'destructive')
    expect((await memberOf(lab, other))?.replication?.state).toBe('streaming')
    measured('rebuild', seconds(ended.ms))
  })
}

/** Members that come and go, and a cluster that lost both who could lead it. */
export function membershipTests(lab: Lab): void {
  test('remove-node takes a member out of Patroni and etcd, and add-node takes it back', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const node = standbys.at(-1) ?? ''
    const writer = await startWriter(lab)
    await lab.run('remove-node', '--on', node)
    expect(await lab.sh(primary, `${CTL} list -f json`)).not.toContain(`"${node}"`)
    expect((await lab.status()).quorum?.ok).toBe(true)
    await lab.run('add-node', '--on', node)
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    const status = await lab.healthy()
    expect(status.primary).toBe(primary)
    expect(status.quorum).toMatchObject({ have: lab.nodes.length, of: lab.nodes.length })
    await expectEmptyPlan(lab)
    measured('longest gap', `${gapMs} ms`)
  })

  test('with neither primary nor synchronous standby nobody leads; failover wants consent to lose commits', async () => {
    const status = await lab.healthy()
    const { primary } = roles(status)
    const byState = (state: string): string =>
      membersOf(status).find(({ replication }) => replication?.sync === state)?.name ?? ''
    const [sync, left] = [byState('sync'), byState('async')]
    await lab.run('pause')
    for (const node of [primary, sync]) {
      const data = '$(dirname $(ls /var/lib/postgresql/*/main/postmaster.pid))'
      const stop = `runuser -u postgres -- /usr/lib/postgresql/*/bin/pg_ctl -D ${data} -m fast stop`
      await lab.sh(node, `cd /; systemctl stop patroni; ${stop} 2>&1`)
    }
    await lab.run('resume')
    const refused = await hactl('run', 'failover', lab.inventory, '--yes', '--to', left)
    expect(refused.code).not.toBe(0)
    expect(refused.stdout + refused.stderr).toContain('no synchronous standby')
    expect((await lab.status()).primary ?? '').toBe('')
    await lab.run('failover', '--to', left, '--accept-data-loss')
    expect((await lab.status()).primary).toBe(left)
    await lab.run('start')
    await lab.healthy()
    await expectEmptyPlan(lab)
  })
}
