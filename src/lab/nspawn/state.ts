import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FaultRequest } from '../driver.ts'
import { labHome, labPaths } from './paths.ts'

export interface NodeRecord {
  readonly name: string
  /** Position from 0; decides the addresses. */
  readonly index: number
  readonly witness: boolean
}

/** What `state.json` of a lab holds: written before anything is made, so that whatever exists can be found. */
export interface LabRecord {
  readonly name: string
  readonly release: string
  readonly packages: readonly string[]
  /** Folders of the image, the topmost layer first. */
  readonly lower: readonly string[]
  readonly nodes: readonly NodeRecord[]
  readonly inventory: string
  readonly vars?: string
  readonly faults: readonly FaultRequest[]
}

/** Reads a lab's record; undefined when there is no such lab. */
export function readRecord(lab: string): LabRecord | undefined {
  const file = labPaths(lab).state
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as LabRecord) : undefined
}

/** Writes a lab's record in one step. */
export function writeRecord(record: LabRecord): void {
  const { dir, state } = labPaths(record.name)
  mkdirSync(dir, { recursive: true, mode: 0o755 })
  writeFileSync(`${state}.new`, `${JSON.stringify(record, undefined, 2)}\n`)
  renameSync(`${state}.new`, state)
}

/** Names of every lab that has a folder, half-made ones too; a name with a dot is one of our own helpers. */
export function labNames(): readonly string[] {
  const dir = join(labHome(), 'labs')
  return existsSync(dir) ? readdirSync(dir).toSorted() : []
}
