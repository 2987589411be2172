import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { diffLines, unifiedDiff } from '../../../src/report/diff.ts'

const words = fc.array(fc.constantFrom('a', 'b', 'c', 'd', ''), { maxLength: 30 })

test('an edit script turns the old lines into the new ones', () => {
  fc.assert(
    fc.property(words, words, (a, b) => {
      const edits = diffLines(a, b)
      expect(edits.filter((edit) => edit.kind !== '+').map((edit) => edit.text)).toEqual(a)
      expect(edits.filter((edit) => edit.kind !== '-').map((edit) => edit.text)).toEqual(b)
    }),
  )
})

/** Length of the longest common subsequence, the slow way. */
const common = (a: readonly string[], b: readonly string[]): number => {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0))
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++)
      table[i]![j] =
        a[i - 1] === b[j - 1] ? table[i - 1]![j - 1]! + 1 : Math.max(table[i - 1]![j]!, table[i]![j - 1]!)
  return table[a.length]![b.length]!
}

test('an edit script is the shortest one', () => {
  fc.assert(
    fc.property(words, words, (a, b) => {
      expect(diffLines(a, b).filter((edit) => edit.kind === ' ')).toHaveLength(common(a, b))
    }),
  )
})

test('patch applies what unifiedDiff writes', () => {
  if (spawnSync('patch', ['--version']).error) return
  const dir = mkdtempSync(join(tmpdir(), 'hactl-diff-'))
  const text = fc
    .tuple(
      fc.array(fc.constantFrom('one', 'two', 'three', ''), { minLength: 1, maxLength: 25 }),
      fc.boolean(),
    )
    .map(([lines, newline]) => lines.join('\n') + (newline ? '\n' : ''))
  try {
    fc.assert(
      fc.property(text, text, (from, to) => {
        const diff = unifiedDiff(from, to)
        expect(diff.length === 0).toBe(from === to)
        if (diff.length === 0 || from === '' || to === '') return
        writeFileSync(join(dir, 'file'), from)
        const input = `--- file\n+++ file\n${diff.join('\n')}\n`
        const patched = execFileSync('patch', ['--quiet', '-o', '-', join(dir, 'file')], { input })
        expect(patched.toString()).toBe(to)
      }),
      { numRuns: 40 },
    )
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test('a hunk carries its line numbers and three lines of context', () => {
  const from = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`).join('\n') + '\n'
  expect(unifiedDiff(from, from.replace('line 10\n', 'line ten\n'))).toEqual([
    '@@ -7,7 +7,7 @@',
    ' line 7',
    ' line 8',
    ' line 9',
    '-line 10',
    '+line ten',
    ' line 11',
    ' line 12',
    ' line 13',
  ])
})

test('ten thousand different lines are compared', () => {
  const big = (word: string): string[] => Array.from({ length: 10_000 }, (_, index) => `${word} ${index}`)
  expect(diffLines(big('a'), big('b'))).toHaveLength(20_000)
})
