import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { pack, singly, type Sending } from '../../../src/engine/pack.ts'
import { run, type PutStep, type RunStep } from '../../../src/engine/step.ts'
import { reveal } from '../../../src/lib/secret.ts'

const sha = (text: string): string => createHash('sha256').update(text).digest('hex')
const sending = (step: Sending['step'], as?: string): Sending => ({ step, as, timeoutMs: 1000 })
const put = (path: string, more: Partial<PutStep> = {}): Sending =>
  sending({ kind: 'put', path, content: `${path}\n`, expect: 'absent', mode: '0640', ...more })
const dir = (path: string, more: Partial<RunStep> = {}): Sending =>
  sending({ ...run('install', '-d', '-m', '0750', '--', path), joins: true, ...more })
const covered = (...sendings: Sending[]) => pack(sendings).map(({ covers }) => covers)

test('files of one folder, owner and mode are written by one command, whatever their order', () => {
  const parcels = pack([
    put('/etc/a/1'),
    put('/etc/b/1'),
    put('/etc/a/2'),
    put("/etc/a/it's"),
    put('/etc/a/3'),
  ])
  expect(parcels.map(({ covers }) => covers)).toEqual([[0, 2, 4], [1], [3]])
  const [group] = parcels
  expect(group?.command.argv.slice(4)).toEqual(['/etc/a', '0640', '', '', '3', '1', '2', '3'])
  expect(reveal(String(group?.command.stdin))).toBe('••••')
})

test('files of other owners, other modes, a check of their own or without a guard are written alone', () => {
  const mixed = [
    put('/a/1'),
    put('/a/2', { owner: 'x' }),
    put('/a/3', { mode: '0600' }),
    put('/a/4', { validate: ['true', '%s'] }),
    put('/a/5', { expect: sha('old') }),
    put('/a/6', { content: 'a\0b' }),
    put('/a/-'),
    put('/a/b c'),
    put('/a/d\ne'),
  ]
  expect(covered(...mixed)).toEqual(mixed.map((_, index) => [index]))
})

test('two files of a folder are not worth a command of their own', () => {
  expect(covered(put('/a/1'), put('/a/2'))).toEqual([[0], [1]])
})

test('edits of one file that follow each other become the last, guarded by what the first expects', () => {
  const edits = [
    put('/etc/hosts', { content: 'one\n', expect: sha('') }),
    put('/etc/profile', { content: 'x\n', expect: sha('p') }),
    put('/etc/hosts', { content: 'one\ntwo\n', expect: sha('one\n') }),
  ]
  const [hosts, profile] = pack(edits)
  expect(hosts).toMatchObject({ covers: [0, 2], command: { stdin: 'one\ntwo\n' } })
  expect(hosts?.command.argv.slice(5)).toEqual(['/etc/hosts', '', '0640', '', sha('')])
  expect(profile?.covers).toEqual([1])
})

test('a write that does not build on the one before stays a write of its own', () => {
  const second = put('/etc/hosts', { content: 'two\n', expect: sha('something else') })
  expect(covered(put('/etc/hosts'), second)).toEqual([[0], [1]])
})

test('what stands between two edits of a file sees the first', () => {
  const edits = [put('/f', { content: '1' }), sending(run('cat', '/f')), put('/f', { expect: sha('1') })]
  expect(covered(...edits)).toEqual([[0], [1], [2]])
})

test('commands that may be joined are, when they are equal but for what they are given', () => {
  const parcels = pack([
    dir('/a'),
    dir('/a/b'),
    sending(run('touch', '/c')),
    dir('/d'),
    dir('/e', { as: 'x' }),
  ])
  expect(parcels.map(({ covers }) => covers)).toEqual([[0, 1], [2], [3], [4]])
  expect(parcels[0]?.command).toMatchObject({
    argv: ['install', '-d', '-m', '0750', '--', '/a', '/a/b'],
    timeoutMs: 1000,
  })
})

test('singly gives each step the command it has when it is alone', () => {
  const steps = [dir('/a'), dir('/b'), put('/c')]
  expect(singly(steps, [1, 2]).map(({ covers }) => covers)).toEqual([[1], [2]])
  expect(singly(steps, [1])[0]?.command.argv.at(-1)).toBe('/b')
})
