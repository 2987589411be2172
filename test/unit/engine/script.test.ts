import { expect, test } from 'vitest'
import type { RunOptions } from '../../../src/engine/context.ts'
import type { Registry } from '../../../src/engine/module.ts'
import { command } from '../../../src/modules/command.ts'
import { lab, registry } from './harness.ts'

const withCommand: Registry = {
  ...registry,
  modules: new Map([...registry.modules, ['command', command]]),
}
const SCRIPT = '#!/bin/sh\n# What it is for.\necho "$1"\n'
const lookup: RunOptions['lookup'] = (kind, name) =>
  kind === 'file' && name === 'site/say.sh' ? { path: `/site/files/${name}`, text: SCRIPT } : undefined

const task = (body: string): string =>
  `  - name: p\n    hosts: all\n    tasks:\n      - name: t\n        command:\n${body}`

test('a command that is a file runs in a shell on the host, without its comments, with its arguments', async () => {
  const { go, transports } = lab('a')
  const body = `          run: { script: site/say.sh, args: ['{{ color }}', '{{ port }}', '{{ on }}'] }\n`
  const vars = { port: 5432, on: true }
  const { errors, lines } = await go(task(body), { registry: withCommand, lookup, vars })
  expect(errors).toEqual([])
  expect(lines).toEqual(['a command[say] changed'])
  const sent = transports
    .get('a')
    ?.batches.flat()
    .map(({ argv }) => argv)
  expect(sent).toContainEqual(['sh', '-c', 'echo "$1"', 'say', 'of-a', '5432', 'true'])
})

test('a guard may be a file too', async () => {
  const { go } = lab('a')
  const body = `          run: [write, x, "1"]\n          unless: { script: site/say.sh, args: [x] }\n`
  const { lines } = await go(task(body), { registry: withCommand, lookup })
  expect(lines).toEqual(['a command[write x 1] ok'])
})

test('a script that does not exist is named with its place; arguments that are no text are refused', async () => {
  const { go } = lab('a')
  const none = await go(task(`          run: { script: site/sya.sh }\n`), { registry: withCommand, lookup })
  expect(none.errors[0]).toMatchObject({ code: 'playbook/no-source', at: { line: 8 } })
  const wrong = await go(task(`          run: { script: site/say.sh, args: ['{{ list }}'] }\n`), {
    registry: withCommand,
    lookup,
    vars: { list: ['a'] },
  })
  expect(wrong.errors[0]?.code).toMatch(/^playbook\//)
})

test('what a task registered without a change decides in a plan as in an apply', async () => {
  const { go, cells } = lab('a')
  cells.get('a')?.set('first', 'v')
  const plays = `  - name: p
    hosts: all
    tasks:
      - name: first
        cell: { key: first, value: v }
        register: first
      - name: then
        when: { var: first.state.value, is: v }
        cell: { key: then, value: v }
      - name: not then
        when: { var: first.state.value, is: w }
        cell: { key: not, value: v }
`
  const wanted = ['a cell[first] ok', 'a cell[then] changed', 'a cell skipped']
  const plan = await go(plays, { mode: 'plan' })
  expect(plan.errors).toEqual([])
  expect(plan.lines).toEqual(wanted)
  expect(cells.get('a')?.has('then')).toBe(false)
  expect((await go(plays)).lines).toEqual(wanted)
})
