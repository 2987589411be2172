import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { differences } from '../../../src/engine/diff.ts'
import type { Difference } from '../../../src/engine/diff.ts'
import { toCommand } from '../../../src/engine/execute.ts'
import type { Module } from '../../../src/engine/module.ts'
import { createProber } from '../../../src/engine/prober.ts'
import type { Prober } from '../../../src/engine/prober.ts'
import type { Step } from '../../../src/engine/step.ts'
import { fillDefaults } from '../../../src/schema/build.ts'
import { connectLocal } from '../../../src/transport/local.ts'
import type { Command, CommandResult, Transport } from '../../../src/transport/transport.ts'

export const BIN = '/usr/lib/postgresql/15/bin'

const asPostgres = (...argv: readonly string[]): string =>
  execFileSync('runuser', ['-u', 'postgres', '--', ...argv], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  })

/** A throw-away server on a socket in a folder of its own, listening on loopback only when asked. */
export interface Scratch {
  readonly dir: string
  readonly data: string
  readonly port: number
  readonly server: { readonly port: number; readonly socket_dir: string }
  sql(query: string): string
  start(): void
  stop(): void
  /** Stops it, by its data directory, and removes everything. */
  remove(): void
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })

export async function scratch(options: { readonly init?: boolean } = {}): Promise<Scratch> {
  const dir = mkdtempSync('/tmp/hactl-pg-test-')
  execFileSync('chown', ['postgres:postgres', dir])
  const data = join(dir, 'data')
  const port = await freePort()
  if (options.init !== false) {
    asPostgres(
      `${BIN}/initdb`,
      '-D',
      data,
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
      '-k',
      '--auth-local=peer',
      '--auth-host=scram-sha-256',
    )
    configure(data, port, dir)
  }
  const stop = (): void => {
    spawnSync('runuser', [
      '-u',
      'postgres',
      '--',
      `${BIN}/pg_ctl`,
      '-D',
      data,
      '-m',
      'immediate',
      '-w',
      'stop',
    ])
  }
  return {
    dir,
    data,
    port,
    server: { port, socket_dir: dir },
    sql: (query) =>
      asPostgres('psql', '-XAtqc', query, '-d', `host=${dir} port=${port} dbname=postgres`).trim(),
    start: () => {
      asPostgres(`${BIN}/pg_ctl`, '-D', data, '-l', join(dir, 'log'), '-w', 'start')
    },
    stop,
    remove: () => {
      stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Port, socket folder and loopback for a data directory. */
export function configure(data: string, port: number, dir: string): void {
  appendFileSync(
    join(data, 'postgresql.conf'),
    `port = ${port}\nunix_socket_directories = '${dir}'\nlisten_addresses = '127.0.0.1'\nfsync = off\n`,
  )
}

export interface Look {
  readonly changes: readonly Difference[]
  readonly refused?: string
  readonly steps: readonly Step[]
}

export interface Bench {
  readonly transport: Transport
  /** What a plan would say. */
  plan(module: Module, args: Readonly<Record<string, unknown>>): Promise<Look>
  /** Carries the plan out; the results of its commands. */
  apply(module: Module, args: Readonly<Record<string, unknown>>): Promise<readonly CommandResult[]>
}

const moduleOf = (module: Module): Module['spec'] => module.spec

async function look(prober: Prober, module: Module, given: Readonly<Record<string, unknown>>): Promise<Look> {
  const spec = moduleOf(module)
  const args = fillDefaults(spec.args, given) as Readonly<Record<string, unknown>>
  const from = await spec.current(prober.view().probe, args)
  const to = spec.desired(args, from)
  const changes = differences(from, to)
  if (changes.length === 0) return { changes, steps: [] }
  const refused = spec.refuse?.(from, to, args)
  if (refused) return { changes, refused: `${refused.code}: ${refused.summary}`, steps: [] }
  return { changes, steps: spec.steps(from, to, args) }
}

/** The local transport with a fresh prober for every plan. */
export async function bench(): Promise<Bench> {
  const transport = await connectLocal(
    {
      host: 'local',
      kind: 'local',
      address: 'local',
      become: false,
      becomeUser: 'root',
      connectTimeoutMs: 5000,
    },
    {},
  )
  const plan: Bench['plan'] = (module, args) => look(createProber(transport), module, args)
  return {
    transport,
    plan,
    async apply(module, args) {
      const { steps, refused } = await plan(module, args)
      if (refused !== undefined) throw new Error(refused)
      return transport.batch(commands(steps), { failFast: true })
    },
  }
}

/** The commands of steps, as the engine makes them. */
export const commands = (steps: readonly Step[]): readonly Command[] =>
  steps.flatMap((step) => (step.kind === 'upload' ? [] : [toCommand(step, undefined)]))

/** Changes as `field: from -> to`, for short assertions. */
export const said = ({ changes }: Look): readonly string[] =>
  changes.map(({ field, from, to }) => `${field}: ${String(from)} -> ${String(to)}`)

export const failed = (results: readonly CommandResult[]): readonly string[] =>
  results.filter((result) => result.code !== 0 && !result.notRun).map((result) => result.stderr)
