import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { catalogOf } from '../../../src/cluster/doctor/diagnose.ts'
import type { Finding } from '../../../src/cluster/doctor/finding.ts'
import { doctorText } from '../../../src/report/doctor-text.ts'
import { plainPaint } from '../../../src/report/paint.ts'
import { STACKS } from '../../../src/stacks/index.ts'
import { captures, diagnosisOf, doctorOf } from './replay.ts'

const ROOT = join(import.meta.dirname, '../../..')

const flat = (findings: readonly Finding[]): readonly Finding[] =>
  findings.flatMap((finding) => [finding, ...flat(finding.consequences)])

const everyFinding = [...captures.values()].flatMap((capture) => flat(diagnosisOf(capture).findings))

describe('staged incidents', () => {
  const right: string[] = []

  test.each([...captures])('%s: the first verdict is right', (name, capture) => {
    const [first] = diagnosisOf(capture).findings
    expect(first?.code ?? '').toBe(capture.code)
    right.push(name)
  })

  test('the first verdict is right in at least 23 of 25', () => {
    process.stdout.write(`      first verdicts: ${right.length} of ${captures.size} right\n`)
    expect(captures.size).toBeGreaterThanOrEqual(25)
    expect(right.length / captures.size).toBeGreaterThanOrEqual(0.92)
  })

  test('every finding names what was read, and where', () => {
    const bare = everyFinding.filter(({ evidence }) => evidence.length === 0)
    expect([...new Set(bare.map(({ code }) => code))]).toEqual([])
  })

  test('no command is of unknown risk, and what can lose data says so', () => {
    const commands = everyFinding.flatMap(({ next }) => next)
    expect(commands.length).toBeGreaterThan(20)
    expect(commands.filter(({ about }) => /does not know/.test(about))).toEqual([])
    const loses = commands.filter(({ command }) => /accept-data-loss|run failover/.test(command))
    expect(loses.filter(({ risk }) => risk !== 'can-lose-data')).toEqual([])
  })

  test('two primaries: the rows each side alone has are counted by table', () => {
    const found = [...captures.values()].filter(({ code }) => code === 'primary/two')
    expect(found.length).toBeGreaterThan(0)
    for (const capture of found) {
      const [first] = diagnosisOf(capture).findings
      expect(first?.atRisk?.join('\n')).toMatch(/7 rows of postgres\.doctor_rows/)
      expect(first?.atRisk?.join('\n')).toMatch(/3 rows of postgres\.doctor_rows/)
    }
  })

  test('who keeps silent towards Corosync for the sake of the others is explained by the cut', () => {
    const capture = captures.get('pacemaker-standbys-cut-apart')
    const [first] = capture ? diagnosisOf(capture).findings : []
    const silent = first?.consequences.find(({ code }) => code === 'node/silent')
    expect(silent?.evidence[0]?.saw).toMatch(/expires \d+s/)
  })

  test('the text of a diagnosis fits 80 columns but for commands, and says everything', () => {
    for (const capture of captures.values()) {
      const diagnosis = diagnosisOf(capture)
      const text = doctorText(diagnosis, { width: 80, paint: plainPaint })
      const words = text.replaceAll(/\s+/g, ' ')
      for (const { code, next } of flat(diagnosis.findings)) {
        expect(words).toContain(`(${code})`)
        for (const { command } of diagnosis.findings.flatMap((each) => each.next))
          expect(text).toContain(command)
        expect(next).toBeDefined()
      }
    }
  })

  test('the JSON of a diagnosis is what the published schema says', () => {
    const schema = JSON.parse(readFileSync(join(ROOT, 'schemas/doctor.schema.json'), 'utf8')) as object
    const validate = new Ajv({ strict: false }).compile(schema)
    for (const capture of captures.values()) {
      expect(
        validate(JSON.parse(JSON.stringify(diagnosisOf(capture)))),
        JSON.stringify(validate.errors),
      ).toBe(true)
    }
  })

  test('no secret is in a capture', () => {
    for (const [name, capture] of captures) {
      expect(JSON.stringify(capture), name).not.toMatch(/SCRAM-SHA-256\$\d|password=[^ .*…\\]|PRIVATE KEY/)
    }
  })
})

/** Every code that a rule or a status can say, found in the sources. */
function codesIn(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/drill|check|init|codes|run-|modules/.test(name))
    .flatMap((name) => {
      const text = readFileSync(join(ROOT, folder, name), 'utf8')
      return [
        ...text.matchAll(/(?:critical|warning|say|said)\(\s*'([a-z]+\/[a-z-]+)'/g),
        ...text.matchAll(/code: (?:\w+ \? )?'([a-z]+\/[a-z-]+)'(?: : '([a-z]+\/[a-z-]+)')?/g),
        ...text.matchAll(/^\s+\['([a-z]+\/[a-z-]+)', \//gm),
      ].flatMap(([, ...found]) => found.filter((code) => code !== undefined))
    })
}

describe('the catalog', () => {
  test.each(STACKS.filter(({ doctor }) => doctor).map(({ name }) => [name]))(
    'every code that the doctor of %s can say has its meaning and its cure',
    (name) => {
      const known = new Set(catalogOf(doctorOf(name)).map(({ code }) => code))
      const said = new Set([...codesIn(`src/stacks/${name}`), ...codesIn('src/cluster/doctor')])
      expect(said.size).toBeGreaterThan(30)
      expect([...said].filter((code) => !known.has(code))).toEqual([])
      expect(known.size).toBe(catalogOf(doctorOf(name)).length)
    },
  )
})
