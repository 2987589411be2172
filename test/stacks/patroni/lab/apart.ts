import { expect, test } from 'vitest'
import { startWriter } from '../../../lab/support/client.ts'
import type { Lab } from '../../../lab/support/lab.ts'
import { expectEmptyPlan, roles } from '../../../lab/support/plans.ts'
import { expectCode, hactl, measured, must, seconds } from '../../../lab/support/programs.ts'
import { eventually } from '../../../lab/support/wait.ts'

const codes = async (lab: Lab): Promise<readonly string[]> =>
  (await lab.status()).problems.map(({ code }) => code)

/** Whether a commit on a member returns within three seconds; it counts for nobody. */
const commits = async (lab: Lab, node: string): Promise<boolean> => {
  const insert =
    "psql -XAtqw -d postgres -c 'create table if not exists waits (); insert into waits default values'"
  const said = await lab.sh(
    node,
    `cd /; timeout 3 runuser -u postgres -- ${insert} >/dev/null 2>&1 && echo yes || echo no`,
  )
  return said === 'yes'
}

/** Tests of a cluster of two whose etcd asks for a password and runs on hosts of its own. */
export function apartTests(lab: Lab, etcd: readonly string[]): void {
  const [first = '', second = ''] = etcd

  test('etcd lets nobody read without a password, nor in without a certificate; status and plan read all the same', async () => {
    await lab.healthy()
    await expectEmptyPlan(lab)
    const tls = '--cacert /etc/hactl/tls/ca.crt --key /etc/hactl/tls/host.key --cert /etc/hactl/tls/host.crt'
    const url = '$(sed -n "s/^ETCD_ADVERTISE_CLIENT_URLS=//p" /etc/default/etcd)'
    expect(await lab.sh(first, `curl -s --cacert /etc/hactl/tls/ca.crt ${url}/health || echo refused`)).toBe(
      'refused',
    )
    expect(await lab.sh(first, `curl -s ${tls} ${url}/health`)).toContain('"health":"true"')
    const read = `ETCDCTL_API=3 etcdctl --endpoints=${url} ${tls} get --prefix /service 2>&1 || true`
    expect(await lab.sh(first, read)).toMatch(/user name is empty|permission denied/)
  })

  test('switchover: the client goes on and nothing is lost', async () => {
    const { primary } = roles(await lab.healthy())
    const writer = await startWriter(lab)
    await writer.writes(10)
    await must(0, 'run', 'switchover', lab.inventory, '--yes')
    await writer.writes(10)
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    expect(roles(await lab.healthy()).primary).not.toBe(primary)
    measured('switchover, write gap', `${gapMs} ms`)
  })

  test('a setting edited in the lock service, and at once restarted: every member runs with it', async () => {
    const { primary } = roles(await lab.healthy())
    const edit = 'patronictl -c /etc/patroni/config.yml edit-config --force'
    try {
      await lab.sh(primary, `${edit} -p max_connections=70 >/dev/null`)
      await must(0, 'run', 'restart', lab.inventory, '--yes')
      const shown = await lab.shAll(
        "cd /; runuser -u postgres -- psql -XAtqw -d postgres -c 'show max_connections'",
      )
      expect([...shown.values()]).toEqual(lab.nodes.map(() => '70'))
    } finally {
      await lab.apply('--yes')
    }
    await lab.healthy()
    await expectEmptyPlan(lab)
  })

  test('the power of a host of etcd goes: the cluster goes on, and status names it', async () => {
    const { primary } = roles(await lab.healthy())
    const writer = await startWriter(lab)
    await lab.lab('break', 'power-off', first)
    await writer.writes(30)
    const shown = await hactl('status', lab.inventory)
    expectCode(shown, 1)
    expect(shown.stdout).toContain(first)
    await must(0, 'run', 'switchover', lab.inventory, '--yes')
    await writer.writes(10)
    await lab.lab('heal', first)
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    expect(roles(await lab.healthy(120_000)).primary).not.toBe(primary)
    await expectEmptyPlan(lab)
    measured('a host of etcd lost and a switchover without it, longest gap', `${gapMs} ms`)
  })

  test('a member of etcd that has lost its data is replaced, while clients write', async () => {
    await lab.healthy()
    const writer = await startWriter(lab)
    await lab.sh(second, 'systemctl stop etcd; mv /var/lib/etcd/default /var/lib/etcd/lost')
    const refused = await lab.apply('--yes')
    expectCode(refused, 1)
    expect(refused.stdout + refused.stderr).toContain(`hactl run replace-etcd-member --on ${second}`)
    const ended = await must(0, 'run', 'replace-etcd-member', lab.inventory, '--yes', '--on', second)
    expect((await writer.stop()).lost).toEqual([])
    await lab.healthy()
    await expectEmptyPlan(lab)
    measured('replace-etcd-member', seconds(ended.ms))
  })

  test('mode strict: without its standby the primary acknowledges nothing, and goes on with it', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const [standby = ''] = standbys
    const writer = await startWriter(lab)
    await writer.writes(10)
    await lab.lab('break', 'power-off', standby)
    await eventually('status says it', async () => (await codes(lab)).includes('sync/waits'), 90_000)
    expect(await commits(lab, primary)).toBe(false)
    expect((await lab.status()).primary).toBe(primary)
    await lab.lab('heal', standby)
    await writer.writes(10)
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    expect(roles(await lab.healthy(120_000)).primary).toBe(primary)
    measured('standby lost and back, longest gap', `${gapMs} ms`)
  })

  test('mode strict: the power of the primary goes; the standby takes over, commits wait for the other, nothing is lost', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const [standby = ''] = standbys
    const writer = await startWriter(lab)
    await writer.writes(10)
    await lab.lab('break', 'power-off', primary)
    await eventually('the standby leads', async () => (await lab.status()).primary === standby, 120_000)
    expect(await commits(lab, standby)).toBe(false)
    await lab.lab('heal', primary)
    await writer.writes(10)
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    expect(roles(await lab.healthy(180_000)).primary).toBe(standby)
    await expectEmptyPlan(lab)
    measured('primary lost and back, longest gap', `${gapMs} ms`)
  })
}
