import { existsSync, writeFileSync } from 'node:fs'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { memoryGroupDir } from './cgroup.ts'

/**
 * The file that limits the memory of a node and everything below it, and what stands for no limit there: version 1 of
 * control groups has a tree of its own for memory, version 2 needs the controller (Documentation/admin-guide/cgroup-v2.rst).
 */
function limitOf(lab: string, node: string): readonly [file: string, none: string] | undefined {
  const dir = memoryGroupDir(lab, node)
  const files = [
    [`${dir}/memory.limit_in_bytes`, '-1'],
    [`${dir}/memory.max`, 'max'],
  ] as const
  return files.find(([file]) => existsSync(file))
}

/** Limits the memory of a node, MiB. Throws HactlError where the kernel does not allow it. */
export function limitMemory(lab: string, node: string, mb: string): void {
  const limit = limitOf(lab, node)
  if (limit === undefined) {
    throw new HactlError(
      problem(
        'lab/cannot',
        `the memory of ${node} cannot be limited: its control group has no limit for it`,
        {
          hint: 'it takes control groups that can limit memory',
        },
      ),
      EXIT.refused,
    )
  }
  writeFileSync(limit[0], String(Number(mb) * 1024 * 1024))
}

/** Takes the limit away; nothing happens where there is none. */
export function freeMemory(lab: string, node: string): void {
  const limit = limitOf(lab, node)
  if (limit !== undefined) writeFileSync(limit[0], limit[1])
}
