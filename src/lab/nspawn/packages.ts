import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { poll } from '../../lib/poll.ts'
import { CONTROLLER, PROXY_PORT } from '../names.ts'
import { labEnv, run, tail } from '../run.ts'
import { withLock } from './lock.ts'
import { inNetns, labHome, labNetns, labPaths } from './paths.ts'

const proxyDir = (): string => join(labHome(), 'proxy')
const socketFile = (): string => join(proxyDir(), 'apt.sock')
const pidFile = (): string => join(proxyDir(), 'pid')
const logFile = (): string => join(proxyDir(), 'proxy.log')

/** argv that runs one of our own programs: compiled as it is, from the source tree through tsx. */
function programArgv(name: string): readonly string[] {
  const compiled = import.meta.filename.endsWith('.js')
  const file = join(import.meta.dirname, `${name}.${compiled ? 'js' : 'ts'}`)
  if (compiled) return [process.execPath, file]
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  return [process.execPath, `--import=${tsx}`, file]
}

/** Starts a program that outlives us. It gets no variables of the user: they may hold secrets, and it stays. */
function startDetached(argv: readonly string[], log: string, env: Record<string, string> = {}): number {
  mkdirSync(dirname(log), { recursive: true })
  const fd = openSync(log, 'a')
  const [program = '', ...args] = argv
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', fd, fd],
    env: { PATH: labEnv()['PATH'], LC_ALL: 'C', ...env },
    cwd: '/',
  })
  child.on('error', () => undefined)
  child.unref()
  closeSync(fd)
  return child.pid ?? 0
}

/** The origins the running proxy serves; undefined when none answers. */
async function servedOrigins(): Promise<string | undefined> {
  if (!existsSync(socketFile())) return undefined
  return new Promise((resolve) => {
    const asked = request({ socketPath: socketFile(), path: '/alive', timeout: 2000 }, (answer) => {
      let text = ''
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
      answer.on('end', () => resolve(text))
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(undefined))
    asked.end()
  })
}

/** The proxy's process id, if the one noted is still the proxy of this folder. */
function proxyPid(): number | undefined {
  const pid = existsSync(pidFile()) ? Number(readFileSync(pidFile(), 'utf8')) : 0
  if (!Number.isInteger(pid) || pid <= 1 || !existsSync(`/proc/${pid}/cmdline`)) return undefined
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(socketFile()) ? pid : undefined
}

/** A process whose parent has not yet asked for its exit code has ended all the same. */
function hasEnded(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return true
  }
}

async function endProcess(pid: number): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    try {
      process.kill(pid, signal)
    } catch {
      return
    }
    if (
      await poll(async () => (hasEnded(pid) ? true : undefined), {
        timeoutMs: 2000,
        intervalMs: 20,
      })
    )
      return
  }
}

/** Ends the package proxy of all labs; the cache stays. */
export async function stopProxy(): Promise<void> {
  const pid = proxyPid()
  if (pid !== undefined) await endProcess(pid)
  for (const file of [pidFile(), socketFile()]) rmSync(file, { force: true })
}

/** The proxy this machine's own apt uses, if any. */
async function machineProxy(): Promise<string | undefined> {
  const { stdout } = await run(['apt-config', 'shell', 'P', 'Acquire::http::Proxy'])
  const configured = /^P='(http:.*)'$/m.exec(stdout)?.[1]
  return configured ?? process.env['http_proxy']
}

async function launchProxy(origins: readonly string[]): Promise<void> {
  await stopProxy()
  const through = await machineProxy()
  const argv = [...programArgv('proxy'), socketFile(), join(proxyDir(), 'cache'), ...origins]
  const pid = startDetached(
    argv,
    logFile(),
    through === undefined || through === '' ? {} : { HACTL_LAB_HTTP_PROXY: through },
  )
  writeFileSync(pidFile(), String(pid))
  const up = await poll(servedOrigins, { timeoutMs: 10_000, intervalMs: 50 })
  if (up === undefined) throw notUp('the package proxy', logFile())
}

const notUp = (what: string, log: string): HactlError =>
  new HactlError(
    problem('lab/no-proxy', `${what} does not start`, {
      detail: existsSync(log) ? tail(readFileSync(log, 'utf8')) : '',
      hint: `read ${log}`,
    }),
    EXIT.failed,
  )

/** Makes sure that the one proxy of this machine's labs runs and serves these mirrors; starts it again after a crash. */
export async function ensureProxy(origins: readonly string[]): Promise<void> {
  // The kernel's limit for the path of a UNIX socket.
  if (socketFile().length > 107)
    throw new HactlError(
      problem('lab/long-path', `the path ${socketFile()} is too long`, {
        hint: 'choose a shorter HACTL_LAB_DIR',
      }),
    )
  mkdirSync(proxyDir(), { recursive: true })
  const wanted = JSON.stringify(origins)
  if ((await servedOrigins()) === wanted) return
  await withLock('proxy', { timeoutMs: 60_000 }, async () => {
    const served = await servedOrigins()
    if (served === wanted) return
    // Labs of other releases may use other mirrors: serve those as well.
    const before = served === undefined ? [] : (JSON.parse(served) as string[])
    if (origins.every((origin) => before.includes(origin))) return
    await launchProxy([...new Set([...before, ...origins])])
  })
}

const answers = (lab: string): Promise<boolean> =>
  run(inNetns(labNetns(lab), 'nc', '-z', '-w', '2', CONTROLLER, String(PROXY_PORT))).then(
    ({ code }) => code === 0,
  )

/** Makes sure that the nodes of a lab reach the proxy. */
export async function ensureRelay(lab: string): Promise<void> {
  if (await answers(lab)) return
  const { relayLog } = labPaths(lab)
  startDetached(
    inNetns(labNetns(lab), ...programArgv('relay'), CONTROLLER, String(PROXY_PORT), socketFile()),
    relayLog,
  )
  if (
    !(await poll(async () => ((await answers(lab)) ? true : undefined), {
      timeoutMs: 10_000,
      intervalMs: 50,
    }))
  ) {
    throw notUp(`the package relay of lab ${lab}`, relayLog)
  }
}

/** Ends processes of ours that live in a lab's namespaces. */
export const endAll = (pids: readonly number[]): Promise<unknown> => Promise.all(pids.map(endProcess))
