import { spawn } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LabState } from '../../src/lab/driver.ts'
import { CLIENT } from '../../src/lab/names.ts'
import { initPid, nodePids } from '../../src/lab/nspawn/cgroup.ts'
import { nspawn } from '../../src/lab/nspawn/driver.ts'
import { inNetns, labNetns, labPaths } from '../../src/lab/nspawn/paths.ts'
import { must, run } from '../../src/lab/run.ts'
import { poll } from '../../src/lib/poll.ts'
import { patient } from '../patience.ts'

const A = 'drv-test-a'
const B = 'drv-test-b'
const quiet = (): void => undefined
const spec = (name: string) => ({ name, nodes: ['pg1', 'pg2', 'pg3'], release: 'bookworm', packages: [] })
const inject = (fault: string, nodes: readonly string[], options: Record<string, string> = {}) =>
  nspawn.inject(A, { fault, nodes, options })
const heal = (...nodes: readonly string[]) => nspawn.heal(A, nodes, quiet)

const addressOf = (node: string): string => `10.77.0.1${node.at(-1)}`
/** argv that runs a program in a node without ssh, so that it works while the node is cut off. */
const inside = (node: string, ...argv: readonly string[]) => [
  'nsenter',
  `--target=${initPid(A, node)}`,
  '--net',
  '--mount',
  '--pid',
  ...argv,
]
const succeeds = async (argv: readonly string[]): Promise<boolean> => (await run(argv)).code === 0
const ping = (address: string) => ['ping', '-n', '-c1', `-W${Math.ceil(patient(1000) / 1000)}`, address]
const pings = (node: string, address: string) => succeeds(inside(node, ...ping(address)))
const clientPings = (address: string) => succeeds([...nspawn.clientExec(A), ...ping(address)])
const ssh = (lab: string, node: string, ...command: readonly string[]) =>
  run([
    ...nspawn.ssh(lab, node, [
      '-o',
      `ConnectTimeout=${Math.ceil(patient(2000) / 1000)}`,
      '-o',
      'ServerAliveInterval=1',
      '-o',
      'ServerAliveCountMax=2',
    ]),
    ...command,
  ])
const stateOf = async (node: string) =>
  (await nspawn.state(A))?.nodes.find((entry) => entry.name === node)?.state
const faults = async () => (await nspawn.state(A))?.faults
const eventually = (read: () => Promise<boolean>, timeoutMs = 15_000) =>
  poll(async () => ((await read()) ? true : undefined), { timeoutMs: patient(timeoutMs), intervalMs: 50 })

let state: LabState
let bootMs = 0

beforeAll(async () => {
  for (const name of [A, B]) await nspawn.down(name, quiet)
  // The image is not what is measured.
  state = await nspawn.up(spec(A), quiet)
  await nspawn.down(A, quiet)
  const start = performance.now()
  state = await nspawn.up(spec(A), quiet)
  bootMs = performance.now() - start
})

afterAll(async () => {
  for (const name of [A, B]) await nspawn.down(name, quiet)
})

test('three nodes answer on ssh soon after up', () => {
  expect(state.nodes.map((node) => node.state)).toEqual(['running', 'running', 'running'])
  // About 2 s on an idle machine; the limit leaves room for others on the same machine.
  expect(bootMs).toBeLessThan(patient(10_000))
})

test('up again changes nothing and keeps the nodes running', async () => {
  const before = initPid(A, 'pg1')
  expect(await nspawn.up(spec(A), quiet)).toEqual(state)
  expect(initPid(A, 'pg1')).toBe(before)
})

test('a node is a whole system with sshd, its own name and no way out but the package proxy', async () => {
  expect((await ssh(A, 'pg2', 'systemctl is-system-running --wait; hostname')).stdout).toBe('running\npg2\n')
  const update = await ssh(A, 'pg2', 'apt-get update -q -o APT::Update::Error-Mode=any')
  expect(update.stderr).toBe('')
  expect(update.code).toBe(0)
  expect((await ssh(A, 'pg2', 'ip route get 192.0.2.1 && ping -n -c1 -W1 192.0.2.1')).code).not.toBe(0)
  const refused = await ssh(
    A,
    'pg2',
    "printf 'GET http://192.0.2.1/ HTTP/1.0\\r\\n\\r\\n' | nc -N 10.77.0.1 3142",
  )
  expect(refused.stdout).toMatch(/^HTTP\/1.1 403 /)
})

test('plain ssh reaches a node with what the inventory says', async () => {
  const text = readFileSync(state.inventory, 'utf8')
  const args = JSON.parse(/ansible_ssh_common_args: (.*)/.exec(text)?.[1] ?? '') as string
  const key = JSON.parse(/ansible_ssh_private_key_file: (.*)/.exec(text)?.[1] ?? '') as string
  expect(await must(['sh', '-c', `ssh -F /dev/null -i ${key} ${args} root@10.77.0.13 hostname`])).toBe(
    'pg3\n',
  )
})

test('two labs with the same addresses run side by side', async () => {
  await nspawn.up(spec(B), quiet)
  await ssh(A, 'pg1', 'echo a >/root/mark')
  await ssh(B, 'pg1', 'echo b >/root/mark')
  expect((await ssh(A, 'pg1', 'cat /root/mark')).stdout).toBe('a\n')
  expect((await ssh(B, 'pg1', 'cat /root/mark')).stdout).toBe('b\n')
  expect((await nspawn.list()).map((lab) => lab.name)).toEqual(expect.arrayContaining([A, B]))
  await nspawn.down(B, quiet)
  expect((await ssh(A, 'pg1', 'cat /root/mark')).stdout).toBe('a\n')
})

test('cut: a node reaches nobody and nobody reaches it', async () => {
  await inject('cut', ['pg1'])
  expect(await pings('pg2', '10.77.0.11')).toBe(false)
  expect(await pings('pg2', '10.77.1.11')).toBe(false)
  expect(await pings('pg1', '10.77.0.1')).toBe(false)
  expect(await clientPings('10.77.0.11')).toBe(false)
  expect((await ssh(A, 'pg1', 'true')).code).not.toBe(0)
  expect(await pings('pg2', '10.77.0.13')).toBe(true)
  expect(await faults()).toEqual(['cut pg1'])
  await heal()
  expect(await pings('pg2', '10.77.0.11')).toBe(true)
  expect(await faults()).toEqual([])
})

test('up does not wait for a node that a fault silences', async () => {
  await inject('cut', ['pg1'])
  const start = performance.now()
  await nspawn.up(spec(A), quiet)
  expect(performance.now() - start).toBeLessThan(patient(10_000))
  expect(await faults()).toEqual(['cut pg1'])
  await heal()
})

test('cut with a link: the other network still works', async () => {
  await inject('cut', ['pg1'], { link: '1' })
  expect(await pings('pg2', '10.77.1.11')).toBe(false)
  expect(await pings('pg2', '10.77.0.11')).toBe(true)
  await heal('pg1')
  expect(await pings('pg2', '10.77.1.11')).toBe(true)
})

test('cut-pair: two nodes lose each other only', async () => {
  await inject('cut-pair', ['pg1', 'pg2'])
  expect(await pings('pg1', '10.77.0.12')).toBe(false)
  expect(await pings('pg2', '10.77.1.11')).toBe(false)
  expect(await pings('pg1', '10.77.0.13')).toBe(true)
  expect(await pings('pg3', '10.77.0.12')).toBe(true)
  await heal('pg2')
  expect(await pings('pg1', '10.77.0.12')).toBe(true)
})

test('cut-peers: the controller and the client still reach the node', async () => {
  await inject('cut-peers', ['pg1'])
  expect(await pings('pg1', '10.77.0.12')).toBe(false)
  expect(await pings('pg3', '10.77.0.11')).toBe(false)
  expect(await clientPings('10.77.0.11')).toBe(true)
  expect((await ssh(A, 'pg1', 'true')).code).toBe(0)
  await heal()
  expect(await pings('pg3', '10.77.0.11')).toBe(true)
})

/** UDP texts that reach `to` within a moment. */
async function received(from: string, to: string): Promise<string> {
  const listener = spawn(
    'nsenter',
    inside(to, 'timeout', '2', 'nc', '-u', '-l', '-n', '-W', '1', '0.0.0.0', '4000').slice(1),
  )
  let text = ''
  listener.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const ended = new Promise((resolve) => listener.once('close', resolve))
  await eventually(async () => (await run(inside(to, 'ss', '-Hlun', 'sport = 4000'))).stdout !== '')
  await run(
    inside(from, 'sh', '-c', `for n in 1 2 3; do echo hello | nc -u -q0 -n -w1 ${addressOf(to)} 4000; done`),
  )
  await ended
  return text
}

test('cut-one-way: packets of the first node do not reach the second, the other way they do', async () => {
  // Neighbours are learned before, because the question for an address needs both directions.
  await pings('pg1', '10.77.0.12')
  for (const [from, to] of [
    ['pg1', 'pg2'],
    ['pg2', 'pg1'],
  ] as const) {
    const mac = (await must(inside(to, 'cat', '/sys/class/net/eth0/address'))).trim()
    await must(
      inside(from, 'ip', 'neigh', 'replace', addressOf(to), 'lladdr', mac, 'dev', 'eth0', 'nud', 'permanent'),
    )
  }
  await inject('cut-one-way', ['pg1', 'pg2'])
  expect(await received('pg1', 'pg2')).toBe('')
  expect(await received('pg2', 'pg1')).toContain('hello')
  expect(await pings('pg1', '10.77.0.13')).toBe(true)
  await heal()
  expect(await received('pg1', 'pg2')).toContain('hello')
})

test('loss: about the wanted share of the packets is lost', async () => {
  await inject('loss', ['pg1'], { percent: '50' })
  const { stdout } = await run(
    inside('pg3', 'ping', '-n', '-q', '-i', '0.01', '-c', '200', '-W', '1', '10.77.0.11'),
  )
  const got = Number(/(\d+) received/.exec(stdout)?.[1])
  // There and back: a quarter comes through, 50 of 200, with 6 as its standard deviation.
  expect(got).toBeGreaterThan(15)
  expect(got).toBeLessThan(90)
  await heal()
  expect(
    (await run(inside('pg3', 'ping', '-n', '-q', '-i', '0.01', '-c', '50', '10.77.0.11'))).stdout,
  ).toContain(' 0% packet loss')
})

test('freeze: no process of the node runs, its kernel still answers; heal thaws it', async () => {
  await inject('freeze', ['pg2'])
  expect(await stateOf('pg2')).toBe('frozen')
  expect(await clientPings('10.77.0.12')).toBe(true)
  expect((await ssh(A, 'pg2', 'true')).code).not.toBe(0)
  await heal('pg2')
  expect(await stateOf('pg2')).toBe('running')
  expect((await ssh(A, 'pg2', 'true')).code).toBe(0)
})

test('fill-disk: the node sees ENOSPC, this machine keeps its space', async () => {
  await ssh(A, 'pg3', 'mkdir -p /var/lib/postgresql')
  await inject('fill-disk', ['pg3'])
  const full = await ssh(A, 'pg3', 'echo something >/var/lib/postgresql/file')
  expect(full.stderr).toContain('No space left on device')
  const used = Number((await must(['du', '-B1M', `${labPaths(A).nodes}/pg3/disk.img`])).split('\t')[0])
  expect(used).toBeLessThan(500)
  await heal('pg3')
  expect(
    (await ssh(A, 'pg3', 'echo something >/var/lib/postgresql/file && cat /var/lib/postgresql/file')).stdout,
  ).toBe('something\n')
})

test('a fault that fails on one node is taken back on the others', async () => {
  await expect(inject('fill-disk', ['pg3', 'pg1'], { path: '/var/lib/postgresql' })).rejects.toThrow(
    'no folder',
  )
  expect(await faults()).toEqual([])
  expect((await ssh(A, 'pg3', 'echo something >/var/lib/postgresql/file')).code).toBe(0)
})

const sleepers = async (): Promise<readonly string[]> =>
  (await run(inside('pg1', 'ps', '-C', 'sleep', '-o', 'stat='))).stdout
    .split('\n')
    .filter((line) => line !== '')

test('stop-process and kill-process: only the processes of that name', async () => {
  await ssh(A, 'pg1', 'systemd-run --quiet sleep 1000; systemd-run --quiet sleep 1001')
  expect(await eventually(async () => (await sleepers()).length === 2)).toBe(true)
  await inject('stop-process', ['pg1'], { name: 'sleep' })
  expect((await sleepers()).map((stat) => stat[0])).toEqual(['T', 'T'])
  await heal('pg1')
  expect((await sleepers()).map((stat) => stat[0])).toEqual(['S', 'S'])
  await inject('kill-process', ['pg1'], { name: 'sleep', signal: 'TERM' })
  expect(await eventually(async () => (await sleepers()).length === 0)).toBe(true)
  await expect(inject('kill-process', ['pg1'], { name: 'sleep' })).rejects.toThrow(
    'no process of pg1 is called "sleep"',
  )
})

test('reboot: the node comes back with its data and its network', async () => {
  await ssh(A, 'pg3', 'echo kept >/root/mark; sync')
  const before = (await ssh(A, 'pg3', 'cat /proc/sys/kernel/random/boot_id; ps -o lstart= 1')).stdout
  await inject('reboot', ['pg3'])
  const back = async () =>
    (await ssh(A, 'pg3', 'cat /proc/sys/kernel/random/boot_id; ps -o lstart= 1')).stdout
  expect(await eventually(async () => ![before, ''].includes(await back()), 30_000)).toBe(true)
  expect((await ssh(A, 'pg3', 'cat /root/mark')).stdout).toBe('kept\n')
  expect(await pings('pg1', '10.77.1.13')).toBe(true)
})

test('power-off: no FIN and no RST leaves the node; heal switches it on with its data', async () => {
  await ssh(A, 'pg1', 'echo kept >/root/mark')
  await ssh(A, 'pg1', 'systemd-run --quiet nc -l -k -n 4001')
  await eventually(() => succeeds([...nspawn.clientExec(A), 'nc', '-z', '10.77.0.11', '4001']))
  // A connection that only the node could end.
  const client = [...nspawn.clientExec(A), 'sh', '-c', 'sleep 30 | nc -n 10.77.0.11 4001']
  const connection = spawn(client[0] ?? '', client.slice(1))
  try {
    const established = async () =>
      (
        await run([...nspawn.clientExec(A), 'ss', '-Htn', 'state', 'established', 'dport = 4001'])
      ).stdout.includes('10.77.0.11')
    expect(await eventually(established)).toBe(true)
    await inject('power-off', ['pg1'])
    expect(await stateOf('pg1')).toBe('off')
    expect(await established()).toBe(true)
    expect(await clientPings('10.77.0.11')).toBe(false)
    expect(await established()).toBe(true)
    expect(connection.exitCode).toBeNull()
    await heal('pg1')
    expect((await ssh(A, 'pg1', 'cat /root/mark')).stdout).toBe('kept\n')
  } finally {
    connection.kill()
  }
})

test('power-on undoes power-off', async () => {
  await inject('power-off', ['pg2', 'pg3'])
  await inject('power-on', ['pg3'])
  expect(await faults()).toEqual(['power-off pg2'])
  expect([await stateOf('pg2'), await stateOf('pg3')]).toEqual(['off', 'running'])
  await heal()
  expect(await stateOf('pg2')).toBe('running')
})

test('reset: a fresh disk, the same keys, no faults', async () => {
  await ssh(A, 'pg2', 'echo gone >/root/mark')
  await inject('cut', ['pg2'])
  const keys = readFileSync(labPaths(A).knownHosts, 'utf8')
  await nspawn.reset(A, ['pg2'], quiet)
  expect((await ssh(A, 'pg2', 'test -e /root/mark')).code).toBe(1)
  expect(readFileSync(labPaths(A).knownHosts, 'utf8')).toBe(keys)
  expect(await faults()).toEqual([])
})

/** Every process of this machine in a network namespace, e.g. `net:[4026532201]`. */
const processesIn = (netns: string): readonly string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/ns/net`) === netns
    } catch {
      // It ended in between.
      return false
    }
  })

/** Everything on this machine that carries a lab's name. */
async function traces(lab: string): Promise<readonly string[]> {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes(`/${lab}/`))
  const netns = readdirSync('/run/netns').filter((name) => name.startsWith(`hactl-${lab}`))
  const groups = (await must(['find', '/sys/fs/cgroup', '-type', 'd', '-path', `*/hactl-lab/${lab}`]))
    .split('\n')
    .filter((line) => line !== '')
  const processes = (await run(['pgrep', '-af', lab])).stdout
    .split('\n')
    .filter((line) => line !== '' && !line.includes('pgrep'))
  const disks = (await run(['losetup', '-a'])).stdout.split('\n').filter((line) => line.includes(`/${lab}/`))
  const folder = existsSync(labPaths(lab).dir) ? [labPaths(lab).dir] : []
  return [...mounts, ...netns, ...groups, ...processes, ...disks, ...folder]
}

test('down removes everything, also after the launcher, the relay and the record are gone', async () => {
  await nspawn.up(spec(B), quiet)
  const launchers = (await must(['pgrep', '-f', `^bash -c .*--machine=hactl-${B}-pg1`]))
    .split('\n')
    .filter((line) => line !== '')
  for (const pid of launchers) process.kill(Number(pid), 'SIGKILL')
  const relay = (await must(['pgrep', '-f', 'relay.(ts|js) 10.77.0.1'])).split('\n').map(Number)
  const ours = readlinkSync(`/proc/${initPidOf(B)}/ns/net`)
  expect(ours).not.toBe('')
  const lab = await must(inNetns(labNetns(B), 'readlink', '/proc/self/ns/net'))
  for (const pid of relay.filter((one) => one > 0 && `${readlinkSync(`/proc/${one}/ns/net`)}\n` === lab))
    process.kill(pid, 'SIGKILL')
  await must(['rm', labPaths(B).state])
  expect((await traces(B)).length).toBeGreaterThan(5)
  await nspawn.down(B, quiet)
  expect(await traces(B)).toEqual([])
})

const initPidOf = (lab: string): number => initPid(lab, 'pg2') ?? 0

test('down of a lab that does not exist says so', async () => {
  const lines: string[] = []
  await nspawn.down('drv-test-none', (line) => lines.push(line))
  expect(lines).toEqual(['there is no lab "drv-test-none"'])
  await expect(nspawn.down('../labs', quiet)).rejects.toThrow('lab name "../labs" cannot be used')
})

test('an up that was killed is continued by the next', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'lab', 'up', '--name', B])
  const ended = new Promise((resolve) => child.once('close', resolve))
  await eventually(async () => existsSync(`${labPaths(B).nodes}/pg2/disk.img`))
  child.kill('SIGKILL')
  await ended
  const up = await nspawn.up(spec(B), quiet)
  expect(up.nodes.map((node) => node.state)).toEqual(['running', 'running', 'running'])
  for (const node of ['pg1', 'pg2', 'pg3']) expect((await ssh(B, node, 'hostname')).stdout).toBe(`${node}\n`)
  expect(nodePids(B, 'pg1').length).toBeGreaterThan(3)
  const netns = (await must(inNetns(labNetns(B), 'readlink', '/proc/self/ns/net'))).trim()
  expect(processesIn(netns).length).toBeGreaterThan(0)
  await nspawn.down(B, quiet)
  expect(processesIn(netns)).toEqual([])
  expect(await traces(B)).toEqual([])
})

test('the client has its own address', async () => {
  expect(await must([...nspawn.clientExec(A), 'ip', '-br', '-4', 'addr', 'show', 'eth0'])).toContain(
    `${CLIENT}/24`,
  )
})
