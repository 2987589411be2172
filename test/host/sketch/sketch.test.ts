import { copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBench } from '../../../src/app/bench.ts'
import type { Caller } from '../../../src/app/caller.ts'
import { nobody } from '../../../src/app/caller.ts'
import { examine } from '../../../src/app/doctor.ts'
import { carryOut } from '../../../src/app/apply.ts'
import { makePlan } from '../../../src/app/plan.ts'
import { deployment } from '../../../src/app/playbooks.ts'
import { refreshStatus } from '../../../src/app/status.ts'
import { openCluster } from '../../../src/app/target.ts'
import { STACKS } from '../../../src/stacks/index.ts'
import { folders } from './hosts.ts'
import type { Folders } from './hosts.ts'
import { sketch } from './stack.ts'

/**
 * The proof that a stack is composed and not copied: this folder, and one line in a list, bring plan, apply, status and
 * doctor to a service that is no PostgreSQL, with a host that is no member.
 */
const LIST = [...STACKS, sketch]

const OPTIONS = { verbose: 0 }
let dir: string
let hosts: Folders
let caller: Caller

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'hactl-sketch-inventory-'))
  copyFileSync(join(import.meta.dirname, 'inventory.yml'), join(dir, 'inventory.yml'))
  cpSync(join(import.meta.dirname, 'playbooks'), join(dir, 'playbooks'), { recursive: true })
  hosts = folders(['f1', 'f2', 'w1'])
  caller = { ...nobody(), connect: hosts.connect }
})
afterAll(() => {
  hosts.remove()
  rmSync(dir, { recursive: true })
})

const target = () => openCluster(join(dir, 'inventory.yml'), { stacks: LIST }, caller)

async function withPlan<T>(use: (plan: Awaited<ReturnType<typeof makePlan>>) => Promise<T> | T): Promise<T> {
  const opened = await target()
  const plan = await makePlan({ target: opened, file: deployment(opened, {}), options: OPTIONS, caller })
  try {
    return await use(plan)
  } finally {
    await plan.bench.opened.close()
  }
}

/** Hosts that a plan changes, with the number of their changes. */
const planned = () =>
  withPlan(({ events }) => {
    const changes: Record<string, number> = {}
    for (const event of events)
      if (event.kind === 'task-result' && event.result.status === 'changed')
        changes[event.task.host] = (changes[event.task.host] ?? 0) + 1
    return changes
  })
const apply = () => withPlan((plan) => carryOut(plan, { allowed: 'switchover', emit: () => undefined }))

async function withBench<T>(use: (bench: Awaited<ReturnType<typeof openBench>>) => Promise<T>): Promise<T> {
  const bench = await openBench(await target(), OPTIONS, caller)
  try {
    return await use(bench)
  } finally {
    await bench.opened.close()
  }
}
const status = () => withBench(refreshStatus)
const doctor = () => withBench(examine)

test('its plan names what is to be done on members and on the host that is none', async () => {
  expect(await planned()).toEqual({ f1: 3, f2: 3, w1: 1 })
  expect(await status()).toMatchObject({ stack: 'sketch', health: 'down' })
})

test('apply does it, and a second plan is empty', async () => {
  const { summary, pending, events } = await apply()
  expect({
    outcome: summary.outcome,
    pending,
    errors: events.flatMap((event) =>
      event.kind === 'task-result' && 'error' in event.result ? [event.result.error] : [],
    ),
  }).toEqual({ outcome: 'done', pending: 0, errors: [] })
  expect(await planned()).toEqual({})
})

test('its status has a row for every host and for every service', async () => {
  expect(await status()).toMatchObject({
    health: 'healthy',
    hosts: [
      { name: 'f1', reachable: true, roles: ['member'] },
      { name: 'f2', reachable: true, roles: ['member'] },
      { name: 'w1', reachable: true, roles: ['watch'] },
    ],
    services: [
      { kind: 'files', host: 'f1', state: 'running' },
      { kind: 'files', host: 'f2', state: 'running' },
    ],
    problems: [],
  })
})

test('a server that is gone is told by status and doctor with the next command, and apply brings it back', async () => {
  process.kill(hosts.pidOf('f2'))
  await expect.poll(async () => (await status()).health).toBe('degraded')
  const diagnosis = await doctor()
  expect(diagnosis.verdict).toBe('broken')
  expect(diagnosis.findings).toMatchObject([
    {
      code: 'files/down',
      member: 'f2',
      evidence: [{ host: 'f2', source: '/run/sketch.pid' }],
      next: [{ command: `hactl apply ${join(dir, 'inventory.yml')}` }],
    },
  ])
  expect(await planned()).toEqual({ f2: 1 })
  expect((await apply()).pending).toBe(0)
  expect((await status()).health).toBe('healthy')
})

test('a host that does not answer is told', async () => {
  hosts.silent.add('f1')
  const { problems } = await status()
  hosts.silent.delete('f1')
  expect(problems).toMatchObject([{ code: 'host/unreachable', member: 'f1' }])
})
