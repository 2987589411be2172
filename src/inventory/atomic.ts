import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'

/** Writes a file whole or not at all: a temporary file in the same folder, fsync, rename. */
export function writeAtomic(file: string, content: string | Uint8Array, mode: number): void {
  const temporary = join(dirname(file), `.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const handle = openSync(temporary, 'wx', mode)
    try {
      writeSync(handle, typeof content === 'string' ? Buffer.from(content) : content)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}
