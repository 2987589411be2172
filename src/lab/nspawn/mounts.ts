import { existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { poll } from '../../lib/poll.ts'
import { must, run } from '../run.ts'
import type { NodePaths } from './paths.ts'

/** Undoes the octal escapes of /proc/self/mounts. */
const unescape = (text: string): string =>
  text.replaceAll(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)))

/** Mount points at and below a folder, the newest first. */
export function mountsBelow(dir: string): readonly string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => unescape(line.split(' ')[1] ?? ''))
    .filter((point) => point === dir || point.startsWith(`${dir}/`))
    .toReversed()
}

/** Unmounts everything at and below a folder; processes that have just ended may hold it for a moment. */
export async function unmountBelow(dir: string): Promise<void> {
  const done = await poll(
    async () => {
      for (const point of mountsBelow(dir)) await run(['umount', point])
      return mountsBelow(dir).length === 0 ? true : undefined
    },
    { timeoutMs: 10_000, intervalMs: 50 },
  )
  if (done) return
  throw new HactlError(
    problem('lab/busy-mount', `${mountsBelow(dir)[0] ?? dir} cannot be unmounted`, {
      hint: `leave the folder and stop what uses it: fuser -vm ${mountsBelow(dir)[0] ?? dir}`,
    }),
    EXIT.failed,
  )
}

/** Size of a node's disk; the file is sparse and takes only what is written. */
const DISK_SIZE = '8G'
/** Size without loop devices, e.g. when this machine is a container itself: the disk is memory then. */
const MEMORY_SIZE = '2G'

const FORMAT = [
  'mkfs.ext4',
  '-q',
  '-F',
  '-m',
  '0',
  '-O',
  '^has_journal',
  '-E',
  'lazy_itable_init=1,nodiscard',
]

/**
 * Makes a node's disk. It is an own small file system so that a full disk is a full disk to the node and never
 * to this machine. No journal: a node's power loss is no crash of the kernel below.
 */
export async function makeDisk(paths: NodePaths): Promise<void> {
  if (!existsSync('/dev/loop-control')) return
  await must(['truncate', '-s', DISK_SIZE, paths.disk])
  await must([...FORMAT, paths.disk])
}

/** Whether a node's disk still holds what was written: a disk in memory ends with this machine. */
export const hasDisk = (paths: NodePaths): boolean =>
  existsSync(paths.disk) || mountsBelow(paths.dir).includes(paths.data)

async function mountDisk(paths: NodePaths): Promise<void> {
  if (!existsSync(paths.disk)) {
    await must(['mount', '-t', 'tmpfs', '-o', `size=${MEMORY_SIZE},mode=755`, 'tmpfs', paths.data])
    return
  }
  // Only a crash of this machine leaves something to repair, and then mount would refuse or guess.
  await run(['e2fsck', '-p', paths.disk])
  await must(['mount', '-t', 'ext4', '-o', 'loop,noatime,noinit_itable', paths.disk, paths.data])
}

/** A disk in a file is copied with its holes; one in memory as the folder of what differs from the image. */
const COPY = ['cp', '--archive', '--sparse=always', '--reflink=auto']
const COPY_MS = 600_000

/** Writes to the disk what the kernel still has of a mounted node in memory. */
export const flushDisk = (paths: NodePaths): Promise<unknown> =>
  must(['sync', '--file-system', paths.data], { timeoutMs: COPY_MS })

/** Copies the disk of a node, which must not write meanwhile. */
export const saveDisk = (paths: NodePaths, target: string): Promise<unknown> =>
  must([...COPY, existsSync(paths.disk) ? paths.disk : `${paths.data}/upper`, target], { timeoutMs: COPY_MS })

/** Makes a copy the disk of a node that is off and unmounted; interrupted, it leaves the old one. */
export async function loadDisk(paths: NodePaths, source: string): Promise<void> {
  if (statSync(source).isDirectory()) {
    await mountDisk(paths)
    await must([...COPY, source, `${paths.data}/upper`], { timeoutMs: COPY_MS })
    return
  }
  await must([...COPY, source, `${paths.disk}.new`], { timeoutMs: COPY_MS })
  renameSync(`${paths.disk}.new`, paths.disk)
}

/** Mounts a node's disk and, over the image's layers, its root. */
export async function mountNode(paths: NodePaths, lower: readonly string[]): Promise<void> {
  for (const dir of [paths.data, paths.root]) mkdirSync(dir, { recursive: true })
  const mounted = mountsBelow(paths.dir)
  if (!mounted.includes(paths.data)) await mountDisk(paths)
  for (const dir of ['upper', 'work']) mkdirSync(`${paths.data}/${dir}`, { recursive: true })
  if (mounted.includes(paths.root)) return
  const options = `lowerdir=${lower.join(':')},upperdir=${paths.data}/upper,workdir=${paths.data}/work`
  await must(['mount', '-t', 'overlay', 'overlay', '-o', options, paths.root])
}
