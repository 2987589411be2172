import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { HactlError, problem } from '../diag/diagnostic.ts'
import type { EngineEvent } from './events.ts'
import { maskEvent } from './mask-event.ts'

/** One line of a journal file. `hash` covers the line without itself; `prev` is the hash of the line before. */
export interface JournalLine {
  readonly seq: number
  readonly at: string
  readonly prev: string
  readonly event: EngineEvent
  readonly hash: string
}

export interface RunRecord {
  readonly id: string
  readonly file: string
  readonly lines: readonly JournalLine[]
  /** False when a line was altered, removed or cut off in the middle. */
  readonly intact: boolean
}

export interface Journal {
  readonly run: string
  write(event: EngineEvent): void
}

const GENESIS = '0'.repeat(64)

/** A short id for a run, unique enough for one folder. */
export const newRunId = (): string => randomBytes(3).toString('hex')

/** The journal's folder for an inventory's folder. */
export const journalDir = (inventoryDir: string): string => join(inventoryDir, '.hactl', 'journal')

const hashOf = (line: Omit<JournalLine, 'hash'>): string =>
  createHash('sha256').update(JSON.stringify(line)).digest('hex')

/**
 * Starts the journal of a run: one file of JSON lines, readable by its owner only, chained by hash to itself and to
 * the run before it. Lines are appended as things happen, so that a killed run leaves what it did. `mask` goes over
 * every line once more.
 */
export function openJournal(dir: string, run: string, mask: (text: string) => string): Journal {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const name = `${new Date().toISOString().replaceAll(/[-:]/g, '').slice(0, 15)}Z-${run}.jsonl`
  const file = join(dir, name)
  let prev = lastHash(dir)
  let seq = 0
  let handle: number | undefined
  return {
    run,
    write(event) {
      // Through JSON first: what hides itself there (a Secret) must be hidden in the hash too.
      const masked = maskEvent(JSON.parse(JSON.stringify(event)) as EngineEvent, mask)
      const line = { seq: seq++, at: new Date().toISOString(), prev, event: masked }
      prev = hashOf(line)
      handle ??= openSync(file, 'a', 0o600)
      writeSync(handle, `${JSON.stringify({ ...line, hash: prev })}\n`)
    },
  }
}

/** The hash that the next line of a folder is chained to; only the newest file is read. */
function lastHash(dir: string): string {
  const newest = journalFiles(dir).at(-1)
  const lines = newest === undefined ? [] : readFileSync(join(dir, newest), 'utf8').split('\n')
  for (const text of lines.toReversed()) {
    const line = parse(text)
    if (line) return line.hash
  }
  return GENESIS
}

const journalFiles = (dir: string): readonly string[] =>
  readdirSync(dir)
    .filter((name) => name.endsWith('.jsonl'))
    .toSorted()

/** All runs of a journal folder, oldest first. An empty list when there is none. */
export function listRuns(dir: string): readonly RunRecord[] {
  if (!existsSync(dir)) return []
  return journalFiles(dir).map((name) => readFile(join(dir, name)))
}

/** The same, newest first, each read only when it is asked for: a folder may hold years of runs. */
export function* newestRuns(dir: string): Generator<RunRecord> {
  if (!existsSync(dir)) return
  for (const name of journalFiles(dir).toReversed()) yield readFile(join(dir, name))
}

/** One run by its id or a unique beginning of it. Throws HactlError when there is none. */
export function readRun(dir: string, id: string): RunRecord {
  const found = listRuns(dir).filter((run) => run.id.startsWith(id))
  const [only] = found
  if (only && found.length === 1) return only
  const summary = only ? `"${id}" fits ${found.length} runs` : `there is no run "${id}"`
  throw new HactlError(problem('journal/no-run', summary, { hint: 'hactl history lists them' }))
}

function readFile(file: string): RunRecord {
  const id = /-([0-9a-f]+)\.jsonl$/.exec(file)?.[1] ?? file
  const lines: JournalLine[] = []
  let intact = true
  let prev: string | undefined
  for (const text of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const line = parse(text)
    if (!line) {
      intact = false
      continue
    }
    const { hash, ...rest } = line
    intact &&=
      hash === hashOf(rest) && (prev === undefined || line.prev === prev) && line.seq === lines.length
    prev = hash
    lines.push(line)
  }
  return { id, file, lines, intact }
}

function parse(text: string): JournalLine | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isLine(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** JSON alone is no line: one that anybody wrote into the file must not stop the reading of the others. */
function isLine(value: unknown): value is JournalLine {
  if (typeof value !== 'object' || value === null) return false
  const { seq, at, prev, hash, event } = value as Partial<Record<keyof JournalLine, unknown>>
  const isEvent = typeof event === 'object' && event !== null && 'kind' in event
  return typeof seq === 'number' && [at, prev, hash].every((each) => typeof each === 'string') && isEvent
}
