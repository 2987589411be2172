import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const BUILD = mkdtempSync(join(tmpdir(), 'hactl-build-'))
/** The built command line. */
export const MAIN = join(BUILD, 'src/cli/main.js')
/** Runs test verbs through the real dispatch. */
export const PROBE = join(BUILD, 'test/cli/probe.js')

/** Builds hactl and the probe into a folder of their own: starting from the sources takes five times as long. */
export function build(): void {
  const config = {
    extends: join(ROOT, 'tsconfig.build.json'),
    // Types are checked elsewhere.
    compilerOptions: { rootDir: ROOT, outDir: BUILD, noCheck: true },
    include: [join(ROOT, 'src'), join(ROOT, 'test/cli/probe.ts')],
  }
  writeFileSync(join(BUILD, 'tsconfig.json'), JSON.stringify(config))
  copyFileSync(join(ROOT, 'package.json'), join(BUILD, 'package.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(BUILD, 'node_modules'))
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', BUILD], { encoding: 'utf8' })
  if (!existsSync(MAIN) || !existsSync(PROBE)) throw new Error(`not built: ${stdout}`)
}

/** Removes what `build` made. */
export const removeBuild = (): void => rmSync(BUILD, { recursive: true })

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves when standard output or error contains the text; rejects when the process ends without it. */
  readonly says: (text: string) => Promise<void>
}

const quiet = (): NodeJS.ProcessEnv => {
  const { NO_COLOR: _no, FORCE_COLOR: _force, CI: _ci, ...env } = process.env
  return { ...env, TERM: 'xterm' }
}

interface StartOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

/** Starts hactl or the probe. Nothing is on its standard input. */
export function start(file: string, args: readonly string[], options: StartOptions = {}): Started {
  const started = watch(process.execPath, [file, ...args], options)
  started.child.stdin?.end()
  return started
}

/** Starts the probe on a terminal of its own; what is written to its standard input is typed there. */
export function startOnTerminal(args: readonly string[], options: StartOptions = {}): Started {
  const command = `'${process.execPath}' '${PROBE}' ${args.join(' ')}`
  return watch('script', ['-qefc', command, '/dev/null'], options)
}

function watch(command: string, args: readonly string[], options: StartOptions): Started {
  const child = spawn(command, args, { cwd: options.cwd ?? ROOT, env: { ...quiet(), ...options.env } })
  let stdout = ''
  let stderr = ''
  const listeners = new Set<() => void>()
  const heard = (): void => listeners.forEach((listener) => listener())
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    heard()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    heard()
  })
  child.stdin.on('error', () => undefined)
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
  const says = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if ((stdout + stderr).includes(text)) resolve()
      }
      listeners.add(check)
      child.on('close', () => reject(new Error(`ended without "${text}": ${stdout}${stderr}`)))
      check()
    })
  return { child, ended, says }
}

/** Runs hactl to its end. */
export const hactl = (...args: readonly string[]): Promise<Ended> => start(MAIN, args).ended
