import { expect, test } from 'vitest'
import { lab } from './harness.ts'

const play = (tasks: string, more = ''): string => `  - name: p\n    hosts: all\n${more}    tasks:\n${tasks}`
const cell = (key: string, value: string, more = ''): string =>
  `      - name: cell ${key}\n        cell: { key: ${key}, value: "${value}" }\n${more}`

test('a plan sends nothing that writes, and its round trips are the depth of its readings', async () => {
  const { go, cells } = lab('a')
  const tasks = Array.from({ length: 40 }, (_, i) => cell(`k${i}`, 'v')).join('')
  const plan = await go(play(tasks), { mode: 'plan' })
  expect(plan.summary).toMatchObject({ changed: 40, outcome: 'done' })
  expect(plan.trips).toEqual({ a: 1 })
  expect(cells.get('a')?.size).toBe(0)
})

test('forty changes that do not touch each other take two round trips, a second apply one', async () => {
  const { go } = lab('a', 'b')
  const tasks = Array.from({ length: 40 }, (_, i) => cell(`k${i}`, 'v')).join('')
  const first = await go(play(tasks))
  expect(first.summary).toMatchObject({ changed: 80, ok: 0 })
  expect(first.trips).toEqual({ a: 2, b: 2 })
  const second = await go(play(tasks))
  expect(second.summary).toMatchObject({ changed: 0, ok: 80 })
  expect(second.trips).toEqual({ a: 1, b: 1 })
})

test('several plays with nothing to do still take one round trip', async () => {
  const { go } = lab('a')
  await go(play(cell('x', '1')) + play(cell('y', '2')) + play(cell('z', '3')))
  expect((await go(play(cell('x', '1')) + play(cell('y', '2')) + play(cell('z', '3')))).trips).toEqual({
    a: 1,
  })
})

test('a change that may touch anything costs one round trip, with what must be read again riding along', async () => {
  const { go } = lab('a')
  const open = (key: string): string => `      - name: ${key}\n        open: { key: ${key}, value: v }\n`
  const { trips, lines } = await go(play(open('x') + open('y') + open('z')))
  expect(lines).toEqual(['a open[x] changed', 'a open[y] changed', 'a open[z] changed'])
  expect(trips).toEqual({ a: 4 })
})

test('on one host the proof rides behind the last change: everything is read there, also what was in place', async () => {
  const { go, cells, sessions } = lab('a')
  cells.get('a')?.set('there', '1')
  const kept = sessions()
  const tasks = cell('there', '1') + cell('x', '1') + '      - name: o\n        open: { key: o, value: v }\n'
  const first = await go(play(tasks), { sessions: kept })
  expect([first.summary.changed, first.trips]).toEqual([2, { a: 2 }])
  expect(kept.get('a')?.prober.isComplete()).toBe(true)
  const proof = await go(play(tasks), { sessions: kept, mode: 'plan' })
  expect([proof.summary.changed, proof.summary.ok, proof.trips]).toEqual([0, 3, { a: 0 }])
})

test('the proof is read anew after a handler, after a failure, and when another host may have interfered', async () => {
  const handlers = '    handlers:\n      - name: note\n        event: { key: handled, value: v }\n'
  const open = '      - name: o\n        open: { key: o, value: v }\n'
  const complete = async (names: readonly string[], plays: string): Promise<(boolean | undefined)[]> => {
    const { go, sessions } = lab(...names)
    const kept = sessions()
    await go(plays, { sessions: kept })
    return names.map((name) => kept.get(name)?.prober.isComplete())
  }
  expect(await complete(['a', 'b'], play(cell('x', '1')))).toEqual([true, true])
  expect(await complete(['a', 'b'], play(open))).toEqual([false, false])
  expect(await complete(['a'], play(cell('x', 'FULL')))).toEqual([false])
  expect(await complete(['a'], play(cell('x', '1')) + play(cell('y', '1')))).toEqual([true])
  const notified = play(cell('x', '1', '        notify: note\n')) + handlers
  expect(await complete(['a'], notified)).toEqual([true])
  expect(await complete(['a'], notified + play(cell('y', '1')))).toEqual([true])
})

test('a task that reads what an earlier one changes is read after it', async () => {
  const { go } = lab('a')
  const tasks = `${cell('base', '1')}      - name: needs base\n        cell: { key: top, value: v, needs: base }\n`
  const plan = await go(play(tasks), { mode: 'plan' })
  expect(plan.lines).toEqual(['a cell[base] changed', 'a cell[top] unknown'])
  const apply = await go(play(tasks))
  expect(apply.lines).toEqual(['a cell[base] changed', 'a cell[top] changed'])
})

const add = (value: string, more = ''): string =>
  `      - name: add ${value}\n        append: { key: log, value: ${value}${more} }\n`

test('tasks that change the same thing travel together when each foretells what it leaves', async () => {
  const { go, cells } = lab('a')
  const tasks =
    cell('x', '1') + cell('x', '2') + cell('y', '1') + add('one') + add('two') + add('three') + add('two')
  const { summary, trips, lines } = await go(play(tasks))
  expect(summary).toMatchObject({ outcome: 'done', changed: 6, ok: 1 })
  expect(lines.at(-1)).toBe('a append[log] ok')
  expect(cells.get('a')?.get('log')).toBe('one,two,three')
  // Reading; x; x again, which foretells nothing, with all that follows.
  expect(trips).toEqual({ a: 3 })
})

test('tasks that change the same thing follow each other when one does not foretell', async () => {
  const { go, cells } = lab('a')
  const blind = ', needs: blind'
  const { summary, trips } = await go(play(add('one') + add('two', blind) + add('three') + add('four')))
  expect(summary).toMatchObject({ outcome: 'done', changed: 4 })
  expect(cells.get('a')?.get('log')).toBe('one,two,three,four')
  expect(trips).toEqual({ a: 3 })
})

test('what cannot be read although nothing is going to change is an error, in a plan too', async () => {
  const { go } = lab('a')
  const tasks = '      - name: needs base\n        cell: { key: top, value: v, needs: base }\n'
  const { summary, errors } = await go(play(tasks), { mode: 'plan' })
  expect(summary.outcome).toBe('failed')
  expect(errors[0]).toMatchObject({ code: 'task/not-ready', summary: 'cannot be read: base is not there' })
})

test('what a task outside the plan brings about counts for what follows it', async () => {
  const { go, cells } = lab('a')
  const tasks =
    '      - name: base\n        check: false\n        cell: { key: base, value: v }\n' +
    '      - name: needs base\n        cell: { key: top, value: v, needs: base }\n'
  const plan = await go(play(tasks), { mode: 'plan' })
  expect(plan.summary).toMatchObject({ outcome: 'done', changed: 0, unknown: 1 })
  expect((await go(play(tasks))).summary).toMatchObject({ outcome: 'done', changed: 2 })
  expect(cells.get('a')?.get('top')).toBe('v')
})

test('a state that does not come about is not-converged and stops the host', async () => {
  const { go, cells } = lab('a', 'b')
  const { summary, lines, errors } = await go(play(cell('stubborn', '1') + cell('later', '1')))
  expect(summary.outcome).toBe('failed')
  expect(errors[0]?.code).toBe('task/not-converged')
  expect(lines.filter((line) => line.endsWith('skipped'))).toHaveLength(2)
  // It travelled in the same batch: it was sent, but is not reported as done.
  expect(cells.get('a')?.get('later')).toBe('1')
})

test('a failed step stops its host; the others finish', async () => {
  const { go, cells } = lab('a', 'b')
  const tasks = '      - name: x\n        cell: { key: x, value: "{{ v }}" }\n' + cell('after', '1')
  const plays = `  - name: p\n    hosts: [a, b]\n    vars: { values: { a: FULL, b: fine }, v: "{{ default (lookup values inventory_hostname) \\"ok\\" }}" }\n    tasks:\n${tasks}`
  const { summary, errors } = await go(plays)
  expect(summary).toMatchObject({ outcome: 'failed', failed: 1 })
  expect(errors[0]).toMatchObject({
    code: 'task/command-failed',
    detail: 'write error: No space left on device',
  })
  expect(errors[0]?.hint).toMatch(/disk is full/)
  expect(cells.get('a')?.has('after')).toBe(false)
  expect(cells.get('b')?.get('after')).toBe('1')
})

test('steps that fail are sent again within `retry`, and what stands behind them waits', async () => {
  const busy = (retry: string) =>
    play(
      `      - name: busy\n        retry: ${retry}\n        cell: { key: busy, value: "1" }\n${cell('after', '1')}`,
    )
  const early = lab('a')
  early.cells.get('a')?.set('refusals', '1')
  const { summary, lines, errors } = await early.go(busy('5s'))
  expect(errors).toEqual([])
  expect(summary).toMatchObject({ outcome: 'done', changed: 2, failed: 0 })
  expect(lines).toEqual(['a cell[busy] changed', 'a cell[after] changed'])
  const never = lab('a')
  never.cells.get('a')?.set('refusals', '1000')
  const late = await never.go(busy('1s'))
  expect(late.errors[0]).toMatchObject({ code: 'task/command-failed', detail: 'not possible now' })
  expect(never.cells.get('a')?.has('after')).toBe(false)
  expect(Number(never.cells.get('a')?.get('refusals'))).toBeLessThan(999)
})

test('handlers run once at the end, also when a later task fails', async () => {
  const { go, cells } = lab('a')
  const tasks =
    cell('one', '1', '        notify: note\n') +
    cell('two', '2', '        notify: note\n') +
    cell('stubborn', 'x')
  const handlers = '    handlers:\n      - name: note\n        event: { key: handled, value: yes-it-is }\n'
  const { lines, summary } = await go(play(tasks) + handlers)
  expect(lines.filter((line) => line === 'a event[handled] changed')).toHaveLength(1)
  expect(lines.at(-1)).toBe('a event[handled] changed')
  expect(cells.get('a')?.get('handled')).toBe('yes-it-is')
  expect(summary.outcome).toBe('failed')
})

test('a handler that an earlier run still owed runs although nothing changes now', async () => {
  const { go, cells } = lab('a')
  cells.get('a')?.set('one', '1')
  const handlers = '    handlers:\n      - name: note\n        event: { key: handled, value: v }\n'
  const owed = new Map([['a', [{ play: 'p', handler: 'note' }]]])
  const { lines } = await go(play(cell('one', '1', '        notify: note\n')) + handlers, { owed })
  expect(lines).toEqual(['a cell[one] ok', 'a event[handled] changed'])
})

test('a change is announced on the host before it is made, when a handler depends on it', async () => {
  const { go, transports } = lab('a')
  const handlers = '    handlers:\n      - name: note\n        event: { key: handled, value: v }\n'
  await go(play(cell('one', '1', '        notify: note\n')) + handlers, { stateDir: '/run/hactl/x' })
  const batch = transports
    .get('a')
    ?.batches.find((commands) => commands.some(({ argv }) => argv[0] === 'write'))
  expect(batch?.[0]?.argv.slice(-2)).toEqual(['/run/hactl/x', 'p\tnote'])
  expect(batch?.[1]?.argv).toEqual(['write', 'one', '1'])
})

test('serial takes the hosts in batches, handlers included', async () => {
  const { go } = lab('a', 'b', 'c')
  const handlers = '    handlers:\n      - name: note\n        event: { key: handled, value: v }\n'
  const { lines } = await go(play(cell('x', '1', '        notify: note\n'), '    serial: 1\n') + handlers)
  expect(lines.map((line) => line.slice(0, 8))).toEqual([
    'a cell[x',
    'a event[',
    'b cell[x',
    'b event[',
    'c cell[x',
    'c event[',
  ])
})

test('any_errors_fatal stops the next batch', async () => {
  const { go, cells } = lab('a', 'b')
  const { summary } = await go(play(cell('stubborn', '1'), '    serial: 1\n    any_errors_fatal: true\n'))
  expect(summary.failed).toBe(1)
  expect(cells.get('b')?.size).toBe(0)
})

test('run_once runs on the first host, behind a barrier, and shares its result', async () => {
  const { go, cells } = lab('a', 'b')
  const once =
    '      - name: once\n        run_once: true\n        cell: { key: once, value: v }\n        register: once\n'
  const { summary, errors } = await go(play(cell('x', '1') + once + cell('y', '{{ once.status }}')))
  expect(errors).toEqual([])
  expect(summary.outcome).toBe('done')
  expect(cells.get('a')?.get('once')).toBe('v')
  expect(cells.get('b')?.has('once')).toBe(false)
  expect(cells.get('b')?.get('y')).toBe('changed')
})

test('a result decides in a later play, though that one was read before it was there', async () => {
  const { go, cells } = lab('a')
  const second = `  - name: second
    hosts: all
    tasks:
      - name: then
        when: { var: first.changed, is: true }
        cell: { key: then, value: v }
`
  const first = '      - name: first\n        cell: { key: first, value: v }\n        register: first\n'
  const { errors } = await go(play(first) + second)
  expect(errors).toEqual([])
  expect(cells.get('a')?.get('then')).toBe('v')
})

test('variables of the command line win over those of the play', async () => {
  const { go, cells } = lab('a')
  const text = play('      - { name: a, cell: { key: a, value: "{{ v }} {{ color }}" } }\n').replace(
    '    tasks:',
    "    vars: { v: '{{ color }}' }\n    tasks:",
  )
  await go(text, { extraVars: { v: 'mine', color: 'red' } })
  expect(cells.get('a')?.get('a')).toBe('mine red')
})

test('loop, when, tags and start-at choose what runs', async () => {
  const { go } = lab('a')
  const tasks = `      - name: each
        cell: { key: "{{ item.key }}", value: v }
        loop: [{ key: l1 }, { key: l2 }]
        tags: [loops]
      - name: only green
        cell: { key: green, value: v }
        when: { var: color, is: green }
      - name: by fact
        cell: { key: byfact, value: v }
        when: [{ fact: the.color, in: [blue] }, { not: { var: color, is: green } }]
`
  const { lines } = await go(play(tasks))
  expect(lines).toEqual(['a cell[l1] changed', 'a cell[l2] changed', 'a cell skipped', 'a cell skipped'])
  expect((await go(play(tasks), { tags: ['loops'] })).lines).toHaveLength(2)
  expect((await go(play(tasks), { startAt: 'by fact' })).lines).toEqual(['a cell skipped'])
})

test('delegate_to runs the steps elsewhere with the variables of the host', async () => {
  const { go, cells } = lab('a', 'b')
  const task =
    '      - name: there\n        delegate_to: b\n        cell: { key: "from-{{ inventory_hostname }}", value: v }\n'
  await go(play(task))
  expect([...(cells.get('b')?.keys() ?? [])]).toEqual(expect.arrayContaining(['from-a', 'from-b']))
  expect(cells.get('a')?.size).toBe(0)
})

test('an impact that was not agreed to is refused before anything is sent', async () => {
  const { go, cells } = lab('a')
  const { summary, errors } = await go(play('      - name: x\n        open: { key: x, value: v }\n'), {
    allowed: 'reload',
  })
  expect(summary.outcome).toBe('refused')
  expect(errors[0]).toMatchObject({
    code: 'refused/impact',
    hint: 'run it again with --allow restart-primary',
  })
  expect(cells.get('a')?.size).toBe(0)
})

test('on a busy host an action is waited for behind its deadline, which is told, and costs no round trip more', async () => {
  const { go, cells, transports } = lab('a')
  cells.get('a')?.set('load', 'some avg10=99.00 avg60=9.00 avg300=9.00 total=1\n')
  const text = `
  - hosts: all
    tasks:
      - name: The door opens
        wait: { key: door, value: open }
`
  const { summary, events } = await go(text, {
    emit: (event) => {
      if (event.kind === 'task-wait' && event.slow === 'busy') cells.get('a')?.set('door', 'open')
    },
  })
  expect(summary.outcome).toBe('done')
  expect(events).toEqual([])
  const looks = transports.get('a')?.batches.filter((batch) => batch.some(({ argv }) => argv[0] === 'read'))
  expect(looks).toHaveLength(transports.get('a')?.batches.length ?? 0)
})

test('an action that stands still says what was seen last, under the name of its task', async () => {
  const { go } = lab('a')
  const { errors, events } = await go(`
  - hosts: all
    tasks:
      - name: The door opens
        wait: { key: door, value: open }
`)
  expect(errors).toMatchObject([
    { code: 'task/deadline', on: { task: 'The door opens' }, detail: 'seen last: door is [null]' },
  ])
  expect(events.filter(({ kind }) => kind === 'task-wait')).toMatchObject([{ seen: 'door is [null]' }])
})

test('patience multiplies how long an action is waited for', async () => {
  const { go } = lab('a')
  const text = `
  - hosts: all
    tasks: [{ name: The door opens, wait: { key: door, value: open } }]
`
  const seconds = async (patience: number) => {
    const { errors } = await go(text, { patience })
    return Number(/within (\d+) s/.exec(errors[0]?.summary ?? '')?.[1])
  }
  expect(await seconds(1)).toBeLessThan(await seconds(4))
})

test('an action that does not come about fails at its deadline', async () => {
  const { go } = lab('a')
  const { errors } = await go(play('      - name: w\n        wait: { key: never, value: v }\n'))
  expect(errors[0]?.code).toBe('task/deadline')
})

test('a host without a session counts as unreachable; a play that needs all hosts does not start', async () => {
  const { go, cells } = lab('a')
  const failures = new Map([
    ['z', { severity: 'error', code: 'ssh/unreachable', summary: 'z is gone' } as const],
  ])
  const select = () => ['a', 'z']
  const soft = await go(play(cell('x', '1')), { failures, select })
  expect(soft.summary).toMatchObject({ outcome: 'unreachable', changed: 1, unreachable: 1 })
  const strict = await go(play(cell('y', '1'), '    any_errors_fatal: true\n'), { failures, select })
  expect(strict.summary.changed).toBe(0)
  expect(cells.get('a')?.has('y')).toBe(false)
})

test('a first Ctrl-C stops before the next batch', async () => {
  const { go, cells } = lab('a')
  const stop = new AbortController()
  stop.abort()
  const { summary } = await go(play(cell('x', '1')), { soft: stop.signal })
  expect(summary.outcome).toBe('interrupted')
  expect(cells.get('a')?.size).toBe(0)
})
