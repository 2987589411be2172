import { expect, test } from 'vitest'
import { startWriter } from '../../../lab/support/client.ts'
import type { Lab } from '../../../lab/support/lab.ts'
import { expectEmptyPlan, roles } from '../../../lab/support/plans.ts'
import { expectCode, hactl, measured, must, seconds } from '../../../lab/support/programs.ts'
import { eventually } from '../../../lab/support/wait.ts'

const DATA = '/var/lib/etcd/default'
/** Longer than any lease of the profile `fast`, with the loop that would notice its end. */
const LEASE_MS = 40_000

const stopEtcd = (lab: Lab, nodes: readonly string[]) =>
  Promise.all(nodes.map((node) => lab.sh(node, 'systemctl stop etcd')))
const startEtcd = (lab: Lab, nodes: readonly string[]) =>
  Promise.all(nodes.map((node) => lab.sh(node, 'systemctl start --no-block etcd')))

const isReadOnly = async (lab: Lab, node: string): Promise<boolean> =>
  (await lab.sh(
    node,
    "runuser -u postgres -- psql -XAtqw -d postgres -c 'select pg_is_in_recovery()' 2>/dev/null || echo down",
  )) !== 'f'

async function setFailsafe(lab: Lab, node: string, on: boolean): Promise<void> {
  await lab.sh(
    node,
    `patronictl -c /etc/patroni/config.yml edit-config --force --quiet -s failsafe_mode=${on} >/dev/null 2>&1
     patronictl -c /etc/patroni/config.yml show-config | grep -q '^failsafe_mode: ${on}'`,
  )
  // A member agrees to what it has read itself.
  await eventually(
    `every member knows failsafe_mode ${on}`,
    async () => {
      const known = await lab.shAll('cat /var/lib/postgresql/*/*/patroni.dynamic.json')
      return [...known.values()].every((text) => (JSON.parse(text) as Dynamic).failsafe_mode === on)
    },
    60_000,
  )
}

interface Dynamic {
  readonly failsafe_mode?: boolean
}

/** The lock service under a deployed cluster whose members carry etcd too. */
export function etcdTests(lab: Lab): void {
  test('with one member of etcd lost the cluster goes on, and status names it', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const [node = ''] = standbys
    const writer = await startWriter(lab)
    await stopEtcd(lab, [node])
    const shown = await hactl('status', lab.inventory)
    expectCode(shown, 1)
    expect(shown.stdout).toContain(node)
    await writer.writes(30)
    expect(roles(await lab.status()).primary).toBe(primary)
    await startEtcd(lab, [node])
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    expect(roles(await lab.healthy()).primary).toBe(primary)
    measured('one member of etcd lost, longest gap', `${gapMs} ms`)
  })

  test('a member that has lost its data is not started by apply, and the runbook replaces it', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const node = standbys.at(-1) ?? ''
    const writer = await startWriter(lab)
    await lab.sh(node, `systemctl stop etcd; mv ${DATA} /var/lib/etcd/lost`)
    const refused = await lab.apply('--yes')
    expectCode(refused, 1)
    expect(refused.stdout + refused.stderr).toContain(`hactl run replace-etcd-member --on ${node}`)
    const ended = await must(0, 'run', 'replace-etcd-member', lab.inventory, '--yes', '--on', node)
    measured('replace-etcd-member', seconds(ended.ms))
    const { lost } = await writer.stop()
    expect(lost).toEqual([])
    expect(roles(await lab.healthy()).primary).toBe(primary)
    await expectEmptyPlan(lab)
    // The same again for a member with data: what it had is kept.
    const aside = `ls -d ${DATA}.hactl-*/member 2>/dev/null | wc -l`
    const before = Number(await lab.sh(node, aside))
    await must(0, 'run', 'replace-etcd-member', lab.inventory, '--yes', '--on', node)
    await lab.healthy()
    expect(Number(await lab.sh(node, aside))).toBe(before + 1)
  })
}

/** The lock service without a quorum, for longer than a lease, and its snapshots. */
export function leaseTests(lab: Lab): void {
  test('with two members of etcd lost and no failsafe nothing can be written, and nothing acknowledged is lost', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    await setFailsafe(lab, primary, false)
    const writer = await startWriter(lab)
    await stopEtcd(lab, standbys)
    const began = performance.now()
    await eventually('the primary is read-only', () => isReadOnly(lab, primary), 90_000)
    measured('two members of etcd lost, read-only after', seconds(performance.now() - began))
    for (const node of lab.nodes) expect(await isReadOnly(lab, node)).toBe(true)
    expectCode(await hactl('status', lab.inventory), 2)
    await startEtcd(lab, standbys)
    await writer.writes(10)
    expect((await writer.stop()).lost).toEqual([])
    await setFailsafe(lab, primary, true)
    await lab.healthy(120_000)
    await expectEmptyPlan(lab)
  })

  test('with two members of etcd lost and failsafe the primary goes on past its lease', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const writer = await startWriter(lab)
    await stopEtcd(lab, standbys)
    const until = performance.now() + LEASE_MS
    while (performance.now() < until) await writer.writes(20)
    expect(await isReadOnly(lab, primary)).toBe(false)
    await startEtcd(lab, standbys)
    await writer.writes(20)
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    expect(roles(await lab.healthy(120_000)).primary).toBe(primary)
    measured('two members of etcd lost with failsafe, longest gap', `${gapMs} ms`)
  })

  test('etcd-snapshot saves a file that etcd can read, and keeps the newest ones', async () => {
    await lab.healthy()
    const [node = ''] = lab.nodes
    const snapshot = ['run', 'etcd-snapshot', lab.inventory, '--yes', '--on', node, '--keep', '2']
    const names = async () => (await lab.sh(node, 'ls -1 /var/backups/etcd')).split('\n')
    const seen = new Set<string>()
    for (const _ of [1, 2, 3]) {
      await must(0, ...snapshot)
      for (const name of await names()) seen.add(name)
    }
    const kept = await names()
    expect(kept).toHaveLength(2)
    expect(kept).toEqual([...seen].toSorted().slice(-2))
    const last = kept.at(-1) ?? ''
    await lab.sh(node, `ETCDCTL_API=3 etcdctl snapshot status /var/backups/etcd/${last} 2>/dev/null`)
    expect(await lab.sh(node, `stat -c %a /var/backups/etcd/${last}`)).toBe('600')
  })
}
