import { expect, test } from 'vitest'
import { Secret } from '../../../src/lib/secret.ts'
import { decodeAnswer } from '../../../src/transport/answer.ts'
import { decodeProgress, encodeBatch } from '../../../src/transport/frames.ts'

const MARK = 'abcd'

test('a request is a header, the commands with short input, then the other bodies byte for byte', () => {
  const long = 'x'.repeat(65_537)
  const { header, script, bodies } = encodeBatch(
    7,
    [
      { argv: ['cat'], stdin: new Secret('hid') },
      { argv: ['id', '-u', "it's"], as: 'postgres', env: { A: 'x y' } },
      { argv: ['cd', '/'], okCodes: [0, 2] },
      { argv: ['cat'], stdin: Buffer.from([0, 255]) },
      { argv: ['cat'], stdin: long },
      { argv: ['cat'], stdin: new Secret('a\0b') },
    ],
    true,
  )
  expect(header.toString()).toBe(`B 7 ${script.length} 3:2 4:65537 5:3\n`)
  expect(script.toString()).toBe(
    "F=1\n_i hid && 'cat' <$d/i.$i.$k >>$O 2>>$E;_z $?\n" +
      `_a postgres 'env' A='x y' 'id' -u 'it'\\''s' >>$O 2>>$E;_z $?\n` +
      "'env' 'cd' / >>$O 2>>$E;_z $? 0,2\n" +
      "'cat' <$d/i.$i.$k >>$O 2>>$E;_z $?\n".repeat(3),
  )
  expect(bodies.map(String)).toEqual([String(Buffer.from([0, 255])), long, 'a\0b'])
})

test('an inline script is evaluated by a fork with its arguments and variables, and by a shell of its own for others', () => {
  const command = {
    argv: ['sh', '-c', 'echo "$1$A"', 'name', "it's"],
    inline: true,
    env: { A: 'x y' },
  } as const
  expect(encodeBatch(1, [command, { ...command, as: 'postgres' }], false).script.toString()).toBe(
    "(export A='x y'\nset -- 'it'\\''s'\necho \"$1$A\"\n) >>$O 2>>$E;_z $?\n" +
      `_a postgres 'env' A='x y' 'sh' -c 'echo "$1$A"' name 'it'\\''s' >>$O 2>>$E;_z $?\n`,
  )
})

test('an answer is taken apart by its marks; what lies between them is dropped', () => {
  const answer = `motd\n${MARK}h\n${MARK}<\nout\nputs${MARK}o0\nlate bytes${MARK}<\nerr${MARK}e1\n${MARK}d7 0 143t 2l\n`
  expect(decodeAnswer(Buffer.from(answer), MARK)).toEqual([
    { code: 0, hit: false, lost: false, stdout: 'out\nputs', stderr: '' },
    { code: 143, hit: true, lost: false, stdout: '', stderr: 'err' },
    { code: 2, hit: false, lost: true, stdout: '', stderr: '' },
  ])
})

test.each([
  ['/run/.hactl-0a1b/p: 7: /run/.hactl-0a1b/b: foo: not found\n', 'foo: not found\n'],
  ['/dev/shm/.hactl-0a1b/b: line 3: foo: command not found\n', 'foo: command not found\n'],
])('the path of the runner is no part of a message: %s', (raw, shown) => {
  const answer = Buffer.from(`${MARK}<\n${raw}${MARK}e0\n${MARK}d1 127\n`)
  expect(decodeAnswer(answer, MARK)[0]?.stderr).toBe(shown)
})

test('progress is read from the last mark of stderr', () => {
  expect(decodeProgress(`noise\n${MARK}p3\nnoise ${MARK}p12\n`, MARK)).toBe(12)
  expect(decodeProgress('noise', MARK)).toBeUndefined()
})

test.each([
  [{ argv: [] }, /without a program/],
  [{ argv: ['a\0b'] }, /NUL byte/],
  [{ argv: ['id'], as: 'a b' }, /not an account name/],
  [{ argv: ['id'], env: { 'A B': '' } }, /not a variable name/],
])('nonsense of a caller is a bug: %o', (command, message) => {
  expect(() => encodeBatch(1, [command as never], false)).toThrow(message)
})
