import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DrillResult } from '../../../../src/cluster/drill/result.ts'
import { summarize } from '../../../../src/cluster/drill/summary.ts'
import { drillJunit } from '../../../../src/report/drill-junit.ts'
import { drillText } from '../../../../src/report/drill-text.ts'
import { plainPaint } from '../../../../src/report/paint.ts'
import { checkSchema } from '../../../../src/schema/validate.ts'
import { parseYaml } from '../../../../src/schema/yaml.ts'

/** A drill of a lab on a machine with a load of 25; its time lines are cut short. */
const FILE = join(import.meta.dirname, 'captured/three-runs.json')
const TEXT = readFileSync(FILE, 'utf8')
const result = JSON.parse(TEXT) as DrillResult

test('a real result keeps the published schema, and a wrong one does not', () => {
  const schema = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../../../schemas/drill.schema.json'), 'utf8'),
  ) as object
  const { where } = parseYaml(TEXT, 'three-runs.json')
  const check = (data: unknown) => checkSchema(schema, data, { area: 'drill', where })
  expect(check(result)).toEqual([])
  expect(check({ ...result, runs: [{ ...result.runs[0], checks: 'all well' }] })).not.toEqual([])
})

test('the sums are made of the runs', () => {
  const { scenarios, loss, passed } = summarize(result.runs)
  expect({ scenarios, loss, passed }).toEqual({
    scenarios: result.scenarios,
    loss: result.loss,
    passed: result.passed,
  })
  expect(loss).toMatchObject({ runs: 3, withLoss: 0 })
  expect(loss.atMost).toBeCloseTo(0.632, 3)
})

test('the text names each scenario, what failed with what was seen, and what is proved', () => {
  const text = drillText(result, { width: 80, paint: plainPaint, file: 'result.json' })
  expect(text.split('\n')).toEqual([
    '                        runs         lost  ghost  no writes for (p50 / p95)  detect  decide  promote   route   reconnect',
    'kill-postgres           1            0     0      22.8 s / 22.8 s            –       –       (18.4 s)  3.9 s   0.7 s',
    'power-off               1            0     0      17.7 s / 17.7 s            –       –       (12.5 s)  5.4 s   0.2 s',
    'cut-primary-from-peers  1, 1 failed  0     0      29.1 s / 29.1 s            –       –       (16.3 s)  12.7 s  0.4 s',
    '✗ cut-primary-from-peers, run 1: pg1 was primary, pg2 is',
    '    every member holds the same: pg1 unread',
    '    ledger: 003-cut-primary-from-peers.ledger',
    'Did not come back by themselves:',
    '  kill-postgres: repair-standby pg2',
    '  power-off: repair-standby pg3',
    '0 of 25,589 acknowledged writes lost in 3 runs: at most 63 % of runs lose one, at 95 %.',
    'Times in ( ) hold the parts before them too, which could not be told apart.',
    'Result: result.json',
    '',
  ])
})

test('a loss is told in writes, rows and bytes, also where the mode allows it', () => {
  const [run] = result.runs
  if (!run?.verdicts.rejoin) throw new Error('no verdict')
  const lost = (['row', 'multi'] as const).map((kind, id) => ({
    id,
    kind,
    worker: 0,
    sentAt: 1,
    answeredAt: 2,
    server: '1',
  }))
  const wal = {
    member: 'pg1',
    timeline: 2,
    end: '0/5003A28',
    source: 'last look',
    fork: '0/5003000',
    pastFork: 2600,
  }
  const lossy = { ...run, passed: true, verdicts: { rejoin: { ...run.verdicts.rejoin, lost } }, wal }
  const text = drillText({ ...result, runs: [lossy] }, { width: 80, paint: plainPaint, file: 'result.json' })
  expect(text).toContain('Lost in kill-postgres, run 1: 2 acknowledged writes, 4 rows\n')
  expect(text).toContain(
    '    pg1 had 2,600 bytes of WAL past 0/5003000, where timeline 2 was left (end 0/5003A28: last look)\n',
  )
})

test('JUnit has a case for each run and a failure for each that failed', () => {
  const xml = drillJunit(result)
  expect(xml).toContain('tests="3" failures="1"')
  expect(xml.match(/<testcase /g)).toHaveLength(3)
  expect(xml).toContain('<failure message="every member holds the same: pg1 unread">')
  const odd = { ...result, cluster: '<a & "b">' }
  expect(drillJunit(odd)).toContain('classname="&lt;a &amp; &quot;b&quot;&gt;.pacemaker"')
})
