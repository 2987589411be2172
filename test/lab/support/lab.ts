import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { ClusterStatus } from '../../../src/cluster/status.ts'
import type { EngineEvent } from '../../../src/engine/events.ts'
import type { JournalLine } from '../../../src/engine/journal.ts'
import { poll } from '../../../src/lib/poll.ts'
import { patient } from '../../patience.ts'
import type { RunJson } from './plans.ts'
import { hactl, hactlArgv, must, ROOT, start, type Ended, type Started } from './programs.ts'
import { paced } from './wait.ts'

export const VIP = '10.77.0.20'

export interface LabOptions {
  /** The shipped variables, below `inventories/`. */
  readonly vars: string
  readonly nodes: number
  /** Hosts e1, e2 … in a group `etcd` of their own; `nodes` of the lab does not name them. */
  readonly etcd?: number
  /** A host w1 in the group `witness`. */
  readonly witness?: boolean
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
  /** Keeps the hosts' disks, the inventory and the secrets of this moment. */
  snapshot(name: string): Promise<void>
  /** Back to a snapshot; false when there is none. The hosts have booted, and no service need run on them yet. */
  restore(name: string): Promise<boolean>
  /** A shell script on a node; its text is not an argument there. Fails the test when it fails. */
  sh(node: string, script: string): Promise<string>
  shAll(script: string): Promise<ReadonlyMap<string, string>>
  lab(...args: readonly string[]): Promise<void>
  /** A hactl verb on the inventory, started. */
  start(verb: string, ...args: readonly string[]): Started
  plan(...args: readonly string[]): Promise<RunJson>
  apply(...args: readonly string[]): Promise<Ended>
  /** A runbook with what it asks agreed to; fails the test when it fails. */
  run(name: string, ...args: readonly string[]): Promise<Ended>
  status(): Promise<ClusterStatus>
  /** Polls until the cluster is healthy; fails the test with its problems when the deadline passes. */
  healthy(timeoutMs?: number): Promise<ClusterStatus>
  /** Clear values of all secrets by name. */
  secrets(): Promise<ReadonlyMap<string, string>>
  /** All events in the journal of the newest run. */
  journal(): readonly EngineEvent[]
  runs(): readonly string[]
}

interface Place {
  readonly name: string
  readonly dir: string
  readonly inventory: string
  /** For work on these tests: labs and inventories stay in HACTL_KEEP_LAB, and the next run goes on with them. */
  readonly isKept: boolean
}

function placeOf(name: string): Place {
  const kept = process.env['HACTL_KEEP_LAB']
  const dir = kept === undefined ? mkdtempSync(join(tmpdir(), `hactl-${name}-`)) : join(kept, name)
  return { name, dir, inventory: join(dir, 'inventory.yml'), isKept: kept !== undefined }
}

const inLab = ({ name }: Place, ...args: readonly string[]) => must(0, 'lab', ...args, '--name', name)

async function up(place: Place, options: LabOptions): Promise<void> {
  const { dir, inventory } = place
  if (place.isKept && existsSync(inventory)) return
  await hactl('lab', 'down', place.name)
  mkdirSync(dir, { recursive: true })
  const vars = join(dir, 'vars.yml')
  writeFileSync(vars, varsText(options))
  const more = [
    ...(options.with ? ['--with', options.with.join(',')] : []),
    ...(options.release === undefined ? [] : ['--release', options.release]),
    ...Array.from({ length: options.etcd ?? 0 }, (_, index) => ['--witness', `e${index + 1}`]).flat(),
    ...(options.witness === true ? ['--witness', 'w1'] : []),
  ]
  await inLab(place, 'up', '--nodes', `${options.nodes}`, '--inventory-dir', dir, '--vars', vars, ...more)
  // A lab knows hosts beside the members as witnesses.
  if (options.etcd !== undefined)
    writeFileSync(inventory, readFileSync(inventory, 'utf8').replace(/^ {4}witness:/m, '    etcd:'))
  await must(0, 'secrets', 'generate', inventory)
}

/** Beside the lab's folder, which is searched for secrets: the password files of clients, also of those that a failed test left. */
export const clientsIn = ({ dir }: Pick<Lab, 'dir'>): string => `${dir}.clients`
/** There as well. */
const keptIn = ({ dir }: Place, name: string): string => join(`${dir}.snapshots`, name)
/** What belongs to a run and not to the state of the cluster. */
const RUNS = ['.hactl/journal', '.hactl/drills']

async function snapshot(place: Place, name: string): Promise<void> {
  await inLab(place, 'snapshot', name)
  const kept = keptIn(place, name)
  rmSync(kept, { recursive: true, force: true })
  const left = RUNS.map((each) => join(place.dir, each))
  cpSync(place.dir, kept, { recursive: true, filter: (from) => !left.includes(from) })
}

async function restore(place: Place, name: string): Promise<boolean> {
  const kept = keptIn(place, name)
  if (!existsSync(kept)) return false
  await inLab(place, 'restore', name)
  cpSync(kept, place.dir, { recursive: true, force: true })
  return true
}

/** Describes a lab; `up` makes it. The variables are those of the shipped example. */
export function labOf(name: string, options: LabOptions): Lab {
  const place = placeOf(name)
  const { dir, inventory } = place
  const nodes = Array.from({ length: options.nodes }, (_, index) => `pg${index + 1}`)
  const verb = (word: string, args: readonly string[]) => hactlArgv([word, inventory, ...args])
  const sh = async (node: string, script: string): Promise<string> => {
    const argv = hactlArgv(['lab', 'ssh', '--name', name, node, '--', 'sh'])
    const ended = await start(argv, script, patient(120_000)).ended
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
    up: () => up(place, options),
    down: async () => {
      if (place.isKept) return
      await must(0, 'lab', 'down', name)
      for (const folder of [dir, `${dir}.snapshots`, clientsIn(place)])
        rmSync(folder, { recursive: true, force: true })
    },
    snapshot: (kept) => snapshot(place, kept),
    restore: (kept) => restore(place, kept),
    sh,
    shAll: async (script) =>
      new Map(await Promise.all(nodes.map(async (node) => [node, await sh(node, script)] as const))),
    lab: async (...args) => void (await inLab(place, ...args)),
    start: (word, ...args) => start(verb(word, args)),
    plan: async (...args) => {
      const ended = await start(verb('plan', ['--format', 'json', ...args])).ended
      expect([0, 3], `exit ${ended.code}\n${ended.stdout}${ended.stderr}`.slice(-4000)).toContain(ended.code)
      return { ...(JSON.parse(ended.stdout) as RunJson), code: ended.code }
    },
    apply: (...args) => start(verb('apply', args)).ended,
    run: (book, ...args) => must(0, 'run', book, inventory, '--yes', ...args),
    status,
    healthy: (timeoutMs = 90_000) => untilHealthy(status, patient(timeoutMs)),
    secrets: async () => {
      const { stdout } = await must(0, 'secrets', 'show', '--reveal', '-i', dir)
      // A key has several lines; its first with data stands for it.
      return new Map(
        [...stdout.matchAll(/^([a-z_.]+): (?:-----BEGIN.*\n)?(.*)$/gm)].map(
          ([, key = '', value = '']) => [key, value] as const,
        ),
      )
    },
    journal: () => readJournal(join(journalDir, runs().at(-1) ?? '')),
    runs,
  }
}

function varsText({ vars, edits = [] }: LabOptions): string {
  let text = readFileSync(join(ROOT, 'inventories', vars), 'utf8')
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
    paced(async () => {
      last = await read()
      return last.health === 'healthy' && last.problems.length === 0 ? last : undefined
    }),
    { timeoutMs, intervalMs: 500 },
  )
  expect(found?.health, JSON.stringify(last?.problems ?? 'no status', undefined, 1)).toBe('healthy')
  return found as ClusterStatus
}
