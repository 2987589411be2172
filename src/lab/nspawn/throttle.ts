import { existsSync, statSync, writeFileSync } from 'node:fs'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { groupDir } from './cgroup.ts'
import { mountsBelow } from './mounts.ts'
import { nodePaths } from './paths.ts'

/** Version 1's limit for one device, whoever writes to it: a node's disk is a device of its own. */
const LIMIT_V1 = '/sys/fs/cgroup/blkio/blkio.throttle.write_iops_device'
/** Major number of loop devices (Documentation/admin-guide/devices.txt). */
const LOOP = 7

/** Major and minor number of the device that holds a node's disk; undefined when it is in memory or not mounted. */
function deviceOf(lab: string, node: string): string | undefined {
  const { dir, data } = nodePaths(lab, node)
  if (!mountsBelow(dir).includes(data)) return undefined
  const { dev } = statSync(data)
  // The encoding of dev_t in glibc, for numbers below 4096 and 256.
  const [major, minor] = [(dev >> 8) & 0xf_ff, dev & 0xff]
  return major === LOOP ? `${major}:${minor}` : undefined
}

const cannot = (node: string, why: string): HactlError =>
  new HactlError(
    problem('lab/cannot', `the disk of ${node} cannot be slowed down: ${why}`, {
      hint: 'it takes loop devices, and control groups that can limit them',
    }),
    EXIT.refused,
  )

/** Limits the writes a second of a node's disk. Throws HactlError where the kernel or the disk does not allow it. */
export function slowDisk(lab: string, node: string, iops: string): void {
  const device = deviceOf(lab, node)
  if (device === undefined) throw cannot(node, 'it is in memory')
  const limit = `${groupDir(lab, node)}/io.max`
  if (existsSync(LIMIT_V1)) writeFileSync(LIMIT_V1, `${device} ${iops}`)
  else if (existsSync(limit)) writeFileSync(limit, `${device} wiops=${iops}`)
  else throw cannot(node, 'this kernel has no limits for devices')
}

/** Takes the limit away; nothing happens where there is none. */
export function fastDisk(lab: string, node: string): void {
  const device = deviceOf(lab, node)
  if (device === undefined) return
  const limit = `${groupDir(lab, node)}/io.max`
  if (existsSync(LIMIT_V1)) writeFileSync(LIMIT_V1, `${device} 0`)
  else if (existsSync(limit)) writeFileSync(limit, `${device} wiops=max`)
}
