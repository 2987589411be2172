import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Progress } from '../driver.ts'
import { checkSnapshotName } from '../names.ts'
import { setFrozen } from './cgroup.ts'
import { freezeNode } from './inject.ts'
import { flushDisk, loadDisk, saveDisk, unmountBelow } from './mounts.ts'
import { powerOff, stateOf } from './node.ts'
import { labPaths, nodePaths } from './paths.ts'
import { writeRecord } from './state.ts'
import type { LabRecord } from './state.ts'
import { fastDisk } from './throttle.ts'

const snapshotDir = (lab: string, snapshot: string): string =>
  join(labPaths(lab).snapshots, checkSnapshotName(snapshot))

/** Names of a lab's snapshots; one that is being made has a dot in its name and is left out. */
export function snapshotNames(lab: string): readonly string[] {
  const dir = labPaths(lab).snapshots
  return existsSync(dir)
    ? readdirSync(dir)
        .filter((name) => !name.includes('.'))
        .toSorted()
    : []
}

const refused = (code: string, summary: string, hint: string): HactlError =>
  new HactlError(problem(code, summary, { hint }), EXIT.refused)

/** A snapshot would keep what a fault did, but not the fault: all nodes must run undisturbed. */
function checkWhole(record: LabRecord): void {
  const lab = record.name
  if (record.faults.length > 0)
    throw refused('lab/broken', `lab "${lab}" has faults`, `hactl lab heal --name ${lab}`)
  const off = record.nodes.map(({ name }) => name).filter((name) => stateOf(lab, name) !== 'running')
  if (off.length === 0) return
  throw refused('lab/node-off', `${off.join(', ')} of lab "${lab}" is off`, `hactl lab heal --name ${lab}`)
}

async function whileFrozen(record: LabRecord, work: () => Promise<void>): Promise<void> {
  const lab = record.name
  const nodes = record.nodes.map(({ name }) => name)
  // Noted as a fault, so that a crash in between can be healed.
  writeRecord({ ...record, faults: [{ fault: 'freeze', nodes, options: {} }] })
  try {
    await Promise.all(nodes.map((node) => freezeNode(lab, node)))
    await work()
  } finally {
    for (const node of nodes) setFrozen(lab, node, false)
    writeRecord(record)
  }
}

/** Keeps the disks of all nodes as a power loss of all at the same moment would leave them. Replaces one of the same name. */
export async function takeSnapshot(record: LabRecord, name: string, progress: Progress): Promise<void> {
  const dir = snapshotDir(record.name, name)
  checkWhole(record)
  const part = `${dir}.part`
  rmSync(part, { recursive: true, force: true })
  mkdirSync(part, { recursive: true, mode: 0o700 })
  const nodes = record.nodes.map((node) => ({ name: node.name, paths: nodePaths(record.name, node.name) }))
  const flush = (): Promise<unknown> => Promise.all(nodes.map(({ paths }) => flushDisk(paths)))
  // Most is written before anything stands still.
  await flush()
  await whileFrozen(record, async () => {
    const began = performance.now()
    await flush()
    await Promise.all(nodes.map((node) => saveDisk(node.paths, join(part, node.name))))
    progress(`the hosts stood still for ${Math.round(performance.now() - began)} ms`)
  })
  writeFileSync(join(part, 'record.json'), JSON.stringify(record))
  rmSync(dir, { recursive: true, force: true })
  renameSync(part, dir)
}

/** The record of a lab when a snapshot was made. Throws HactlError when there is none, or when it has other nodes. */
function readSnapshot(record: LabRecord, name: string): LabRecord {
  const lab = record.name
  const file = join(snapshotDir(lab, name), 'record.json')
  if (!existsSync(file)) {
    const others = snapshotNames(lab).join(', ')
    const hint = others === '' ? `hactl lab snapshot ${name} --name ${lab}` : `snapshots: ${others}`
    throw new HactlError(problem('lab/no-snapshot', `lab "${lab}" has no snapshot "${name}"`, { hint }))
  }
  const kept = JSON.parse(readFileSync(file, 'utf8')) as LabRecord
  const [then, now] = [kept, record].map(({ nodes }) => nodes.map((node) => node.name).join(', '))
  if (then === now) return kept
  throw refused(
    'lab/other-nodes',
    `snapshot "${name}" has the nodes ${then}, and lab "${lab}" ${now}`,
    `hactl lab down ${lab}, then make it anew`,
  )
}

/**
 * Switches all nodes off and puts the disks of a snapshot in place of theirs. Gives the record that fits them. A node whose copy
 * was interrupted keeps its old disk, so that it can be repeated.
 */
export async function loadSnapshot(record: LabRecord, name: string): Promise<LabRecord> {
  const kept = readSnapshot(record, name)
  const lab = record.name
  const restore = async (node: string): Promise<void> => {
    const paths = nodePaths(lab, node)
    await powerOff(lab, node)
    // A limit belongs to a device, and the next disk may get the same one.
    fastDisk(lab, node)
    await unmountBelow(paths.dir)
    await loadDisk(paths, join(snapshotDir(lab, name), node))
  }
  await Promise.all(kept.nodes.map((node) => restore(node.name)))
  return { ...record, lower: kept.lower, faults: [] }
}
