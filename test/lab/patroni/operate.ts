import { expect, test } from 'vitest'
import { startWriter } from '../cluster/client.ts'
import {
  differences,
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
} from '../cluster/support.ts'
import { membersOf } from '../../../src/cluster/members.ts'

/** A runbook with what it asks agreed to. */
const runbook = (lab: Lab, name: string, ...args: readonly string[]): Promise<Ended> =>
  must(0, 'run', name, lab.inventory, '--yes', ...args)

const member = async (lab: Lab, name: string) =>
  membersOf(await lab.status()).find((each) => each.name === name)

const CTL = 'patronictl -c /etc/patroni/config.yml'
const sql = (text: string): string => `cd /; runuser -u postgres -- psql -XAtqw -d postgres -c "${text}"`

/** The dynamic configuration, as text: what a runbook must leave as it was. */
const config = (lab: Lab): Promise<string> => lab.sh(lab.nodes[0] ?? '', `${CTL} show-config`)

/** Runs a test that changes a cluster; when it fails, what it changed is put back for the tests after it. */
const mending =
  (mend: () => Promise<unknown>, body: () => Promise<void>): (() => Promise<void>) =>
  async () => {
    try {
      await body()
    } catch (error) {
      await mend()
      throw error
    }
  }

/** Old data directories of a member. */
const aside = async (lab: Lab, node: string): Promise<readonly string[]> => {
  const found = await lab.sh(node, 'ls -d /var/lib/postgresql/*/*.20* 2>/dev/null || true')
  return found.split('\n').filter((line) => line !== '')
}

/** What an operator does with data that was set aside, once nobody wants it. */
const forget = (lab: Lab, node: string): Promise<string> => lab.sh(node, 'rm -rf /var/lib/postgresql/*/*.20*')

/** Planned changes of the primary, while a client writes. */
export function switchoverTests(lab: Lab): void {
  test('switchover moves the primary, no acknowledged row is lost, and the configuration is as before', async () => {
    const before = roles(await lab.healthy())
    const kept = await config(lab)
    const writer = await startWriter(lab)
    await writer.writes(20)
    const ended = await runbook(lab, 'switchover')
    await writer.writes(20)
    const { acknowledged, gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    const after = roles(await lab.healthy())
    expect(before.standbys).toContain(after.primary)
    expect(await config(lab)).toBe(kept)
    expect((await member(lab, before.primary))?.replication?.state).toBe('streaming')
    await expectEmptyPlan(lab)
    measured('switchover, write gap', `${seconds(ended.ms)}, ${gapMs} ms of ${acknowledged} rows`)
  })

  test('switchover --to a standby that commits do not wait for makes them wait first, and only until it leads', async () => {
    const status = await lab.healthy()
    const { primary } = roles(status)
    const kept = await config(lab)
    const wanted = membersOf(status).find(({ replication }) => replication?.sync === 'async')?.name ?? ''
    expectCode(await hactl('run', 'switchover', lab.inventory, '--yes', '--to', primary), 5)
    const writer = await startWriter(lab)
    await runbook(lab, 'switchover', '--to', wanted)
    await writer.writes(10)
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    expect(roles(await lab.healthy()).primary).toBe(wanted)
    expect(await config(lab)).toBe(kept)
    measured('write gap', `${gapMs} ms`)
  })

  test('switchover --at only schedules; status tells of it, and cancel-switchover takes it back', async () => {
    const { primary } = roles(await lab.healthy())
    await runbook(lab, 'switchover', '--at', '2031-01-05T22:00:00+01:00')
    const { problems } = await lab.status()
    expect(problems.map(({ code }) => code)).toContain('switchover/scheduled')
    await runbook(lab, 'cancel-switchover')
    expect(roles(await lab.healthy()).primary).toBe(primary)
  })
}

/** Restarts, maintenance mode, and a configuration that somebody has edited. */
export function settingsTests(lab: Lab): void {
  const asInventory = () => lab.apply('--yes')
  const resumed = () => hactl('run', 'resume', lab.inventory, '--yes')
  const started = () => hactl('run', 'start', lab.inventory, '--yes')

  test(
    'an edited dynamic configuration is a difference with its impact; apply mends it and restarts who needs it',
    mending(asInventory, async () => {
      const { primary } = roles(await lab.healthy())
      const kept = await config(lab)
      await lab.sh(primary, `${CTL} edit-config --force -s ttl=25 -p max_connections=90 >/dev/null`)
      await eventually(
        'a restart is pending',
        async () => (await member(lab, primary))?.pendingRestart === true,
      )
      const shown = differences(await lab.plan())
      expect(shown.join('\n')).toMatch(/patroni_config.*restart-primary/)
      await runbook(lab, 'restart')
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
    }),
  )

  test(
    'restart does nothing when nothing waits; --by-switchover moves the primary when something does',
    mending(asInventory, async () => {
      const { primary } = roles(await lab.healthy())
      const idle = await runbook(lab, 'restart')
      expect(idle.stdout).toContain('0 changed')
      const writer = await startWriter(lab)
      // Nobody has taken it yet: each member does so in its next loop.
      await lab.sh(primary, `${CTL} edit-config --force -p max_connections=95 >/dev/null`)
      await runbook(lab, 'restart', '--by-switchover')
      await writer.writes(5)
      const { lost, gapMs } = await writer.stop()
      expect(lost).toEqual([])
      const after = await lab.status()
      expect(after.primary).not.toBe(primary)
      expect(membersOf(after).map(({ pendingRestart }) => pendingRestart)).toEqual(lab.nodes.map(() => false))
      expectCode(await lab.apply('--yes'), 0)
      await lab.healthy()
      measured('write gap', `${gapMs} ms`)
    }),
  )

  test(
    'pause is said by status and refuses what maintenance mode would break; resume ends it',
    mending(resumed, async () => {
      await lab.healthy()
      await runbook(lab, 'pause')
      const paused = await hactl('status', lab.inventory)
      expectCode(paused, 1)
      expect(paused.stdout).toContain('hactl run resume')
      expectCode(await hactl('run', 'stop', lab.inventory, '--yes'), 5)
      await runbook(lab, 'resume')
      await lab.healthy()
      await expectEmptyPlan(lab)
    }),
  )

  test(
    'stop ends PostgreSQL everywhere, and start brings the same primary back with every row',
    mending(started, async () => {
      const { primary } = roles(await lab.healthy())
      const writer = await startWriter(lab)
      await writer.writes(10)
      const stopped = await runbook(lab, 'stop')
      const down = await hactl('status', lab.inventory)
      expectCode(down, 2)
      expect(down.stdout).toContain('hactl run start')
      const counts = await lab.shAll('pgrep -xc postgres || true')
      expect([...counts.values()]).toEqual(lab.nodes.map(() => '0'))
      const started = await runbook(lab, 'start')
      expect(roles(await lab.healthy()).primary).toBe(primary)
      await writer.writes(5)
      expect((await writer.stop()).lost).toEqual([])
      await expectEmptyPlan(lab)
      measured('stop, start', `${seconds(stopped.ms)}, ${seconds(started.ms)}`)
    }),
  )
}

/** Commits that reach no standby, then the power of the primary goes; Patroni does not start there at boot. */
async function diverge(lab: Lab, primary: string, standbys: readonly string[]): Promise<void> {
  await lab.sh(primary, `systemctl disable patroni 2>&1; ${sql('create table if not exists lone (id int)')}`)
  // A stopped receiver would still find in its socket what the primary has sent: nothing may leave the host.
  const routes = standbys.map((node) => `ip route add blackhole 10.77.0.1${node.slice('pg'.length)}/32`)
  const insert = "timeout 1 runuser -u postgres -- psql -XAtqw -c 'insert into lone values (1)' || true"
  await lab.sh(primary, `cd /; ${routes.join('; ')}; ${insert}; ${insert}; sync`)
  await lab.lab('break', 'power-off', primary)
  await eventually(
    'another primary',
    async () => ![undefined, '', primary].includes((await lab.status()).primary),
    120_000,
  )
  await lab.lab('heal', primary)
}

/** Members that are lost, repaired, copied anew, and taken out. */
export function repairTests(lab: Lab): void {
  test('the power of the primary goes: a standby takes over, no acknowledged row is lost, and it comes back by itself', async () => {
    const { primary } = roles(await lab.healthy())
    const writer = await startWriter(lab)
    await writer.writes(10)
    await lab.lab('break', 'power-off', primary)
    await writer.writes(10)
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    measured('power loss of the primary, write gap', `${gapMs} ms`)
    const back = performance.now()
    await lab.lab('heal', primary)
    const status = await lab.healthy(180_000)
    expect(status.primary).not.toBe(primary)
    expect((await member(lab, primary))?.role).toBe('standby')
    measured('healthy again after', seconds(performance.now() - back))
    await expectEmptyPlan(lab)
  })

  test('repair-standby does not discard commits unasked; with consent the member is rewound', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    await diverge(lab, primary, standbys)
    const refused = await hactl('run', 'repair-standby', lab.inventory, '--yes', '--on', primary)
    expectCode(refused, 1)
    expect(refused.stdout + refused.stderr).toMatch(
      /has [1-9]\d* commits in more than [1-9]\d* bytes of WAL past the fork/,
    )
    const kept = await aside(lab, primary)
    await runbook(lab, 'repair-standby', '--on', primary, '--accept-data-loss')
    await lab.healthy()
    expect(await lab.sh(primary, 'journalctl -b -u patroni | grep -c "pg_rewind exit code=0"')).not.toBe('0')
    expect(await aside(lab, primary)).toEqual(kept)
    await expectEmptyPlan(lab)
  })

  test('repair-standby keeps data that no rewind can mend beside, and copies anew', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const kept = await aside(lab, primary)
    await diverge(lab, primary, standbys)
    // pg_rewind looks for the last common checkpoint in the WAL of its target.
    await lab.sh(primary, 'rm /var/lib/postgresql/*/main/pg_wal/0*')
    await runbook(lab, 'repair-standby', '--on', primary, '--wait', '20', '--accept-data-loss')
    expect((await member(lab, primary))?.replication?.state).toBe('streaming')
    expect((await aside(lab, primary)).length).toBe(kept.length + 1)
    await forget(lab, primary)
  })

  test('rebuild-standby copies anew and keeps the old directory; --discard-old wants destructive allowed', async () => {
    const [node = '', other = ''] = roles(await lab.healthy()).standbys
    const kept = await aside(lab, node)
    const ended = await runbook(lab, 'rebuild-standby', '--on', node)
    expect((await member(lab, node))?.replication?.state).toBe('streaming')
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
    expect((await member(lab, other))?.running).toBe(true)
    await runbook(lab, 'rebuild-standby', '--on', other, '--discard-old', '--allow', 'destructive')
    expect((await member(lab, other))?.replication?.state).toBe('streaming')
    measured('rebuild', seconds(ended.ms))
  })
}

/** Members that come and go, and a cluster that lost both who could lead it. */
export function membershipTests(lab: Lab): void {
  test('remove-node takes a member out of Patroni and etcd, and add-node takes it back', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const node = standbys.at(-1) ?? ''
    const writer = await startWriter(lab)
    await runbook(lab, 'remove-node', '--on', node)
    expect(await lab.sh(primary, `${CTL} list -f json`)).not.toContain(`"${node}"`)
    expect((await lab.status()).quorum?.ok).toBe(true)
    await runbook(lab, 'add-node', '--on', node)
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
    await runbook(lab, 'pause')
    for (const node of [primary, sync]) {
      const data = '$(dirname $(ls /var/lib/postgresql/*/main/postmaster.pid))'
      const stop = `runuser -u postgres -- /usr/lib/postgresql/*/bin/pg_ctl -D ${data} -m fast stop`
      await lab.sh(node, `cd /; systemctl stop patroni; ${stop} 2>&1`)
    }
    await runbook(lab, 'resume')
    const refused = await hactl('run', 'failover', lab.inventory, '--yes', '--to', left)
    expect(refused.code).not.toBe(0)
    expect(refused.stdout + refused.stderr).toContain('no synchronous standby')
    expect((await lab.status()).primary ?? '').toBe('')
    await runbook(lab, 'failover', '--to', left, '--accept-data-loss')
    expect((await lab.status()).primary).toBe(left)
    await runbook(lab, 'start')
    await lab.healthy()
    await expectEmptyPlan(lab)
  })
}
