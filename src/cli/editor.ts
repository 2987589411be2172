import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { lstatSync, mkdtempSync, readFileSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import { splitWords } from '../inventory/ssh-args.ts'
import { Secret } from '../lib/secret.ts'

/** Magic number of tmpfs in statfs(2): files in memory, never on a disk. */
const TMPFS = 0x01021994

/** Folders that may hold a decrypted file, the best first. */
const candidates = (): string[] =>
  [process.env['XDG_RUNTIME_DIR'], '/dev/shm', '/run/user', tmpdir()].filter((path) => path !== undefined)

/** A folder in memory, else the system's temporary folder (macOS has no tmpfs). */
function memoryFolder(): string {
  const isMemory = (path: string): boolean => {
    try {
      return statfsSync(path).type === TMPFS
    } catch {
      return false
    }
  }
  return candidates().find(isMemory) ?? tmpdir()
}

/** The folder of one editing: it names the process, so that the next one can tell that nobody needs it. */
const PREFIX = 'hactl-edit-'

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Removes decrypted files that a killed `secrets edit` of this account left behind; gives their folders. */
export function removeLeftovers(): readonly string[] {
  const found = candidates().flatMap((folder) => {
    try {
      return readdirSync(folder)
        .filter((name) => name.startsWith(PREFIX))
        .map((name) => join(folder, name))
    } catch {
      return []
    }
  })
  return [...new Set(found)].filter((path) => {
    const pid = Number(/^\d+/.exec(path.slice(path.lastIndexOf(PREFIX) + PREFIX.length))?.[0])
    const { uid } = lstatSync(path, { throwIfNoEntry: false }) ?? {}
    if (!(pid > 0) || isAlive(pid) || uid !== process.getuid?.()) return false
    rmSync(path, { recursive: true, force: true })
    return true
  })
}

/** All that would end the process: it goes when the editor has gone, and the file before it. */
const DEADLY = (
  ['SIGHUP', 'SIGTERM', 'SIGQUIT', 'SIGUSR2', 'SIGALRM', 'SIGVTALRM', 'SIGXCPU', 'SIGIO', 'SIGPWR'] as const
).filter((name) => name in constants.signals)
/** How long the editor may take to end after such a signal. */
const GRACE_MS = 2000

/** Runs the editor; a signal that would end this process ends the editor first. */
async function runEditor(program: string, args: readonly string[]): Promise<number | Error> {
  let child: ChildProcess | undefined
  let last: NodeJS.Timeout | undefined
  const stop = (): void => {
    child?.kill('SIGTERM')
    last ??= setTimeout(() => child?.kill('SIGKILL'), GRACE_MS)
  }
  // Ctrl-C at the terminal is for the editor alone.
  const listeners = process.listeners('SIGINT')
  const ignore = (): void => undefined
  process.removeAllListeners('SIGINT').on('SIGINT', ignore)
  // Before the editor runs: on a busy host it may be seen, and a signal sent, before spawn has returned.
  for (const signal of DEADLY) process.on(signal, stop)
  try {
    const started = spawn(program, args, { stdio: 'inherit' })
    child = started
    return await new Promise((resolve) => {
      started.on('error', resolve)
      started.on('close', (code, signal) =>
        resolve(code ?? new Error(`it was ended by ${signal ?? 'a signal'}`)),
      )
    })
  } finally {
    clearTimeout(last)
    for (const listener of listeners) process.on('SIGINT', listener)
    process.off('SIGINT', ignore)
    for (const signal of DEADLY) process.off(signal, stop)
  }
}

/**
 * The text after $VISUAL or $EDITOR (default: vi) has changed it. It lies in a file with mode 0600 in a folder of its
 * own, in memory where the system has that, and is removed however the editor or this process ends. Throws HactlError
 * when it fails.
 */
export async function editText(text: Secret): Promise<Secret> {
  const env = process.env
  const editor =
    [env['VISUAL'], env['EDITOR'], 'vi'].find((each) => each !== undefined && each !== '') ?? 'vi'
  const [program = 'vi', ...args] = splitWords(editor)
  const folder = mkdtempSync(join(memoryFolder(), `${PREFIX}${process.pid}-`))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  const file = join(folder, 'secrets.yml')
  try {
    writeFileSync(file, text.reveal(), { mode: 0o600, flag: 'wx' })
    const ended = await runEditor(program, [...args, file])
    if (ended !== 0) {
      const why = ended instanceof Error ? ended.message : `it ended with exit code ${ended}`
      const hint = 'set EDITOR to an editor that waits, e.g. EDITOR=vi'
      throw new HactlError(
        problem('cli/editor', `the editor "${editor}" failed: ${why}`, { hint }),
        EXIT.failed,
      )
    }
    return new Secret(readFileSync(file, 'utf8'))
  } finally {
    remove()
    process.off('exit', remove)
  }
}
