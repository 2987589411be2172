import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { poll } from '../../lib/poll.ts'

const TOP = '/sys/fs/cgroup'
const OURS = 'hactl-lab'

/** The version 2 tree: alone on most machines, beside version 1 on others. */
function unified(): string {
  for (const root of [TOP, join(TOP, 'unified')]) {
    if (existsSync(join(root, 'cgroup.controllers'))) return root
  }
  throw new HactlError(
    problem('lab/no-cgroup2', `no version 2 control groups in ${TOP}`, {
      hint: 'mount them: mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 none /sys/fs/cgroup/unified',
    }),
    EXIT.failed,
  )
}

/**
 * Trees in which a node needs a group of its own. Version 1's cpu tree is left out: a new group there has no
 * real-time budget, and Corosync could not get its priority.
 */
const trees = (): readonly string[] =>
  [unified(), ...['systemd', 'memory', 'pids'].map((name) => join(TOP, name))].filter((tree) =>
    existsSync(join(tree, 'cgroup.procs')),
  )

const groupOf = (tree: string, lab: string, node?: string): string =>
  node === undefined ? join(tree, OURS, lab) : join(tree, OURS, lab, node)

/** The folder of a node's version 2 group. */
export const groupDir = (lab: string, node: string): string => groupOf(unified(), lab, node)

/** The folder of the group that can limit a node's memory: version 1 has a tree of its own for that. */
export const memoryGroupDir = (lab: string, node: string): string =>
  groupOf(existsSync(join(TOP, 'memory', 'cgroup.procs')) ? join(TOP, 'memory') : unified(), lab, node)

/** Makes a node's groups, `launcher` and `node`, in every tree and gives the folders. */
export function makeGroups(lab: string, node: string): readonly string[] {
  const dirs = trees().map((tree) => groupOf(tree, lab, node))
  for (const dir of dirs) {
    for (const part of ['launcher', 'node']) mkdirSync(join(dir, part), { recursive: true })
  }
  shareControllers(lab, node)
  return dirs
}

/** Where version 2 is alone, controllers reach a group only when every group above passes them on. */
function shareControllers(lab: string, node: string): void {
  const top = join(unified(), OURS)
  for (const dir of [top, join(top, lab), join(top, lab, node)]) {
    try {
      const available = readFileSync(join(dir, 'cgroup.controllers'), 'utf8').split(/\s+/)
      const wanted = ['memory', 'pids', 'cpu', 'io'].filter((name) => available.includes(name))
      if (wanted.length > 0)
        writeFileSync(join(dir, 'cgroup.subtree_control'), wanted.map((name) => `+${name}`).join(' '))
    } catch {
      // Without controllers a node runs as well; it only cannot limit its own services.
    }
  }
}

const lines = (file: string): readonly string[] => {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
  } catch {
    return []
  }
}

const children = (dir: string): readonly string[] => {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(dir, entry.name))
  } catch {
    return []
  }
}

const pidsBelow = (dir: string): readonly number[] => [
  ...lines(join(dir, 'cgroup.procs')).map(Number),
  ...children(dir).flatMap(pidsBelow),
]

/** Processes of a node without its launcher. */
export const nodePids = (lab: string, node: string): readonly number[] =>
  pidsBelow(join(groupOf(unified(), lab, node), 'node'))

/** Processes of a whole lab, or of one node with its launcher. */
export const allPids = (lab: string, node?: string): readonly number[] =>
  trees()
    .flatMap((tree) => pidsBelow(groupOf(tree, lab, node)))
    .filter((pid, index, all) => pid > 1 && all.indexOf(pid) === index)

/** The node's own PID 1 as this machine numbers it. */
export function initPid(lab: string, node: string): number | undefined {
  return nodePids(lab, node).find((pid) => {
    const own = /^NSpid:\s+(.*)$/m.exec(lines(`/proc/${pid}/status`).join('\n'))?.[1]?.split(/\s+/) ?? []
    return own.length > 1 && own.at(-1) === '1'
  })
}

/** Freezes or thaws a node with its launcher. */
export function setFrozen(lab: string, node: string, frozen: boolean): void {
  const file = join(groupOf(unified(), lab, node), 'cgroup.freeze')
  if (existsSync(file)) writeFileSync(file, frozen ? '1' : '0')
}

/** Whether every process of the node is stopped. */
export const isFrozen = (lab: string, node: string): boolean =>
  lines(join(groupOf(unified(), lab, node), 'cgroup.events')).includes('frozen 1')

function killOnce(lab: string, node?: string): void {
  const kill = join(groupOf(unified(), lab, node), 'cgroup.kill')
  if (existsSync(kill)) writeFileSync(kill, '1')
  for (const pid of allPids(lab, node)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself in between.
    }
  }
}

/** Kills every process of a lab or of one node, and waits until none is left. */
export async function killGroup(lab: string, node?: string): Promise<void> {
  const done = await poll(
    async () => {
      if (allPids(lab, node).length === 0) return true
      killOnce(lab, node)
      return undefined
    },
    { timeoutMs: 20_000, intervalMs: 10 },
  )
  if (done) return
  const pids = allPids(lab, node)
  throw new HactlError(
    problem('lab/not-killed', `processes ${pids.join(' ')} of lab ${lab} do not end`, {
      hint: 'see what they wait for in /proc/PID/stack, then run the command again',
    }),
    EXIT.failed,
  )
}

function removeTree(dir: string): void {
  for (const child of children(dir)) removeTree(child)
  try {
    rmdirSync(dir)
  } catch {
    // Absent, or the kernel still counts a process that has just ended; the caller asks again.
  }
}

/** Removes the empty groups of a lab or of one node; false while some remain. */
export function removeGroups(lab: string, node?: string): boolean {
  const dirs = trees().map((tree) => groupOf(tree, lab, node))
  for (const dir of dirs) removeTree(dir)
  return dirs.every((dir) => !existsSync(dir))
}

/** Names of labs that have control groups. */
export const labsWithGroups = (): readonly string[] =>
  children(join(unified(), OURS)).map((dir) => dir.slice(dir.lastIndexOf('/') + 1))
