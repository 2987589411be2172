import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DrillResult } from '../../../../src/cluster/drill/result.ts'
import { drillMarkdown } from '../../../../src/report/drill/markdown.ts'

const result = JSON.parse(
  readFileSync(join(import.meta.dirname, 'captured/three-runs.json'), 'utf8'),
) as DrillResult

const page = drillMarkdown(result, 'Three runs')

test('a page says what was proved, a row for each scenario, and how to do it again', () => {
  const lines = page.split('\n')
  expect(lines[0]).toBe('# Three runs')
  expect(lines[2]).toMatch(/^\*\*0 of [\d,]+ acknowledged writes lost in 3 runs: at most 63 %/)
  const rows = lines.filter((line) => line.startsWith('| `'))
  expect(rows.map((line) => line.split('|')[1]?.trim())).toEqual(
    result.scenarios.map(({ scenario }) => `\`${scenario}\``),
  )
  expect(page).toContain(`hactl drill SCENARIO ${result.again.join(' ')}`)
})

test('what was not as expected is told with what was seen, and cannot end its line', () => {
  const [run] = result.runs
  if (!run) throw new Error('no run')
  const wrong = { ...run, passed: false, checks: [{ what: 'a', ok: false, seen: 'b' }] }
  const told = drillMarkdown({ ...result, runs: [wrong] }, 'x')
  expect(told).toContain(`- \`${run.scenario}\`, run ${run.run}: a: b`)
  const well = drillMarkdown({ ...result, runs: [{ ...run, passed: true }] }, 'x')
  expect(well).not.toContain('Not as expected')
})
