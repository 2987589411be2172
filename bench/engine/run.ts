/**
 * Compares hactl with the floor (one `ssh host sh < script` a host, side by side), Ansible with pipelining and Ansible
 * with Mitogen on the same lab hosts in one run: 40 tasks, first converge and nothing to do.
 *
 *   npm run bench:engine                 everything, about 15 minutes
 *   npm run bench:engine -- --short      floor and hactl, each cell a few times, about 4 minutes
 *
 * Options: [--sizes 1,10,30] [--latencies 0,20] [--runs 5, with 30 hosts 3] [--engines floor,floor-sync,hactl,ansible,mitogen]
 * [--slow-runs 1] [--slow-cells 1x0,10x0,30x0] [--lab NAME of a running lab] [--hactl FILE] [--keep].
 * Ansible and Mitogen take minutes on many hosts: they run only in the slow cells, and converge by themselves
 * only on one host; elsewhere the floor has put their state in place. One that fails, or takes longer than 15 minutes for
 * one run, is left out and told on standard error; the exit code is then 1.
 *
 * Needs root, a built hactl, and for the other engines Debian's packages ansible and ansible-mitogen.
 */
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { missingPackages, timed, undo, type Bench, type Sample } from './engines.ts'
import { files } from './generate.ts'
import { must, openLab, slowNetwork, type Node } from './hosts.ts'
import { rowOf, table, type Row } from './table.ts'

const MANY_HOSTS = 30
const ROOT = resolve(import.meta.dirname, '../..')
const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    sizes: { type: 'string', default: '1,10,30' },
    latencies: { type: 'string', default: '0,20' },
    runs: { type: 'string' },
    engines: { type: 'string' },
    'slow-runs': { type: 'string', default: '1' },
    'slow-cells': { type: 'string', default: '1x0,10x0,30x0' },
    lab: { type: 'string' },
    hactl: { type: 'string', default: join(ROOT, 'dist/cli/main.js') },
    keep: { type: 'boolean', default: false },
  },
})
/** Many hosts take long and scatter less. */
const runsOn = (hosts: number): number =>
  Number(options.runs ?? (options.short ? 3 : 5) - (hosts >= MANY_HOSTS ? 2 : 0))
const engines = (
  options.engines ?? (options.short ? 'floor,hactl' : 'floor,floor-sync,hactl,ansible,mitogen')
).split(',')
const sizes = options.sizes.split(',').map(Number)
const slowCells = new Set(options['slow-cells'].split(','))
const SLOW = new Set(['ansible', 'mitogen'])

const missing = missingPackages(engines)
if (missing.length > 0) {
  console.error(`these packages are missing: apt-get install -y ${missing.join(' ')}`)
  console.error('or leave their engines out: --engines floor,floor-sync,hactl')
  process.exit(2)
}

const work = mkdtempSync(join(tmpdir(), 'hactl-bench-'))
for (const [name, make] of Object.entries(files)) {
  mkdirSync(dirname(join(work, name)), { recursive: true })
  writeFileSync(join(work, name), make())
}

const samples = new Map<string, Sample[]>()
const rows: Row[] = []

function add(phase: string, engine: string, sample: Sample): void {
  samples.set(`${phase} ${engine}`, [...(samples.get(`${phase} ${engine}`) ?? []), sample])
}

/** All engines in turns, so that what else the machine does hits all alike. */
function measure(bench: Bench, latency: number, nodes: readonly Node[]): void {
  samples.clear()
  for (let round = 0; round < runsOn(nodes.length); round++) {
    for (const engine of engines.filter((each) => !SLOW.has(each))) {
      undo(bench, nodes)
      add('first', engine, timed(bench, engine, nodes))
      if (round === 0) timed(bench, engine, nodes)
      add('no-op', engine, timed(bench, engine, nodes))
    }
  }
  if (slowCells.has(`${nodes.length}x${latency}`)) measureSlow(bench, nodes)
  for (const phase of ['no-op', 'first']) {
    for (const engine of engines) {
      const list = samples.get(`${phase} ${engine}`)
      if (!list) continue
      const row = rowOf({ phase, hosts: nodes.length, latency, engine }, list)
      rows.push(row)
      const { wall, cpu, hostsCpu } = row
      const cell = `${phase}, ${nodes.length} hosts, ${latency} ms, ${engine}`
      console.error(`${cell}: ${wall.toFixed(2)} s, cpu ${cpu.toFixed(2)} s, hosts ${hostsCpu.toFixed(2)} s`)
    }
  }
}

/** An engine that fails here costs its rows, not those of the others. */
function measureSlow(bench: Bench, nodes: readonly Node[]): void {
  for (const engine of engines.filter((each) => SLOW.has(each))) {
    try {
      for (let round = 0; round < Number(options['slow-runs']); round++) {
        undo(bench, nodes)
        if (nodes.length === 1) add('first', engine, timed(bench, engine, nodes))
        else timed(bench, 'floor', nodes)
        add('no-op', engine, timed(bench, engine, nodes))
      }
    } catch (error) {
      process.exitCode = 1
      console.error(
        `${nodes.length} hosts, ${engine}: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }
}

const name = options.lab ?? 'bench'
const made = options.lab === undefined
let relay: ChildProcess | undefined
try {
  const lab = openLab(options.hactl, name, Math.max(...sizes), made, work)
  const bench = { lab, work, hactl: options.hactl }
  for (const latency of options.latencies.split(',').map(Number)) {
    let { nodes } = lab
    if (latency > 0) ({ nodes, relay } = await slowNetwork(lab, latency, ROOT))
    for (const size of sizes) measure(bench, latency, nodes.slice(0, size))
    relay?.kill()
  }
} finally {
  relay?.kill()
  rmSync(work, { recursive: true, force: true })
  if (made && !options.keep) must(['node', options.hactl, 'lab', 'down', name])
}
console.log(table(rows))
