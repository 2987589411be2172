import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import { splitWords } from '../inventory/ssh-args.ts'
import { Secret } from '../lib/secret.ts'

/** Magic number of tmpfs in statfs(2): files in memory, never on a disk. */
const TMPFS = 0x01021994

/** A folder in memory, else the system's temporary folder (macOS has no tmpfs). */
function memoryFolder(): string {
  const isMemory = (path: string): boolean => {
    try {
      return statfsSync(path).type === TMPFS
    } catch {
      return false
    }
  }
  const candidates = [process.env['XDG_RUNTIME_DIR'], '/dev/shm', '/run/user', tmpdir()]
  return candidates.find((path) => path !== undefined && isMemory(path)) ?? tmpdir()
}

/**
 * The text after $VISUAL or $EDITOR (default: vi) has changed it. It lies in a file with mode 0600 in a folder of its
 * own, in memory where the system has that, and is removed however the editor ends. Throws HactlError when it fails.
 */
export function editText(text: Secret): Secret {
  const env = process.env
  const editor =
    [env['VISUAL'], env['EDITOR'], 'vi'].find((each) => each !== undefined && each !== '') ?? 'vi'
  const [program = 'vi', ...args] = splitWords(editor)
  const folder = mkdtempSync(join(memoryFolder(), 'hactl-'))
  const file = join(folder, 'secrets.yml')
  try {
    writeFileSync(file, text.reveal(), { mode: 0o600, flag: 'wx' })
    const { status, error } = spawnSync(program, [...args, file], { stdio: 'inherit' })
    if (error ?? status !== 0) {
      const why = error ? error.message : `it ended with exit code ${status ?? 'of a signal'}`
      const hint = 'set EDITOR to an editor that waits, e.g. EDITOR=vi'
      throw new HactlError(
        problem('cli/editor', `the editor "${editor}" failed: ${why}`, { hint }),
        EXIT.failed,
      )
    }
    return new Secret(readFileSync(file, 'utf8'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
