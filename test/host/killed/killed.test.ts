import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { poll } from '../../../src/lib/poll.ts'
import { build, MAIN, removeBuild } from '../../cli/spawn.ts'
import { patient } from '../../patience.ts'

/** Kills in a row before an apply may come to its end, and how often: a hundred kills with HACTL_KILL_ROUNDS=10. */
const [IN_A_ROW, ROUNDS] = [10, Number(process.env['HACTL_KILL_ROUNDS'] ?? 3)]
/** Many runs, one after the other; each has a deadline of its own. */
const HOUR = 3_600_000
const FILES = 12
/** Longer than what one write of a shell or of the kernel takes over at once; few lines, because each run compares them. */
const [LINES, WORDS] = [8, 700]

let dir = ''
let book = ''
let inventory = ''

beforeAll(() => {
  build()
  dir = mkdtempSync(join(tmpdir(), 'hactl-killed-'))
  book = join(dir, 'book.yml')
  inventory = join(dir, 'inventory.yml')
  writeFileSync(inventory, 'all: { hosts: { here: { ansible_connection: local } } }\n')
})
afterAll(() => {
  removeBuild()
  rmSync(dir, { recursive: true })
})

const out = (name = ''): string => join(dir, 'out', name)
const textOf = (version: number): string => `${`version ${version} `.repeat(WORDS)}\n`.repeat(LINES)
const versionOf = (text: string): number => Number(/^version (\d+) /.exec(text)?.[1])

/** Files of a version, a step after every third that takes a moment, and a handler that must follow upon the last file. */
function writeBook(version: number): void {
  const file = (index: number): string => `
      - name: File ${index}
        copy: { path: ${out(`file${index}`)}, content: '{{ text }}' }
        notify: Told`
  const step = (index: number): string => `
      - name: Step ${index}
        command:
          run: [sh, -c, 'sleep 0.03; echo ${version} >"$1.new" && mv "$1.new" "$1"', step, ${out(`step${index}`)}]
          unless: [grep, -qx, '${version}', ${out(`step${index}`)}]`
  const tasks = Array.from(
    { length: FILES },
    (_, index) => file(index) + (index % 3 === 2 ? step(index) : ''),
  )
  writeFileSync(
    book,
    `name: Steps
plays:
  - name: Files and steps
    hosts: all
    vars: { text: ${JSON.stringify(textOf(version))} }
    tasks:
      - name: A folder
        directory: { path: ${out()} }${tasks.join('')}
    handlers:
      - name: Told
        command: { run: [cp, ${out(`file${FILES - 1}`)}, ${out('told')}] }
`,
  )
}

const journals = (): readonly string[] => {
  const folder = join(dir, '.hactl/journal')
  return existsSync(folder) ? readdirSync(folder) : []
}

function start(verb: 'apply' | 'plan', ...args: readonly string[]) {
  const argv = [MAIN, verb, inventory, '--playbook', book, ...args]
  return execa(process.execPath, argv, { reject: false, timeout: patient(60_000), all: true })
}

const passed = (until: number): Promise<unknown> =>
  poll(async () => (performance.now() >= until ? true : undefined), {
    timeoutMs: until - performance.now() + 60_000,
    intervalMs: 1,
  })

/** Kills an apply so long after its journal has begun; false when it has ended before. */
async function killAfter(ms: number): Promise<boolean> {
  const before = journals().length
  const run = start('apply', '--yes')
  const begun = await poll(async () => (journals().length > before ? true : undefined), {
    timeoutMs: patient(30_000),
    intervalMs: 1,
  })
  expect(begun, 'the run has begun').toBe(true)
  await passed(performance.now() + ms)
  const killed = run.kill('SIGKILL')
  const { signal } = await run
  return killed && signal === 'SIGKILL'
}

/** Every managed file is absent or one whole version; never half of one. */
function expectWhole(newest: number): void {
  for (const name of existsSync(out()) ? readdirSync(out()).filter((each) => /^file\d+$/.test(each)) : []) {
    const text = readFileSync(out(name), 'utf8')
    const version = versionOf(text)
    expect(version, name).toBeLessThanOrEqual(newest)
    expect(text === textOf(version), `${name} is not a whole version ${version}`).toBe(true)
  }
}

async function expectEnds(version: number): Promise<void> {
  const ended = await start('apply', '--yes')
  expect(ended.exitCode, ended.all).toBe(0)
  const plan = await start('plan', '--exit-code')
  expect(plan.exitCode, plan.all).toBe(0)
  const names = [...Array.from({ length: FILES }, (_, index) => `file${index}`), 'told']
  expect(names.filter((name) => readFileSync(out(name), 'utf8') !== textOf(version))).toEqual([])
  expect(readdirSync(out()).filter((name) => !/^(file|step)\d+$|^told$/.test(name))).toEqual([])
}

test(
  `${IN_A_ROW * ROUNDS} controllers killed, ${IN_A_ROW} in a row: no file is ever half written, and the next apply ends the work`,
  async () => {
    let version = 1
    writeBook(version)
    const began = performance.now()
    await expectEnds(version)
    // The run is about half of it; a busy machine makes it longer, and then the kills are early.
    const span = (performance.now() - began) / 3
    let killed = 0
    for (let round = 0; round < ROUNDS; round++) {
      for (let kill = 0; kill < IN_A_ROW; kill++) {
        writeBook(++version)
        if (await killAfter((span * (kill * ROUNDS + round)) / (IN_A_ROW * ROUNDS))) killed++
        expectWhole(version)
      }
      await expectEnds(version)
    }
    process.stdout.write(`      measured: killed before their end: ${killed} of ${IN_A_ROW * ROUNDS}\n`)
    expect(killed).toBeGreaterThan((IN_A_ROW * ROUNDS) / 2)
  },
  HOUR,
)
