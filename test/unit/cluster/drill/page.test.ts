import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DrillResult, RunResult } from '../../../../src/cluster/drill/result.ts'
import { summarize } from '../../../../src/cluster/drill/summary.ts'
import { axisOf } from '../../../../src/report/drill/outage-bars.ts'
import { drillPage } from '../../../../src/report/drill/page.ts'
import { happenings, scalesOf, timelineOf } from '../../../../src/report/drill/timeline.ts'

/** Two drills of a lab on a machine with a load of 30; one run of each scenario, its time line cut after 90 s. */
const result = JSON.parse(
  readFileSync(join(import.meta.dirname, 'captured/two-drills.json'), 'utf8'),
) as DrillResult

const VOID = new Set(['meta', 'link', 'br', 'hr', 'img', 'input', '!doctype'])
/** Elements that SVG lets end themselves. */
const TAG = /<(\/?)([a-zA-Z!][\w-]*)((?:\s+[\w:-]+(?:="[^"]*")?)*)\s*(\/?)>/g

interface Element {
  readonly name: string
  readonly attributes: readonly (readonly [string, string])[]
}

/** The elements of a page in order. Throws where it is not well-formed: an open element, a stray `<`. */
function elementsOf(page: string): readonly Element[] {
  const bare = page.replaceAll(/(<(script|style)\b[^>]*>)[\s\S]*?(<\/\2>)/g, '$1$3')
  const open: string[] = []
  const found = [...bare.matchAll(TAG)].flatMap(([, end, given = '', attributes = '', closed]): Element[] => {
    const name = given.toLowerCase()
    if (end === '/') {
      if (open.pop() !== name) throw new Error(`</${name}> ends something else`)
      return []
    }
    if (!VOID.has(name) && closed !== '/') open.push(name)
    const pairs = [...attributes.matchAll(/([\w:-]+)(?:="([^"]*)")?/g)]
    return [{ name, attributes: pairs.map(([, key = '', value = '']) => [key, value] as const) }]
  })
  if (open.length > 0) throw new Error(`not ended: ${open.join(' ')}`)
  if (/[<]/.test(bare.replaceAll(TAG, ''))) throw new Error('a < that begins no element')
  return found
}

const values = (page: string, attribute: string): readonly string[] =>
  elementsOf(page).flatMap(({ attributes }) =>
    attributes.flatMap(([key, value]) => (key === attribute ? [value] : [])),
  )

const names = (page: string): readonly string[] => elementsOf(page).map(({ name }) => name)

const texts = (page: string, name: string): readonly string[] =>
  [...page.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, 'g'))].map(([, text = '']) => text)

const sha = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

const page = drillPage(result)

/** What a reader sees, without tags. */
const seen = (html: string): string =>
  html
    .replaceAll(/<(script|style)\b[\s\S]*?<\/\1>/g, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&mdash;', '—')
    .replaceAll(/\s+/g, ' ')

/** A result with one run changed and its sums made anew. */
const withRun = (change: (run: RunResult) => Partial<RunResult>): DrillResult => {
  const runs = result.runs.map((run, at) => (at === 0 ? { ...run, ...change(run) } : run))
  return { ...result, ...summarize(runs) }
}

test('the page is well-formed, and refers to nothing outside itself', () => {
  expect(names(page)).toContain('table')
  expect(
    names(page).filter((name) => ['link', 'img', 'iframe', 'object', 'base', 'form'].includes(name)),
  ).toEqual([])
  expect(values(page, 'src')).toEqual([])
  const ids = new Set(values(page, 'id').map((id) => `#${id}`))
  expect(values(page, 'href').filter((href) => !ids.has(href))).toEqual([])
  expect(
    [...page.matchAll(/url\(([^)]*)\)/g)].map(([, url]) => url).filter((url) => url !== '#merged'),
  ).toEqual([])
  expect(page).not.toMatch(/@import|sourceMappingURL/)
})

test('its policy allows its own styles and scripts by their hashes, and nothing else', () => {
  const policy = elementsOf(page)
    .flatMap(({ attributes }) => attributes)
    .find(([key, value]) => key === 'content' && value.includes('default-src'))?.[1]
  expect(policy).toBe(
    [
      "default-src 'none'",
      `style-src ${texts(page, 'style').map(sha).join(' ')}`,
      `script-src ${texts(page, 'script').map(sha).join(' ')}`,
      "base-uri 'none'",
      "form-action 'none'",
    ].join('; '),
  )
  expect(texts(page, 'script')).toHaveLength(2)
  // A policy of hashes forbids both.
  const keys = elementsOf(page).flatMap(({ attributes }) => attributes.map(([key]) => key))
  expect(keys.filter((key) => key === 'style' || key.startsWith('on'))).toEqual([])
})

test('nothing that comes from outside becomes markup', () => {
  const hostile = `</script><img src=x onerror=alert(1)>"'<!--&`
  const poison = (value: unknown): unknown => {
    if (typeof value === 'string') return `${value}${hostile}`
    if (Array.isArray(value)) return value.map(poison)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [`${key}`, poison(each)]))
  }
  const spoil = (run: RunResult): RunResult => ({
    ...run,
    scenario: `${run.scenario}${hostile}`,
    primary: hostile,
    after: hostile,
    ledger: hostile,
    checks: run.checks.map(({ what, ok }) => ({ what: `${what}${hostile}`, ok, seen: hostile })),
    errors: { [hostile]: 3 },
    members: run.members.map((sample) => ({ ...sample, host: `${sample.host}${hostile}` })),
    readers: run.readers.map((reader) => ({ ...reader, reader: hostile })),
    rejoin: { ms: 1, helped: [hostile] },
  })
  const bad: DrillResult = {
    ...result,
    by: hostile,
    cluster: hostile,
    stack: hostile,
    lab: hostile,
    merged: (result.merged ?? []).map((origin) => ({
      ...origin,
      settings: poison(origin.settings) as typeof origin.settings,
      environment: poison(origin.environment) as typeof origin.environment,
      command: [hostile],
      again: [hostile],
    })),
    ...summarize(result.runs.map(spoil)),
  }
  const text = drillPage(bad)
  expect(names(text)).not.toContain('img')
  expect(text).not.toMatch(/<img|<!--/)
  const data = /<script type="application\/json" id="runs">([\s\S]*?)<\/script>/.exec(text)?.[1] ?? ''
  expect(JSON.parse(data)).toHaveLength(2)
  expect((JSON.parse(data) as { lanes: { host: string }[] }[])[0]?.lanes[0]?.host).toContain(hostile)
})

test('the verdict comes first, then what failed, then the scenarios', () => {
  const text = seen(page)
  expect(text).toMatch(
    /✗ 1 of 2 runs not as expected 0 of [\d,]+ acknowledged writes lost 1 of 2 runs as expected/,
  )
  const order = [
    'Not as expected',
    'writes go on within 30 s — after 32.3 s',
    'Scenarios',
    'Conditions',
    'Words',
  ]
  const places = order.map((words) => text.indexOf(words))
  expect(places).toEqual(places.toSorted((a, b) => a - b))
  expect(places[0]).toBeGreaterThan(0)
  expect(page).toContain('<code>hactl drill switchover inventory.yml</code>')
  expect(text).toContain('synchronous_standby_names')
  expect(text).toMatch(/pg1, pg2, pg3 Debian GNU\/Linux 12/)
})

test('a run that lost writes names the first twenty, and every other wrong', () => {
  const lost = Array.from({ length: 25 }, (_, at) => ({
    id: 4000 + at,
    kind: 'row' as const,
    worker: 1,
    sentAt: 1_795_000_000_000,
    server: '1795184357012700',
    answeredAt: 1_795_000_000_002,
  }))
  const bad = withRun((run) => ({
    passed: false,
    checks: [{ what: 'no acknowledged write is lost', ok: false, seen: '25 acknowledged writes are lost' }],
    verdicts: { rejoin: { ...run.verdicts.rejoin!, lost, duplicates: [7] } },
    divergences: [{ member: 'pg2', missing: [1, 2], extra: [], different: ['counter 3'] }],
    addressClashes: [{ hosts: ['pg1', 'pg2'], from: run.faultAt! + 1000, to: run.faultAt! + 5700 }],
  }))
  const text = seen(drillPage(bad))
  expect(text).toMatch(/25 of [\d,]+ acknowledged writes lost/)
  expect(text).toContain('no acknowledged write is lost — 25 acknowledged writes are lost')
  expect(text).toContain('Lost writes, at the end: 25 acknowledged and absent')
  expect(text).toMatch(/ 4019 row .* 5 more are in the ledger/)
  expect(text).not.toMatch(/ 4020 row/)
  expect(text).toContain('Writer address on pg1 and pg2 from +1.00 s to +5.70 s: 4.70 s')
  expect(text).toContain('Duplicate writes 7')
  expect(text).toContain('pg2 lacks 1, 2')
  expect(text).toContain('Different on pg2 counter 3')
})

test('a drill that was cut short says so, although none of its runs failed', () => {
  const runs = result.runs.filter(({ passed }) => passed)
  const text = seen(
    drillPage({ ...result, ...summarize(runs), passed: false, stopped: 'pg1 cannot be reached' }),
  )
  expect(text).toMatch(/✗ Cut short after 1 run .* It ended before its last run: pg1 cannot be reached/)
  expect(seen(drillPage({ ...result, ...summarize(runs) }))).toMatch(/✔ As expected: 1 run /)
})

test('a run is drawn from its first write, with the silence at its end', () => {
  const [run] = result.runs
  if (!run) throw new Error('no run')
  const acknowledged = [0, 0, 3, 10, 10, 0, 0, 0]
  const quiet = {
    ...run,
    series: { from: 1000, stepMs: 100, acknowledged, failed: acknowledged.map(() => 0) },
    faultAt: 1400,
  }
  const line = timelineOf(quiet, result.addresses)
  expect(line).toMatchObject({ from: -200, to: 400, acknowledged: [3, 10, 10, 0, 0, 0] })
})

test('runs of a scenario share one scale, which holds the longest and the highest of them', () => {
  const lines = result.runs.map((run) => timelineOf(run, result.addresses))
  const scales = scalesOf(lines)
  for (const { from, to, acknowledged } of lines) {
    expect(scales.from).toBeLessThanOrEqual(from)
    expect(scales.to).toBeGreaterThanOrEqual(to)
    expect(scales.most).toBeGreaterThanOrEqual(Math.max(...acknowledged))
  }
})

test('what happened is told in order, with who was primary and where the writer address was', () => {
  const run = result.runs.find(({ scenario }) => scenario === 'kill-postgres')
  if (!run) throw new Error('no such run')
  const told = happenings(run, timelineOf(run, result.addresses))
  expect(told.map(({ at }) => at)).toEqual(told.map(({ at }) => at).toSorted((a, b) => a - b))
  const words = told.map(({ text }) => text)
  const inOrder = [
    'fault',
    'the cluster noticed',
    'it began to promote',
    'the new primary was open',
    'first write acknowledged again',
    'healed',
  ]
  expect(words.filter((text) => inOrder.includes(text))).toEqual(inOrder)
  expect(words).toContain('pg1 no longer has the writer address')
  expect(words.some((text) => text.startsWith('pg3 is primary'))).toBe(true)
})

test.each([90, 250, 1000, 4800, 5000, 22_825, 57_600, 600_000])(
  'an axis of %i ms begins at 0 and ends at a round number',
  (ms) => {
    const { step, steps } = axisOf(ms)
    expect(step * steps * 1000).toBeGreaterThanOrEqual(ms)
    expect(step * (steps - 1) * 1000).toBeLessThan(Math.max(ms, 100))
    expect(steps).toBeLessThanOrEqual(5)
  },
)
