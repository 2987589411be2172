import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { connectionStrings } from '../../../../src/cluster/connect.ts'
import { query, startWriter, type Report } from '../../../lab/support/client.ts'
import { VIP, type Lab } from '../../../lab/support/lab.ts'
import { expectEmptyPlan, roles } from '../../../lab/support/plans.ts'
import { expectCode, measured, seconds } from '../../../lab/support/programs.ts'
import { eventually } from '../../../lab/support/wait.ts'
import { patient } from '../../../patience.ts'
import { goneFrom, onOneHost, startSampler } from './sampler.ts'

const CTL = 'patronictl -c /etc/patroni/config.yml'
const BY = /routing: \{ by: [a-z-]+ \}/
const DROP_IN = '/run/systemd/system/patroni.service.d/test.conf'

/** Writes another way into the inventory. */
export function choose(lab: Lab, by: string): void {
  const text = readFileSync(lab.inventory, 'utf8')
  expect(text).toMatch(BY)
  writeFileSync(lab.inventory, text.replace(BY, `routing: { by: ${by} }`))
}

/** With routing by none there is no address. */
function withoutVip(lab: Lab): () => void {
  const text = readFileSync(lab.inventory, 'utf8')
  writeFileSync(lab.inventory, text.replace(/^ *writer_vip: .*\n/m, ''))
  return () => writeFileSync(lab.inventory, text)
}

export async function change(lab: Lab): Promise<void> {
  const ended = await lab.apply('--yes')
  expectCode(ended, 0)
  expect(ended.stdout).toContain('second plan empty')
  await lab.healthy()
}

/** A planned change of the primary, by Patroni's own means. */
export async function switchover(lab: Lab): Promise<string> {
  const { primary, standbys } = roles(await lab.healthy())
  await lab.sh(primary, `${CTL} switchover --force`)
  const { primary: next } = roles(await lab.healthy())
  expect(standbys).toContain(next)
  return next
}

/** A client that knows one way only writes, loses its connection at a switchover, and goes on. */
export async function writesThrough(lab: Lab, way: string, what: string): Promise<Report> {
  const writer = await startWriter(lab, way)
  await writer.writes(20)
  await switchover(lab)
  await writer.writes(20)
  const report = await writer.stop()
  expect(report.lost).toEqual([])
  measured(`${what}: write gap of a switchover`, `${report.gapMs} ms of ${report.acknowledged} rows`)
  return report
}

/** Patroni is killed with -9, and systemd does not start it again; returns when, in milliseconds since 1970. */
export async function killPatroni(lab: Lab, node: string): Promise<number> {
  await lab.sh(
    node,
    `mkdir -p ${DROP_IN.replace(/\/[^/]+$/, '')}
    printf '[Service]\\nRestart=no\\n' >${DROP_IN}; systemctl daemon-reload`,
  )
  return Number(await lab.sh(node, 'systemctl kill --signal=KILL patroni; date +%s%3N'))
}

export async function startPatroni(lab: Lab, node: string): Promise<void> {
  await lab.sh(node, `rm ${DROP_IN}; systemctl daemon-reload; systemctl start patroni`)
}

/** Which of hactl's units of routing run, by host. */
const units = (lab: Lab) =>
  lab.shAll(
    `systemctl list-units --plain --no-legend --state=active 'hactl-vip*' 'hactl-haproxy*' 'hactl-keepalived*' | cut -d' ' -f1`,
  )

export async function expectUnits(lab: Lab, ...names: readonly string[]): Promise<void> {
  for (const running of (await units(lab)).values()) {
    expect(
      running
        .split('\n')
        .filter((name) => name !== '')
        .toSorted(),
    ).toEqual(names.map((name) => `${name}.service`).toSorted())
  }
}

export const holders = async (lab: Lab): Promise<readonly string[]> =>
  [...(await lab.shAll(`ip -4 -o addr show to ${VIP}/32`))].flatMap(([node, held]) => (held ? [node] : []))

/** The default way: hactl's script, called by Patroni and kept honest by its service. */
export function callbackTests(lab: Lab): void {
  test('callback: a client that knows only the VIP goes on after a switchover; it is on one host at a time', async () => {
    await lab.healthy()
    const sampler = await startSampler(lab)
    await writesThrough(lab, `host=${VIP}`, 'callback')
    await onOneHost(sampler)
    expect(await holders(lab)).toEqual([roles(await lab.status()).primary])
    await expectUnits(lab, 'hactl-vip')
  })

  test('callback: Patroni killed with -9 on the leader, and not started again: the VIP leaves within 5 s', async () => {
    const { primary } = roles(await lab.healthy())
    const writer = await startWriter(lab)
    const sampler = await startSampler(lab)
    await writer.writes(10)
    const killed = await killPatroni(lab, primary)
    await eventually(
      'another host has the address',
      async () => (await holders(lab)).some((node) => node !== primary),
      90_000,
    )
    await writer.writes(10)
    const samples = await onOneHost(sampler)
    const gone = goneFrom(samples, primary, killed)
    expect(gone, 'the address never left').toBeDefined()
    expect((gone ?? 0) - killed).toBeLessThan(patient(5000))
    const report = await writer.stop()
    expect(report.lost).toEqual([])
    measured('VIP gone after kill -9', `${(gone ?? 0) - killed} ms`)
    measured('kill -9 of Patroni: write gap', `${report.gapMs} ms`)
    await startPatroni(lab, primary)
    await lab.healthy(180_000)
  })

  test('callback: an address on the wrong host and a lost one are mended within seconds, without an apply', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const [wrong = ''] = standbys
    await lab.sh(primary, `ip addr del ${VIP}/24 dev eth0`)
    await eventually('it is back', async () => (await holders(lab)).includes(primary), 5000)
    await lab.sh(wrong, `ip addr add ${VIP}/24 dev eth0`)
    await eventually('it is on the primary alone', async () => (await holders(lab)).join() === primary, 5000)
    expect(await query(lab, 'select not pg_is_in_recovery()')).toBe('t')
  })
}

/** The other ways, each chosen in the inventory and applied; the last leads back to the first. */
export function otherWaysTests(lab: Lab): void {
  test('vip-manager of a version that cannot read etcd is refused, and the way before stays', async () => {
    choose(lab, 'vip-manager')
    const ended = await lab.apply('--yes')
    expectCode(ended, 1)
    expect(ended.stdout + ended.stderr).toMatch(/vip-manager .*before version 2 it cannot read etcd's API 3/)
    expect(await holders(lab)).toEqual([roles(await lab.status()).primary])
    choose(lab, 'callback')
    await expectEmptyPlan(lab)
  })

  test('haproxy and keepalived take over from the callback; a client that knows only the proxy goes on', async () => {
    choose(lab, 'haproxy')
    const began = performance.now()
    await change(lab)
    measured('from callback to haproxy', seconds(performance.now() - began))
    await expectUnits(lab, 'hactl-haproxy', 'hactl-keepalived')
    expect(await holders(lab)).toHaveLength(1)
    await writesThrough(lab, `host=${VIP} port=5000`, 'haproxy')
    expect(await query(lab, 'select pg_is_in_recovery()', `host=${VIP} port=5001`)).toBe('t')
  })

  test('haproxy: the proxy that holds the VIP dies, and another one carries it on', async () => {
    const [holder = ''] = await holders(lab)
    const writer = await startWriter(lab, `host=${VIP} port=5000`)
    await lab.sh(holder, 'systemctl stop hactl-haproxy')
    await eventually('another host has it', async () => {
      const now = await holders(lab)
      return now.length === 1 && now[0] !== holder
    })
    await writer.writes(10)
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    measured('haproxy stopped: write gap', `${gapMs} ms`)
    await lab.sh(holder, 'systemctl start hactl-haproxy')
    await expectEmptyPlan(lab)
  })

  test('none: nothing is installed, and a client with all hosts in its string finds the primary', async () => {
    choose(lab, 'none')
    const restore = withoutVip(lab)
    await change(lab)
    await expectUnits(lab)
    expect(await holders(lab)).toEqual([])
    const hosts = lab.nodes.map((_, index) => `10.77.0.${11 + index}`)
    const { libpq } = connectionStrings({ hosts, port: 5432, database: 'app', user: 'app' })
    await writesThrough(lab, libpq, 'none')
    restore()
  })

  test('back to the callback: the address is on the primary again, and nothing else is left', async () => {
    choose(lab, 'callback')
    await change(lab)
    await expectUnits(lab, 'hactl-vip')
    expect(await holders(lab)).toEqual([roles(await lab.status()).primary])
    await lab.shAll('! ls /etc/hactl/haproxy.cfg /etc/hactl/keepalived.conf 2>/dev/null')
  })
}
