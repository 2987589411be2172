import { expect, test } from 'vitest'
import { carryOut, keptLock } from '../../../src/app/apply.ts'
import { makePlan } from '../../../src/app/plan.ts'
import { isNoWorse, standingOf } from '../../../src/app/standing.ts'
import { endOf } from '../../../src/app/summary.ts'
import { membersOf } from '../../../src/cluster/members.ts'
import { EXIT, HactlError } from '../../../src/diag/diagnostic.ts'
import type { EngineEvent } from '../../../src/engine/events.ts'
import { plainPaint } from '../../../src/report/paint.ts'
import { verdictText } from '../../../src/report/verdict-text.ts'
import { playbookIn, stage, type Stage } from './stage.ts'

const NOTHING = `
name: Nothing to change
needs: [status]
plays:
  - hosts: all
    tasks:
      - name: It is there
        command: { run: [touch, /x], unless: [test, -e, /x] }
`

const FROM_THE_PRIMARY = `
name: Tells who the primary is
needs: [status, deployment]
plays:
  - hosts: all
    tasks:
      - name: It knows the primary
        command: { run: [tell, '{{ status.primary }}', '{{ deployment.seed }}'], creates: /x }
        check: false
`

const planOn = (on: Stage, text: string, locks = false) =>
  makePlan({
    target: on.target,
    file: playbookIn(on, text),
    options: { verbose: 0 },
    caller: on.caller,
    locks,
  })

const told = (events: readonly EngineEvent[]) => events.map(({ kind }) => kind)

test('a plan of a cluster that is down says so and names what brings it back, though there is nothing to change', async () => {
  const { status, summary } = await planOn(stage('stopped-3'), NOTHING)
  expect(summary).toMatchObject({ outcome: 'done', changed: 0, unknown: 0, failed: 0 })
  expect(status?.health).toBe('down')
  const text = status && verdictText(standingOf(status), { width: 100, paint: plainPaint })
  expect(text).toMatch(/^labcluster is down\.\n/)
  expect(text).toContain('hactl run start')
})

test('nothing to change is a success on a cluster that works, and on no other', async () => {
  const exits = []
  for (const scenario of ['healthy-3', 'standby-stopped-3', 'stopped-3']) {
    const { status, summary } = await planOn(stage(scenario), NOTHING)
    exits.push(endOf(summary, status ? { standing: standingOf(status) } : {}))
  }
  expect(exits).toEqual([EXIT.done, EXIT.failed, EXIT.failed])
})

test('an apply waits for a cluster that is not yet at rest, says for what, and ends with how it is', async () => {
  const on = stage('sync-standby-stopped-3')
  const planned = await planOn(on, NOTHING)
  const events: EngineEvent[] = []
  const applied = await carryOut(planned, {
    allowed: 'reload',
    emit: (event) => {
      events.push(event)
      if (event.kind === 'notice') on.turn('healthy-3')
    },
  })
  expect(told(events)).toEqual(expect.arrayContaining(['proof', 'notice', 'verdict']))
  expect(events.filter(({ kind }) => kind === 'notice')).toMatchObject([
    { text: expect.stringMatching(/^waiting until the cluster is at rest: /) as string },
  ])
  expect(applied).toMatchObject({ pending: 0, verdict: { health: 'healthy', problems: [] } })
  expect(
    endOf(applied.summary, { standing: applied.verdict ?? { cluster: '', health: 'down', problems: [] } }),
  ).toBe(0)
})

test('what was wrong before does not make a run worse; something new does, and so does a cluster that is down', async () => {
  const read = async (scenario: string) => {
    const { status } = await planOn(stage(scenario), NOTHING)
    if (!status) throw new Error('no status')
    return status
  }
  const [healthy, ill, down] = [
    await read('healthy-3'),
    await read('standby-stopped-3'),
    await read('stopped-3'),
  ]
  expect(isNoWorse(ill, ill)).toBe(true)
  expect(isNoWorse(ill, healthy)).toBe(true)
  expect(isNoWorse(healthy, ill)).toBe(false)
  expect(isNoWorse(down, down)).toBe(false)
})

test('what decides about the cluster is read from all of it, whatever the limit; only its hosts are locked and changed', async () => {
  const on = stage('healthy-3', { limit: ['pg2'] })
  const whole = await planOn(stage('healthy-3'), FROM_THE_PRIMARY)
  const planned = await planOn(on, FROM_THE_PRIMARY, true)
  const primary = whole.status?.primary
  expect(primary).not.toBe('pg2')
  expect(planned.status?.primary).toBe(primary)
  expect(planned.status?.hosts.filter(({ reachable }) => !reachable)).toEqual([])
  const ahead = await keptLock(planned, true)
  await carryOut(planned, { allowed: 'reload', emit: () => undefined, ...(ahead && { ahead }) })
  const run = (name: string, word: string) =>
    on.sent
      .get(name)
      ?.batches.flat()
      .filter(({ argv }) => argv.includes(word)) ?? []
  expect(run('pg2', 'tell').map(({ argv }) => argv)).toEqual([['tell', primary, primary]])
  for (const other of ['pg1', 'pg3']) {
    expect([...run(other, 'tell'), ...run(other, 'hactl-lock')]).toEqual([])
    expect(on.sent.get(other)?.batches.length).toBeGreaterThan(0)
  }
})

test('a limit that hides hosts nobody can read is refused while the cluster does not run without them', async () => {
  const hidden = planOn(stage('bare-3', { limit: ['pg2'], lost: ['pg1', 'pg3'] }), FROM_THE_PRIMARY)
  await expect(hidden).rejects.toBeInstanceOf(HactlError)
  await expect(hidden).rejects.toMatchObject({
    exit: EXIT.refused,
    diagnostics: [{ code: 'refused/part-of-cluster', detail: 'pg1: no answer\npg3: no answer' }],
  })
})

test('a limit beside a lost standby is carried out while the cluster runs', async () => {
  const whole = await planOn(stage('healthy-3'), NOTHING)
  const standbys = (whole.status ? membersOf(whole.status) : [])
    .filter(({ role }) => role === 'standby')
    .map(({ name }) => name)
  const on = stage('healthy-3', { limit: standbys.slice(0, 1), lost: standbys.slice(1, 2) })
  const planned = await planOn(on, NOTHING)
  expect(planned.status?.primary).toBe(whole.status?.primary)
})
