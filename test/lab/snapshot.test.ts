import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nspawn } from '../../src/lab/nspawn/driver.ts'
import { nodePaths } from '../../src/lab/nspawn/paths.ts'
import { run } from '../../src/lab/run.ts'
import { poll } from '../../src/lib/poll.ts'
import { patient } from '../patience.ts'

const LAB = 'snap-test'
const quiet = (): void => undefined
const ssh = (node: string, script: string) => run([...nspawn.ssh(LAB, node, []), script])
const said = async (node: string, script: string): Promise<string> => (await ssh(node, script)).stdout.trim()
const inject = (fault: string, nodes: readonly string[], options: Record<string, string> = {}) =>
  nspawn.inject(LAB, { fault, nodes, options })
const stateOf = async () => nspawn.state(LAB)
const eventually = (read: () => Promise<boolean>) =>
  poll(async () => ((await read()) ? true : undefined), { timeoutMs: patient(60_000), intervalMs: 100 })

beforeAll(async () => {
  await nspawn.down(LAB, quiet)
  await nspawn.up({ name: LAB, nodes: ['pg1', 'pg2'], release: 'bookworm', packages: [] }, quiet)
})
afterAll(() => nspawn.down(LAB, quiet))

// Each number is written here, told the other, written there and answered: nobody is ever two numbers ahead.
const ANSWERS = `rm -f /run/back; mkfifo /run/back
nc -l -n 4002 </run/back | while read -r n; do echo "$n" >>/root/count; echo "$n"; done >/run/back`
const ASKS = `exec 3<>/dev/tcp/10.77.0.12/4002
n=0; while n=$((n + 1)); do echo "$n" >>/root/count; echo "$n" >&3; read -r -u 3 _; done`
const LAST = "sed -n '$p' /root/count"

test('a snapshot is one moment of all nodes: no node is ahead of what another had told it', async () => {
  await ssh('pg2', `systemd-run --quiet bash -c '${ANSWERS}'`)
  await eventually(async () => (await said('pg2', 'ss -Hltn sport = 4002')) !== '')
  await ssh('pg1', `systemd-run --quiet bash -c '${ASKS}'`)
  await eventually(async () => Number(await said('pg2', LAST)) > 100)
  const lines: string[] = []
  await nspawn.snapshot(LAB, 'talking', (line) => lines.push(line))
  expect(lines.join()).toMatch(/^the hosts stood still for \d+ ms$/)
  // They go on.
  const then = Number(await said('pg2', LAST))
  expect(await eventually(async () => Number(await said('pg2', LAST)) > then + 10)).toBe(true)
  const addresses = (await stateOf())?.nodes
  await nspawn.restore(LAB, 'talking', quiet)
  const [asked, answered] = [Number(await said('pg1', LAST)), Number(await said('pg2', LAST))]
  expect(answered).toBeGreaterThan(100)
  expect(answered).toBeLessThan(then + 10)
  expect([0, 1]).toContain(asked - answered)
  expect((await stateOf())?.nodes).toEqual(addresses)
  expect((await stateOf())?.snapshots).toEqual(['talking'])
})

test('restore ends every fault, switches nodes on, and can be repeated', async () => {
  await ssh('pg1', 'echo first >/root/mark')
  await nspawn.snapshot(LAB, 'marked', quiet)
  for (const _ of [1, 2]) {
    await ssh('pg1', 'echo later >/root/mark; rm -rf /var/lib/dpkg')
    await inject('cut', ['pg1'])
    await inject('power-off', ['pg2'])
    await nspawn.restore(LAB, 'marked', quiet)
    expect(
      await said(
        'pg1',
        'cat /root/mark; ls /var/lib/dpkg/status; ping -c1 -W20 -q 10.77.0.12 >/dev/null && echo ok',
      ),
    ).toBe('first\n/var/lib/dpkg/status\nok')
    expect(await stateOf()).toMatchObject({ faults: [], nodes: [{ state: 'running' }, { state: 'running' }] })
  }
})

test('a snapshot of the same name is replaced; one that was interrupted is none', async () => {
  await ssh('pg1', 'echo second >/root/mark')
  await nspawn.snapshot(LAB, 'marked', quiet)
  await ssh('pg1', 'echo third >/root/mark')
  await nspawn.restore(LAB, 'marked', quiet)
  expect(await said('pg1', 'cat /root/mark')).toBe('second')
  const part = `${nodePaths(LAB, 'pg1').dir}/../../snapshots/half.part`
  await run(['mkdir', part])
  expect((await stateOf())?.snapshots).toEqual(['marked', 'talking'])
})

test('what cannot be kept or restored is refused with what to do, and nothing is changed', async () => {
  await inject('cut', ['pg1'])
  await expect(nspawn.snapshot(LAB, 'broken', quiet)).rejects.toThrow('lab "snap-test" has faults')
  await nspawn.heal(LAB, [], quiet)
  await expect(nspawn.snapshot(LAB, '../x', quiet)).rejects.toThrow('snapshot name "../x" cannot be used')
  await expect(nspawn.restore(LAB, '../x', quiet)).rejects.toThrow('snapshot name "../x" cannot be used')
  await expect(nspawn.restore(LAB, 'none', quiet)).rejects.toThrow('has no snapshot "none"')
  const file = `${nodePaths(LAB, 'pg1').dir}/../../snapshots/marked/record.json`
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replaceAll('"pg2"', '"pg9"'))
  await expect(nspawn.restore(LAB, 'marked', quiet)).rejects.toThrow(
    'snapshot "marked" has the nodes pg1, pg9',
  )
  writeFileSync(file, text)
  expect(await said('pg1', 'cat /root/mark')).toBe('second')
})

const LIMIT = '/sys/fs/cgroup/blkio/blkio.throttle.write_iops_device'

test.runIf(existsSync(LIMIT))(
  'a fresh or restored disk is not as slow as the one before it was',
  async () => {
    for (const renew of [
      () => nspawn.restore(LAB, 'marked', quiet),
      () => nspawn.reset(LAB, ['pg1'], quiet),
    ]) {
      await inject('slow-disk', ['pg1'])
      const slow = readFileSync(LIMIT, 'utf8')
      await renew()
      expect(slow.split('\n').length).toBeGreaterThan(readFileSync(LIMIT, 'utf8').split('\n').length)
    }
  },
)

test('down takes the snapshots with it', async () => {
  await nspawn.down(LAB, quiet)
  expect(existsSync(`${nodePaths(LAB, 'pg1').dir}/../..`)).toBe(false)
})
