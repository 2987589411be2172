import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

/** The resource agent's program: what it answers with its service, and what it does alone. */

const AGENT = join(import.meta.dirname, '../../../../files/pacemaker/pgd/pgsql.sh')
const run = promisify(execFile)
let root: string
let servers: ChildProcess[] = []

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hactl-agent-'))
  for (const folder of ['run', 'data', 'bin']) await mkdir(join(root, folder))
  // Everything that the agent starts says so; the service's client answers that nobody is there.
  for (const name of ['python3', 'systemctl', 'ip']) {
    const answer = name === 'python3' ? '[ ! -e "$0.says" ] || cat "$0.says"; exit "$(cat "$0.code")"' : ''
    await writeFile(join(root, 'bin', name), `#!/bin/sh\necho "${name} $*" >>${root}/calls\n${answer}\n`)
    await chmod(join(root, 'bin', name), 0o755)
  }
  await service(125)
})
afterEach(async () => {
  for (const server of servers) server.kill('SIGKILL')
  servers = []
  await rm(root, { recursive: true })
})

const service = async (code: number, says = ''): Promise<void> => {
  await writeFile(join(root, 'bin/python3.code'), String(code))
  await writeFile(join(root, 'bin/python3.says'), says)
}
const calls = async (): Promise<string> => readFile(join(root, 'calls'), 'utf8').catch(() => '')

async function agent(
  action: string,
  env: Readonly<Record<string, string>> = {},
  shell: readonly string[] = ['dash'],
): Promise<{ readonly code: number; readonly stderr: string; readonly stdout: string }> {
  const [program = '', ...words] = shell
  const settings = {
    PATH: `${join(root, 'bin')}:/usr/bin:/bin`,
    HACTL_PGD_RUN: join(root, 'run'),
    OCF_RESKEY_data_dir: join(root, 'data'),
    ...env,
  }
  try {
    const { stdout, stderr } = await run(program, [...words, AGENT, action], { env: settings })
    return { code: 0, stdout, stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, stdout, stderr }
  }
}

const uptime = async (): Promise<number> =>
  Math.floor(Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0]))
const state = async (age: number, code: number): Promise<void> =>
  writeFile(join(root, 'run/state'), `${(await uptime()) - age} ${code} primary\n`)

/** A process that is called postgres, as the postmaster of the data directory; ends by the signals it does not ignore. */
async function server(ignored = ''): Promise<ChildProcess> {
  const program = join(root, 'postgres')
  await copyFile('/bin/dash', program)
  const child = spawn(program, [
    '-c',
    `trap '' ${ignored === '' ? 'USR2' : ignored}; echo up; while :; do sleep 0.1; done`,
  ])
  servers.push(child)
  await new Promise((resolve) => child.stdout.once('data', resolve))
  await writeFile(join(root, 'data/postmaster.pid'), `${child.pid}\n`)
  return child
}
const ended = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

describe.each([['/bin/dash'], ['/bin/busybox', 'sh'], ['/bin/bash']])('the agent in %s', (...shell) => {
  const monitor = (env: Readonly<Record<string, string>> = {}) =>
    agent('monitor', { OCF_RESKEY_CRM_meta_interval: '2000', ...env }, shell)

  test.each([0, 7, 8])(
    'a monitor passes on the code %i that the service wrote, and starts no program',
    async (code) => {
      await state(1, code)
      expect((await monitor({ PATH: join(root, 'bin') })).code).toBe(code)
      expect(await calls()).toBe('')
    },
  )

  test('without the service a monitor looks by itself: nothing, a primary, a standby', async () => {
    await state(9, 8)
    expect((await monitor()).code).toBe(7)
    await server()
    expect((await monitor()).code).toBe(8)
    await writeFile(join(root, 'data/standby.signal'), '')
    expect((await monitor()).code).toBe(0)
  })

  test('a service that lags is asked, and its answer counts', async () => {
    await state(9, 0)
    await service(8)
    expect((await monitor()).code).toBe(8)
  })
})

test('an operation is refused with the reason that the service gives', async () => {
  await service(1, 'there is no data directory at /data')
  const { code, stderr } = await agent('start')
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'ocf-exit-reason:there is no data directory at /data\n',
  })
})

test('a service that is away is started, and a start that it does not answer fails with that', async () => {
  const { code, stderr } = await agent('start')
  expect(code).not.toBe(0)
  expect(stderr).toBe('ocf-exit-reason:hactl-pgd does not answer\n')
  expect(await calls()).toContain('systemctl start hactl-pgd')
})

test('without the service a stop ends the server and takes the address away', async () => {
  const child = await server()
  await agent('stop', { OCF_RESKEY_writer: '10.77.0.20' })
  await expect.poll(() => ended(child)).toBe(true)
  expect(await calls()).toContain('ip -o -4 addr show to 10.77.0.20')
})

test('a server that answers no shutdown is killed', async () => {
  const child = await server('INT QUIT')
  expect((await agent('demote')).code).toBe(0)
  await expect.poll(() => child.signalCode).toBe('SIGKILL')
})

test('Pacemaker can read what the agent is', async () => {
  const { stdout, code } = await agent('meta-data')
  expect(code).toBe(0)
  expect(stdout).toContain('<resource-agent name="pgsql"')
})
