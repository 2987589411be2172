import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { HactlError, problem } from '../diag/diagnostic.ts'
import type { Command, CommandResult, FileUpload, Transport } from './transport.ts'

/** Travels as the standard input of one command, through the work folder in memory: small enough for any tmpfs. */
const CHUNK_BYTES = 4 * 1024 * 1024
const UPLOAD_TIMEOUT_MS = 600_000

const sh = (script: string, ...args: readonly string[]): Command => ({
  argv: ['sh', '-c', script, 'sh', ...args],
  timeoutMs: UPLOAD_TIMEOUT_MS,
})

/** Sha256 of a local file, in hexadecimal, without keeping it in memory. Throws HactlError when it cannot be read. */
export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    throw new HactlError(problem('upload/unreadable', `${file} cannot be read`, { detail }))
  }
  return hash.digest('hex')
}

/** Owner and mode before content: what is written is never readable by others, not even for a moment. */
const PREPARE = `umask 077; : >"$1" && if [ -n "$2" ]; then chown "$2" "$1"; fi`

/** Compares, syncs and renames; a file that arrived damaged is never seen under its name. */
const FINISH = `got=$(sha256sum <"$1") || exit 1
[ "\${got%% *}" = "$3" ] || { echo "the file arrived damaged: its sha256 is \${got%% *}, not $3" >&2; exit 1; }
mode=$4
[ -n "$mode" ] || mode=$(stat -c %a "$2" 2>/dev/null) || mode=0644
chmod "$mode" "$1" && sync "$1" && { command -v restorecon >/dev/null && restorecon "$1"; :; } && mv -f "$1" "$2"`

/**
 * Streams a local file to a host: chunks into a hidden file in the same folder, then sha256, owner, mode and
 * rename. Gives the result of the first remote command that failed, or of the last one. Throws HactlError when
 * the local file cannot be read.
 */
export async function uploadFile(transport: Transport, file: FileUpload): Promise<CommandResult> {
  const hash = await hashOf(file.from)
  const part = join(dirname(file.path), `.${basename(file.path)}.${randomBytes(6).toString('hex')}`)
  const group = file.group === undefined ? '' : `:${file.group}`
  const prepare = sh(PREPARE, part, `${file.owner ?? ''}${group}`)
  let result = await send(transport, prepare, file.from, part)
  if (result.code === 0) {
    const finish = sh(FINISH, part, file.path, hash, file.mode ?? '')
    result = await one(transport, [finish])
  }
  if (result.code !== 0) await transport.batch([{ argv: ['rm', '-f', part] }])
  return result
}

async function send(
  transport: Transport,
  first: Command,
  from: string,
  part: string,
): Promise<CommandResult> {
  const source = await open(from)
  try {
    let before: readonly Command[] = [first]
    for (;;) {
      const buffer = Buffer.alloc(CHUNK_BYTES)
      const { bytesRead } = await source.read(buffer)
      if (bytesRead === 0) return before.length > 0 ? await one(transport, before) : DONE
      const append = { ...sh('cat >>"$1"', part), stdin: buffer.subarray(0, bytesRead) }
      const result = await one(transport, [...before, append])
      if (result.code !== 0) return result
      before = []
    }
  } finally {
    await source.close()
  }
}

const DONE: CommandResult = { code: 0, stdout: '', stderr: '' }

/** The first result that is not a success, else the last. */
async function one(transport: Transport, commands: readonly Command[]): Promise<CommandResult> {
  const results = await transport.batch(commands, { failFast: true })
  return results.find((result) => result.code !== 0) ?? results.at(-1) ?? DONE
}
