import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from 'vitest'
import type { ClusterStatus } from '../../../src/cluster/status.ts'
import type { EngineEvent, RunSummary, TaskRef, TaskResult } from '../../../src/engine/events.ts'
import type { JournalLine } from '../../../src/engine/journal.ts'
import { poll } from '../../../src/lib/poll.ts'
import { membersOf } from '../../../src/cluster/members.ts'

export const ROOT = resolve(import.meta.dirname, '../../..')
/** The built command line: what a user types. `npm test` builds it before. */
export const MAIN = process.env['HACTL_MAIN'] ?? join(ROOT, 'dist/cli/main.js')
/** Already in the image of labs whose first deploy is not what is tested. */
export const LAYER = [
  'corosync',
  'pacemaker',
  'pacemaker-cli-utils',
  'pcs',
  'resource-agents',
  'postgresql-15',
  'postgresql-client-15',
]
export const VIP = '10.77.0.20'
/** Nothing in these tests takes longer; the machine may be shared. */
const RUN_MS = 1_500_000

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly ms: number
}

export interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  readonly output: () => string
}

/** Starts a program; it is killed at its deadline. */
export function start(argv: readonly string[], stdin = '', timeoutMs = RUN_MS): Started {
  const began = performance.now()
  const [program = '', ...args] = argv
  const child = spawn(program, args, { cwd: ROOT, env: { ...process.env, TERM: 'dumb', NO_COLOR: '1' } })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin.on('error', () => undefined).end(stdin)
  const deadline = setTimeout(() => {
    stderr += `\nstill running after ${timeoutMs / 1000} s: ${argv.join(' ')}\n`
    child.kill('SIGKILL')
  }, timeoutMs)
  const ended = new Promise<Ended>((done) => {
    child.once('close', (code) => {
      clearTimeout(deadline)
      done({ code, stdout, stderr, ms: Math.round(performance.now() - began) })
    })
  })
  return { child, ended, output: () => stdout + stderr }
}

const hactlArgv = (args: readonly string[]): readonly string[] => [process.execPath, MAIN, ...args]

/** Runs hactl to its end. */
export const hactl = (...args: readonly string[]): Promise<Ended> => start(hactlArgv(args)).ended

/** Runs hactl and fails the test with its output when the exit code is another. */
export async function must(code: number, ...args: readonly string[]): Promise<Ended> {
  const ended = await hactl(...args)
  expectCode(ended, code)
  return ended
}

export function expectCode(ended: Ended, code: number): void {
  const said = `${ended.stdout}\n${ended.stderr}`.trim().slice(-4000)
  expect(ended.code, `exit ${ended.code}, wanted ${code}\n${said}`).toBe(code)
}

/** A number a test measured, for whoever reads the report. */
export const measured = (what: string, value: number | string): void =>
  void process.stdout.write(`      measured: ${what}: ${value}\n`)

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

export type Outcome = TaskRef & TaskResult & { readonly ms: number }

/** The JSON of a plan, an apply or a runbook. */
export interface RunJson {
  /** The exit code. */
  readonly code: number | null
  readonly run: string
  readonly results: readonly Outcome[]
  readonly unreachable: readonly { readonly host: string }[]
  readonly summary?: RunSummary
  readonly pending?: number
}

/** What Debian's packages of the second stack are. */
export const PATRONI_LAYER = [
  'patroni',
  'python3-etcd',
  'etcd-server',
  'etcd-client',
  'postgresql-15',
  'postgresql-client-15',
  'curl',
  'sudo',
  'openssl',
  'iputils-arping',
]

export interface LabOptions {
  readonly nodes: number
  /** Hosts e1, e2 … in a group `etcd` of their own; `nodes` of the lab does not name them. */
  readonly etcd?: number
  /** A host w1 in the group `witness`. */
  readonly witness?: boolean
  /** The shipped variables, below `inventories/`; default: Pacemaker's for so many nodes. */
  readonly vars?: string
  /** Debian release; default: bookworm. */
  readonly release?: string
  /** Debian packages that are there before the deploy. */
  readonly with?: readonly string[]
  /** Text that is changed in the shipped variables: from, to. */
  readonly edits?: readonly (readonly [string, string])[]
}

/** A lab with an inventory and secrets of its own, used through the command line only. */
export interface Lab {
  readonly name: string
  readonly dir: string
  readonly inventory: string
  readonly nodes: readonly string[]
  up(): Promise<void>
  down(): Promise<void>
  /** A shell script on a node; its text is not an argument there. Fails the test when it fails. */
  sh(node: string, script: string): Promise<string>
  shAll(script: string): Promise<ReadonlyMap<string, string>>
  lab(...args: readonly string[]): Promise<void>
  /** A hactl verb on the inventory, started. */
  start(verb: string, ...args: readonly string[]): Started
  plan(...args: readonly string[]): Promise<RunJson>
  apply(...args: readonly string[]): Promise<Ended>
  status(): Promise<ClusterStatus>
  /** Polls until the cluster is healthy; fails the test with its problems when the deadline passes. */
  healthy(timeoutMs?: number): Promise<ClusterStatus>
  /** Clear values of all secrets by name. */
  secrets(): Promise<ReadonlyMap<string, string>>
  /** All events in the journal of the newest run. */
  journal(): readonly EngineEvent[]
  runs(): readonly string[]
}

/** Describes a lab; `up` makes it. The variables are those of the shipped example. */
export function labOf(name: string, options: LabOptions): Lab {
  // For work on these tests: labs and inventories stay in this folder, and the next run goes on with them.
  const kept = process.env['HACTL_KEEP_LAB']
  const dir = kept === undefined ? mkdtempSync(join(tmpdir(), `hactl-${name}-`)) : join(kept, name)
  const inventory = join(dir, 'inventory.yml')
  const nodes = Array.from({ length: options.nodes }, (_, index) => `pg${index + 1}`)
  const at = (...args: readonly string[]) => ['lab', ...args, '--name', name]
  const verb = (word: string, args: readonly string[]) => hactlArgv([word, inventory, ...args])
  const sh = async (node: string, script: string): Promise<string> => {
    const argv = hactlArgv(['lab', 'ssh', '--name', name, node, '--', 'sh'])
    const ended = await start(argv, script, 120_000).ended
    expect(ended.code, `${node}: ${script}\n${ended.stdout}${ended.stderr}`).toBe(0)
    return ended.stdout.trimEnd()
  }
  const status = async (): Promise<ClusterStatus> =>
    JSON.parse((await hactl('status', inventory, '--format', 'json')).stdout) as ClusterStatus
  const journalDir = join(dir, '.hactl/journal')
  const runs = () => (existsSync(journalDir) ? readdirSync(journalDir).toSorted() : [])
  return {
    name,
    dir,
    inventory,
    nodes,
    up: async () => {
      if (kept !== undefined && existsSync(inventory)) return
      await hactl('lab', 'down', name)
      mkdirSync(dir, { recursive: true })
      const vars = join(dir, 'vars.yml')
      writeFileSync(vars, varsText(options))
      const more = [
        ...(options.with ? ['--with', options.with.join(',')] : []),
        ...(options.release === undefined ? [] : ['--release', options.release]),
        ...Array.from({ length: options.etcd ?? 0 }, (_, index) => ['--witness', `e${index + 1}`]).flat(),
        ...(options.witness === true ? ['--witness', 'w1'] : []),
      ]
      await must(
        0,
        ...at('up', '--nodes', `${options.nodes}`, '--inventory-dir', dir, '--vars', vars, ...more),
      )
      // A lab knows hosts beside the members as witnesses.
      if (options.etcd !== undefined)
        writeFileSync(inventory, readFileSync(inventory, 'utf8').replace(/^ {4}witness:/m, '    etcd:'))
      await must(0, 'secrets', 'generate', inventory)
    },
    down: async () => {
      if (kept !== undefined) return
      await must(0, 'lab', 'down', name)
      rmSync(dir, { recursive: true })
    },
    sh,
    shAll: async (script) =>
      new Map(await Promise.all(nodes.map(async (node) => [node, await sh(node, script)] as const))),
    lab: async (...args) => void (await must(0, ...at(...args))),
    start: (word, ...args) => start(verb(word, args)),
    plan: async (...args) => {
      const ended = await start(verb('plan', ['--format', 'json', ...args])).ended
      expect([0, 3], `exit ${ended.code}\n${ended.stdout}${ended.stderr}`.slice(-4000)).toContain(ended.code)
      return { ...(JSON.parse(ended.stdout) as RunJson), code: ended.code }
    },
    apply: (...args) => start(verb('apply', args)).ended,
    status,
    healthy: (timeoutMs = 90_000) => untilHealthy(status, timeoutMs),
    secrets: async () => {
      const { stdout } = await must(0, 'secrets', 'show', '--reveal', '-i', dir)
      // A key has several lines; its first with data stands for it.
      return new Map(
        [...stdout.matchAll(/^([a-z_.]+): (?:-----BEGIN.*\n)?(.*)$/gm)].map(
          ([, name = '', value = '']) => [name, value] as const,
        ),
      )
    },
    journal: () => readJournal(join(journalDir, runs().at(-1) ?? '')),
    runs,
  }
}

function varsText({ nodes, vars, edits = [] }: LabOptions): string {
  const shipped = vars ?? `lab-pacemaker/${nodes === 2 ? 'cluster-2.yml' : 'cluster.yml'}`
  let text = readFileSync(join(ROOT, 'inventories', shipped), 'utf8')
  for (const [from, to] of edits) {
    expect(text).toContain(from)
    text = text.replace(from, to)
  }
  return text
}

/** A line that is being written is left out. */
function readJournal(file: string): readonly EngineEvent[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => (JSON.parse(line) as JournalLine).event)
}

async function untilHealthy(read: () => Promise<ClusterStatus>, timeoutMs: number): Promise<ClusterStatus> {
  let last: ClusterStatus | undefined
  const found = await poll(
    async () => {
      last = await read()
      return last.health === 'healthy' && last.problems.length === 0 ? last : undefined
    },
    { timeoutMs, intervalMs: 500 },
  )
  expect(found?.health, JSON.stringify(last?.problems ?? 'no status', undefined, 1)).toBe('healthy')
  return found as ClusterStatus
}

/** Polls until something is true; fails the test with `what` when it never is. */
export async function eventually(
  what: string,
  read: () => boolean | Promise<boolean>,
  timeoutMs = 60_000,
): Promise<void> {
  const seen = await poll(async () => ((await read()) ? true : undefined), { timeoutMs, intervalMs: 50 })
  expect(seen, `never: ${what}`).toBe(true)
}

/** What differs in a plan, one line each: host, task, impact. */
export const differences = (run: RunJson): readonly string[] =>
  run.results
    .flatMap((result) =>
      result.status === 'changed' || result.status === 'unknown'
        ? [`${result.host} | ${result.name} | ${result.repr} | ${result.status} | ${result.impact}`]
        : [],
    )
    .toSorted()

/** Fails the test when a plan is not empty, with what is in it. */
export async function expectEmptyPlan(lab: Lab): Promise<RunJson> {
  const plan = await lab.plan('--exit-code')
  expect(differences(plan)).toEqual([])
  expect(plan.code).toBe(0)
  expect(plan.summary).toMatchObject({ outcome: 'done', changed: 0, unknown: 0, failed: 0, unreachable: 0 })
  return plan
}

/** The primary and the standbys of a healthy cluster. */
export function roles(status: ClusterStatus): {
  readonly primary: string
  readonly standbys: readonly string[]
} {
  const primary = status.primary ?? ''
  const members = membersOf(status)
  const standbys = members.filter((member) => member.role === 'standby').map((member) => member.name)
  expect(members.map((member) => member.name)).toContain(primary)
  return { primary, standbys }
}
