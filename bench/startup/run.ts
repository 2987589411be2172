/**
 * Start-up of what needs no host: hactl --version and --help against an empty Node, in turns.
 *
 *   npm run bench:startup -- [--runs 21]
 *
 * Needs a built hactl.
 */
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({ options: { runs: { type: 'string', default: '21' } } })
const MAIN = join(resolve(import.meta.dirname, '../..'), 'dist/cli/main.js')
const CASES: Readonly<Record<string, readonly string[]>> = {
  'node -e 0': ['-e', '0'],
  'hactl --version': [MAIN, '--version'],
  'hactl --help': [MAIN, '--help'],
  'hactl apply --help': [MAIN, 'apply', '--help'],
}

interface Sample {
  readonly wall: number
  readonly cpu: number
}

/** Milliseconds of one start, and the CPU it took. */
function start(args: readonly string[]): Sample {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>&1'
  const before = performance.now()
  const { stderr, status } = spawnSync('bash', ['-c', script, 'bench', process.execPath, ...args], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${args.join(' ')}: exit ${status}`)
  const [, user = 0, system = 0] = stderr.trim().split(' ').map(Number)
  return { wall: performance.now() - before, cpu: (user + system) * 1000 }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0

const samples = new Map<string, Sample[]>(Object.keys(CASES).map((name) => [name, []]))
for (const args of Object.values(CASES)) start(args)
for (let run = 0; run < Number(options.runs); run++) {
  for (const [name, args] of Object.entries(CASES)) samples.get(name)?.push(start(args))
}
const medians = [...samples].map(([name, list]) => ({
  name,
  wall: median(list.map((sample) => sample.wall)),
  cpu: median(list.map((sample) => sample.cpu)),
}))
const [empty] = medians
console.log('| what | wall ms | × node -e 0 | CPU ms |\n| --- | --- | --- | --- |')
for (const { name, wall, cpu } of medians) {
  const ratio = wall / (empty?.wall ?? 1)
  console.log(`| ${name} | ${wall.toFixed(0)} | ${ratio.toFixed(2)} | ${cpu.toFixed(0)} |`)
}
