import { expect, test } from 'vitest'
import { startWriter } from '../../../lab/support/client.ts'
import { VIP, type Lab } from '../../../lab/support/lab.ts'
import { expectEmptyPlan, roles } from '../../../lab/support/plans.ts'
import { measured, seconds } from '../../../lab/support/programs.ts'
import { eventually } from '../../../lab/support/wait.ts'
import { patient } from '../../../patience.ts'
import { expectUnits, holders, killPatroni, startPatroni, writesThrough } from './routing.ts'
import { lastHeld, onOneHost, seenTwice, startSampler } from './sampler.ts'

const BY_VIP = `host=${VIP}`

/** Resolves with the name of another host that has the address now. */
async function moved(lab: Lab, from: string): Promise<string> {
  let found: string | undefined
  await eventually(
    'another host has the address',
    async () => (found = (await holders(lab)).find((node) => node !== from)) !== undefined,
    90_000,
  )
  return found ?? ''
}

/** When Patroni of a host became leader after a moment, by its own journal; milliseconds since 1970. */
async function ledFrom(lab: Lab, node: string, after: number): Promise<number> {
  const lines = await lab.sh(
    node,
    `journalctl -u patroni --since=@${Math.floor(after / 1000)} -o json --output-fields=MESSAGE | grep 'promoted self to leader'`,
  )
  const [first = '{}'] = lines.split('\n')
  const { __REALTIME_TIMESTAMP: at } = JSON.parse(first) as { __REALTIME_TIMESTAMP?: string }
  return Number(at) / 1000
}

/** On a cluster whose address is carried by vip-manager. */
export function vipManagerTests(lab: Lab): void {
  test('vip-manager: a client that knows only the VIP goes on after a switchover; it is on one host at a time', async () => {
    await expectUnits(lab, 'hactl-vip-manager')
    const sampler = await startSampler(lab)
    await writesThrough(lab, BY_VIP, 'vip-manager')
    await onOneHost(sampler)
    expect(await holders(lab)).toEqual([roles(await lab.status()).primary])
    await expectEmptyPlan(lab)
  })

  test('vip-manager killed with -9 on the leader: the address leaves, and is back within seconds', async () => {
    const { primary } = roles(await lab.healthy())
    const writer = await startWriter(lab)
    const sampler = await startSampler(lab)
    await writer.writes(10)
    const killed = Number(await lab.sh(primary, 'pkill -KILL -x vip-manager; date +%s%3N'))
    await writer.writes(10)
    const samples = await onOneHost(sampler)
    expect(samples.some(({ node, at, holds }) => node === primary && at > killed && !holds)).toBe(true)
    expect(await holders(lab)).toEqual([primary])
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    expect(gapMs).toBeLessThan(patient(8000))
    measured('kill -9 of vip-manager: write gap', `${gapMs} ms`)
  })

  test('Patroni killed with -9 on the leader, and not started again: the VIP is gone 5 s after it leads no more', async () => {
    const { primary } = roles(await lab.healthy())
    const writer = await startWriter(lab)
    const sampler = await startSampler(lab)
    await writer.writes(10)
    const killed = await killPatroni(lab, primary)
    const next = await moved(lab, primary)
    await writer.writes(10)
    const samples = await onOneHost(sampler)
    const last = lastHeld(samples, primary) ?? 0
    expect(last - (await ledFrom(lab, next, killed))).toBeLessThan(patient(5000))
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    measured('VIP gone after kill -9 of Patroni', `${last - killed} ms`)
    measured('kill -9 of Patroni: write gap', `${gapMs} ms`)
    await startPatroni(lab, primary)
    await lab.healthy(180_000)
  })

  test('the leader loses etcd and its peers, clients still reach it: the VIP moves and is on one host at a time', async () => {
    const { primary } = roles(await lab.healthy())
    const writer = await startWriter(lab)
    const sampler = await startSampler(lab)
    await writer.writes(10)
    await lab.lab('break', 'cut-peers', primary)
    await moved(lab, primary)
    await writer.writes(10)
    await lab.lab('heal', primary)
    await onOneHost(sampler)
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    measured('leader cut from its peers: write gap', `${gapMs} ms`)
    await lab.healthy(180_000)
  })

  test('vip-manager stands still on the leader at a switchover: the address leaves all the same', async () => {
    const { primary } = roles(await lab.healthy())
    const sampler = await startSampler(lab)
    await lab.sh(primary, 'pkill -STOP -x vip-manager')
    await writesThrough(lab, BY_VIP, 'vip-manager frozen')
    // A planned switchover waits for no lease: the keeper has a look every second, the next host none to wait for.
    const twice = seenTwice(await sampler.stop()).map((text) => Number.parseInt(text, 10))
    const overlap = twice.length === 0 ? 0 : Math.max(...twice) - Math.min(...twice)
    expect(overlap).toBeLessThan(patient(2000))
    measured('vip-manager frozen: on two hosts for', `${overlap} ms`)
    expect(await holders(lab)).toEqual([roles(await lab.status()).primary])
  })

  test('power off: the address is on the new primary, and no acknowledged row is lost', async () => {
    const { primary } = roles(await lab.healthy())
    const writer = await startWriter(lab)
    await writer.writes(10)
    await lab.lab('break', 'power-off', primary)
    await writer.writes(10)
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    measured('power loss of the primary: write gap', `${gapMs} ms`)
    const began = performance.now()
    await lab.lab('heal', primary)
    expect(roles(await lab.healthy(180_000)).primary).not.toBe(primary)
    measured('healthy again after', seconds(performance.now() - began))
    await expectEmptyPlan(lab)
  })
}
