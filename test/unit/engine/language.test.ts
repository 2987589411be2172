import { expect, test } from 'vitest'
import { HactlError, type Diagnostic } from '../../../src/diag/diagnostic.ts'
import { lab } from './harness.ts'

const play = (tasks: string, head = 'hosts: all'): string =>
  `  - ${head}\n    tasks:\n${tasks.replaceAll(/^(?=.)/gm, '      ')}\n`

const wrote = 'event: { key: a, value: "1" }'

/** What is wrong with a playbook before anything is contacted. */
async function problems(text: string): Promise<readonly Diagnostic[]> {
  const one = lab('one')
  const error: unknown = await one.go(text).catch((each: unknown) => each)
  expect(one.transports.get('one')?.batches).toEqual([])
  if (error instanceof HactlError) return error.diagnostics
  throw new Error('the playbook loaded', { cause: error })
}

test.each([
  ['{ var: color, equals: false }', 'unknown word "equals"', 'did you mean "is"?'],
  ['{ vra: color, is: x }', 'unknown word "vra"', 'did you mean "var"?'],
  ['{ var: color }', 'compared with nothing', 'add is: true'],
  ['{ var: color, fact: the.color, is: x }', 'two subjects', 'either'],
  ['[color]', 'is text', 'write { var: color, is: true }'],
  ['"color == \'x\'"', 'is text', 'write { var: color, is: x }'],
  ['"{{ x is defined }}"', 'is text', 'write { var: x, defined: true }'],
  ['{ all: { var: color, is: x } }', 'must be a list', 'write all: ['],
  ['{ any: [{ var: color, is: x }], is: 5 }', 'stands beside "any"', 'condition of its own'],
  ['{ var: color, in: x }', '"in" must be a list', 'in: [a, b]'],
  ['{ var: color, gte: x }', '"gte" must be a number', 'gte: 5'],
  ['{ var: color, defined: x }', 'true or false', 'defined: true'],
  ['{ var: color, toString: x }', 'unknown word "toString"', 'words of a condition'],
  ['{ not: [{ var: color, isnt: x }] }', 'unknown word "isnt"', 'did you mean'],
  ['{ fact: the.colour, is: x }', 'no fact called "the.colour"', 'did you mean "the.color"?'],
  ['5', 'a condition is a map', 'write { var'],
])('when: %s is refused with its place before anything is contacted', async (when, summary, hint) => {
  const [found, ...more] = await problems(play(`- name: t\n  when: ${when}\n  ${wrote}`))
  expect(more).toEqual([])
  expect(found?.summary).toContain(summary)
  expect(found?.hint).toContain(hint)
  expect(found?.at?.line).toBe(6)
  expect(found?.at?.col).toBeGreaterThan(14)
})

test('an unknown variable in a condition is an error with its place, in plan and apply', async () => {
  for (const mode of ['plan', 'apply'] as const) {
    for (const when of [
      '{ var: colour, is_not: x }',
      '{ var: groups.every, is: [x] }',
      '{ not: { var: colour, is: 1 } }',
    ]) {
      const one = lab('one')
      const { errors, summary } = await one.go(play(`- name: t\n  when: ${when}\n  ${wrote}`), { mode })
      expect(errors).toMatchObject([{ code: 'playbook/unknown-variable', at: { line: 6 } }])
      expect(summary.outcome).toBe('failed')
      expect(one.cells.get('one')?.get('a')).toBeUndefined()
    }
  }
})

test('what may be missing is asked for with defined', async () => {
  const one = lab('one')
  const { lines } = await one.go(
    play(
      `- name: t\n  when: { var: nope, defined: true, is: 5 }\n  ${wrote}\n- name: u\n  when: { any: [{ var: nope, defined: false }, { var: nope, is: 5 }] }\n  cell: { key: b, value: "2" }`,
    ),
  )
  expect(lines).toEqual(['one event skipped', 'one cell[b] changed'])
})

test('a loop over a result waits for it, in plan and apply', async () => {
  const text = play(
    `- name: list\n  event: { key: a, value: "x" }\n  register: c\n- name: each\n  loop: "{{ split c.stdout ' ' }}"\n  cell: { key: "{{ item }}", value: "1" }`,
  )
  const planned = await lab('one').go(text, { mode: 'plan' })
  expect(planned.lines).toEqual(['one event[a] changed', 'one cell unknown'])
  expect(planned.summary.outcome).toBe('done')
  const one = lab('one')
  const { lines, summary } = await one.go(text)
  expect(summary.outcome).toBe('done')
  expect(lines).toEqual(['one event[a] changed', 'one cell[wrote] changed', 'one cell[a] changed'])
})

test('a loop registers its results, in order, also an empty one', async () => {
  const text = (loop: string): string =>
    play(
      `- name: all\n  loop: ${loop}\n  cell: { key: "{{ item }}", value: "1" }\n  register: r\n- name: use\n  loop: "{{ r.results }}"\n  append: { key: sum, value: "{{ item.item }}={{ item.status }}" }\n- name: end\n  when: { var: r.changed, is: true }\n  cell: { key: end, value: "1" }`,
    )
  const one = lab('one')
  one.cells.get('one')?.set('y', '1')
  const { summary } = await one.go(text('[x, y, z]'))
  expect(summary.outcome).toBe('done')
  expect(one.cells.get('one')?.get('sum')).toBe('x=changed,y=ok,z=changed')
  expect(one.cells.get('one')?.get('end')).toBe('1')
  const empty = lab('one')
  const again = await empty.go(text('[]'))
  expect(again.summary.outcome).toBe('done')
  expect(empty.cells.get('one')?.get('end')).toBeUndefined()
})

test('numbers become texts where a text is wanted, lists and maps are errors with their place', async () => {
  const one = lab('one')
  const value = (text: string): string => play(`- name: t\n  cell: { key: a, value: "${text}" }`)
  expect((await one.go(value('{{ n }}'), { vars: { n: 15 } })).summary.outcome).toBe('done')
  expect(one.cells.get('one')?.get('a')).toBe('15')
  for (const n of [[1], { a: 1 }, null]) {
    const { errors } = await lab('one').go(value('{{ n }}'), { vars: { n } })
    expect(errors).toMatchObject([{ code: 'playbook/wrong-type', at: { line: 6, col: 32 } }])
  }
})

test('a failure that is ignored is told and stops nothing', async () => {
  const one = lab('one')
  const { summary, lines, events } = await one.go(
    play(
      `- name: fill\n  cell: { key: a, value: FULL }\n  ignore_errors: true\n  register: r\n- name: b\n  cell: { key: b, value: "1" }\n- name: c\n  when: { var: r.failed, is: true }\n  cell: { key: c, value: "1" }`,
    ),
  )
  expect(summary).toMatchObject({ outcome: 'done', failed: 0 })
  expect(lines).toEqual(['one cell[a] skipped', 'one cell[b] changed', 'one cell[c] changed'])
  expect(events).toContainEqual(expect.objectContaining({ kind: 'notice', level: 'warning' }))
})

test('failed_when decides in place of the exit code', async () => {
  const one = lab('one')
  const good = play(
    `- name: t\n  event: { key: a, value: FULL }\n  timeout: 1s\n  failed_when: { var: result.stderr, matches: nothing-like-it }`,
  )
  const { errors } = await one.go(good)
  expect(errors.map((each) => each.code)).not.toContain('task/command-failed')
  const bad = play(
    `- name: t\n  cell: { key: a, value: "1" }\n  failed_when: { var: result.stdout, matches: "^wrote" }`,
  )
  expect((await lab('one').go(bad)).errors).toMatchObject([{ code: 'task/failed-when', at: { line: 7 } }])
})

const BLOCK = `- name: careful
  block:
    - name: a
      cell: { key: a, value: "1" }
    - name: full
      cell: { key: x, value: VALUE }
    - name: b
      cell: { key: b, value: "1" }
  rescue:
    - name: mend
      cell: { key: mended, value: "1" }
  always:
    - name: end
      cell: { key: end, value: "1" }
- name: go on
  cell: { key: after, value: "1" }`

test('a block that fails is rescued and the host goes on', async () => {
  const one = lab('one')
  const { summary, lines } = await one.go(play(BLOCK.replace('VALUE', 'FULL')))
  expect(lines).toEqual([
    'one cell[a] changed',
    'one cell[x] skipped',
    'one cell[mended] changed',
    'one cell[end] changed',
    'one cell[after] changed',
  ])
  expect(summary.outcome).toBe('done')
})

test('a block that does not fail needs no rescue; its always runs', async () => {
  const { lines } = await lab('one').go(play(BLOCK.replace('VALUE', '"1"')))
  expect(lines.join()).not.toContain('mended')
  expect(lines.join()).toContain('cell[end] changed')
})

test('without a rescue the always runs, then the host stops', async () => {
  const one = lab('one')
  const text = play(BLOCK.replace('VALUE', 'FULL').replace(/ {2}rescue:\n.*\n.*\n/, ''))
  const { summary } = await one.go(text)
  expect(summary.outcome).toBe('failed')
  expect(one.cells.get('one')?.get('end')).toBe('1')
  expect(one.cells.get('one')?.get('after')).toBeUndefined()
})

test('serial takes per cent and lists', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const order = async (serial: string): Promise<string> => {
    const { lines } = await lab(...names).go(
      play(
        '- name: t\n  cell: { key: k, value: "1" }\n- name: u\n  event: { key: e, value: "1" }',
        `hosts: all\n    serial: ${serial}`,
      ),
    )
    return lines.map((line) => line[0]).join('')
  }
  expect(await order('[1, "50%"]')).toMatch(/^aa[bcd]{6}[ef]{4}$/)
  expect(await order('"10%"')).toBe('aabbccddeeff')
  expect(await problems(play(`- name: t\n  ${wrote}`, 'hosts: all\n    serial: "0%"'))).not.toEqual([])
})

test.each([
  ['become: true', 'become', 'as: NAME'],
  ['shell: x', 'shell', 'command: { run'],
  ['apt: { name: x }', 'apt', 'package'],
  ['vars: { x: 1 }', 'vars', 'vars: in the play'],
  ['until: x', 'until', 'retry: 60s'],
  ['ansible.builtin.cell: { key: a, value: b }', 'ansible.builtin.cell', 'write cell:'],
  ['ansible.builtin.shell: x', 'ansible.builtin.shell', 'command: { run'],
  ['fail: { msg: x }', 'fail', 'assert'],
])('the word of Ansible in "%s" is named with ours', async (line, word, hint) => {
  const [found] = await problems(play(`- name: t\n  ${line}`))
  expect(found).toMatchObject({ code: 'playbook/foreign-word', summary: `"${word}" is a word of Ansible` })
  expect(found?.hint).toContain(hint)
})

test('words of Ansible in a play, in arguments and around the plays', async () => {
  const [inPlay] = await problems(play(`- name: t\n  ${wrote}`, 'hosts: all\n    gather_facts: false'))
  expect(inPlay?.hint).toContain('facts are read when they are named')
  expect((await problems(play('- name: t\n  toString: {}')))[0]?.code).toBe('playbook/unknown-module')
  expect((await problems(play('- name: t\n  constructor: {}')))[0]?.code).toBe('playbook/unknown-module')
})

test('a tag, a task to start at or a loop that names nothing is an error', async () => {
  const text = play(`- name: set a\n  tags: [data]\n  ${wrote}`)
  const refused = async (options: object): Promise<Diagnostic | undefined> => {
    const error: unknown = await lab('one')
      .go(text, options)
      .catch((each: unknown) => each)
    return error instanceof HactlError ? error.diagnostics[0] : undefined
  }
  expect(await refused({ tags: ['dat'] })).toMatchObject({ hint: 'did you mean "data"?' })
  expect(await refused({ skipTags: ['dat'] })).toMatchObject({ hint: 'did you mean "data"?' })
  expect(await refused({ startAt: 'set b' })).toMatchObject({ hint: 'did you mean "set a"?' })
  const { lines } = await lab('one').go(text, { skipTags: ['data'] })
  expect(lines).toEqual([])
  const { events } = await lab('one').go(play(`- name: t\n  loop: "{{ color }}"\n  ${wrote}`))
  expect(events).toContainEqual(
    expect.objectContaining({
      kind: 'host-failed',
      error: expect.objectContaining({ at: expect.objectContaining({ line: 6 }) }),
    }),
  )
  expect(events.some((event) => event.kind === 'host-unreachable')).toBe(false)
})
