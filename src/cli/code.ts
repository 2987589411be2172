import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'

export interface Code {
  readonly enter: (name: string, argv: readonly string[]) => Promise<void>
}

/** Runs only what may be reused: a verb that ended in an error has compiled little of its code. */
const GOOD: readonly unknown[] = [undefined, 0, 3]

/**
 * Bytes of bytecode that a function runs before V8 optimizes it, 30 times the default: a run is over before its
 * optimized code has paid for the compiler's time, which was a fifth of the CPU on 30 hosts.
 */
const OPTIMIZE_LATE = '--interrupt-budget=4000000'

const cacheHome = (): string =>
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'hactl', process.version)

function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}

/** Keeps the compiled code of a verb for its next run; whatever goes wrong, hactl works without. */
function keep(script: Script, file: string): void {
  const dir = dirname(file)
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const verb = /[^-]+$/.exec(file)?.[0] ?? ''
    for (const name of readdirSync(dir)) if (name.endsWith(`-${verb}`)) rmSync(join(dir, name))
    const temporary = `${file}.${process.pid}`
    writeFileSync(temporary, script.createCachedData(), { mode: 0o600 })
    renameSync(temporary, file)
  } catch {
    // No home, a full disk, a read-only place.
  }
}

/**
 * All code as one file, `dist/hactl.cjs`, with what V8 compiled of it in an earlier run: opening and compiling some
 * 300 files costs more CPU than a whole run with nothing to do. A finished build replaces `enter.js` by a call of this.
 */
export function bundled(verb: string): Code {
  setFlagsFromString(OPTIMIZE_LATE)
  const file = join(import.meta.dirname, '../hactl.cjs')
  const source = readFileSync(file, 'latin1')
  // The first line holds the hash of the rest: V8 itself compares only the length.
  const hash = /^\/\/ ([0-9a-f]+)/.exec(source)?.[1]
  const kept = join(cacheHome(), `${hash}-${verb}`)
  const cachedData = read(kept)
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
    filename: file,
    ...(cachedData && { cachedData }),
  })
  const module = { exports: {} }
  const run = script.runInThisContext() as (...args: readonly unknown[]) => void
  run(module.exports, createRequire(file), module, file, dirname(file))
  if (cachedData === undefined || script.cachedDataRejected === true) {
    process.on('exit', (code) => GOOD.includes(code) && keep(script, kept))
  }
  return module.exports as Code
}
