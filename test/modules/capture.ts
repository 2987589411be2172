/**
 * Fills the answers of module cases with what this machine really says: runs `prepare`, the module's reads, its
 * steps, the reads again, and `cleanup`, then writes `sees`, `changes`, `steps` and `sees_after` into the file.
 * Changes the machine as the case does, so run it in a container: `tsx test/modules/capture.ts service/x.yml`.
 * A case with `happens` has that run in place of its steps: for waiting and for a reboot.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, lstatSync, readdirSync, readFileSync, rmSync, rmdirSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { stringify } from 'yaml'
import { createProber } from '../../src/engine/prober.ts'
import type { Step } from '../../src/engine/step.ts'
import { bare, program } from '../../src/lib/program.ts'
import { reveal, Secret } from '../../src/lib/secret.ts'
import { REGISTRY } from '../../src/modules/index.ts'
import { READINGS } from '../../src/modules/readings/index.ts'
import type { Command, CommandResult, Transport } from '../../src/transport/transport.ts'
import { look, parseCase, PROGRAM, SECRET } from './case.ts'
import type { Sight } from './case.ts'

function execute(command: Command): CommandResult {
  const argv = command.as === undefined ? command.argv : ['runuser', '-u', command.as, '--', ...command.argv]
  const [file = '', ...args] = argv
  const done = spawnSync(file, args, {
    encoding: 'utf8',
    input: command.stdin === undefined ? '' : reveal(command.stdin as string),
    env: { ...process.env, LC_ALL: 'C', ...command.env },
  })
  // EPIPE only means that the command did not read its input.
  if (done.error && 'code' in done.error && done.error.code === 'ENOENT')
    return { code: 127, stdout: '', stderr: `sh: 1: ${file}: not found\n` }
  return { code: done.status ?? 128, stdout: done.stdout, stderr: done.stderr }
}

/** The reading and keys that a command belongs to, so that cases need not repeat its script. */
function nameOf({ argv, as }: Command): Sight {
  for (const reading of READINGS.values()) {
    for (let keys = 1; keys < argv.length; keys++) {
      const tail = argv.slice(-keys)
      if (isDeepStrictEqual(reading.command(tail).argv, argv)) return { read: reading.name, keys: tail }
    }
  }
  return { run: argv, ...(as !== undefined && { as }) }
}

function recorder(sights: Sight[]): Transport {
  return {
    host: 'fake',
    atEnd: () => undefined,
    async batch(commands) {
      return commands.map((command) => {
        const result = execute(command)
        sights.push({
          ...nameOf(command),
          ...(result.code !== 0 && { code: result.code }),
          ...(result.stdout !== '' && { stdout: result.stdout }),
          ...(result.stderr !== '' && { stderr: result.stderr }),
        })
        return result
      })
    },
    upload: async () => ({ code: 0, stdout: '', stderr: '' }),
    stats: () => ({ roundTrips: 0, commands: 0, bytesSent: 0, bytesReceived: 0 }),
    close: async () => undefined,
  }
}

function perform(step: Step): void {
  if (step.kind === 'put') {
    writeFileSync(step.path, reveal(step.content))
    if (step.mode !== undefined) chmodSync(step.path, Number.parseInt(step.mode, 8))
    if (step.owner !== undefined) spawnSync('chown', [`${step.owner}:${step.group ?? ''}`, step.path])
  } else if (step.kind === 'remove') {
    if (lstatSync(step.path, { throwIfNoEntry: false })?.isDirectory()) rmdirSync(step.path)
    else rmSync(step.path, { force: true })
  } else if (step.kind === 'run') {
    const { code, stderr } = execute(step)
    if (!(step.okCodes ?? [0]).includes(code)) throw new Error(`${step.argv.join(' ')}: ${code}: ${stderr}`)
  }
}

const shell = (script: string | undefined): void => {
  if (script !== undefined) spawnSync('sh', ['-c', script], { stdio: ['ignore', 'ignore', 'inherit'] })
}

async function capture(file: string): Promise<void> {
  const given = parseCase(readFileSync(file, 'utf8'))
  const entry = REGISTRY.modules.get(file.split('/').at(-2) ?? '')
  if (!entry) throw new Error(`${file} is not below a folder named as a module`)
  shell(given.prepare)
  const sees: Sight[] = []
  const outcome = await look(entry, given.args, createProber(recorder(sees)).probe)
  const sees_after: Sight[] = []
  const waits = given.happens !== undefined
  const changed = (waits || (outcome.steps?.length ?? 0) > 0) && outcome.done !== true
  if (changed) {
    if (waits) shell(given.happens)
    else outcome.steps?.forEach(perform)
    const after = await look(entry, given.args, createProber(recorder(sees_after)).probe)
    if (after.done === false || after.changes?.length || after.refuses || after.not_yet) {
      throw new Error(`${file} does not converge: ${JSON.stringify(after)}`)
    }
  }
  shell(given.cleanup)
  const { about, captured = systemName(), prepare, happens, cleanup, args } = given
  const { steps = [], changes, ...rest } = outcome
  const settled = changes?.length === 0 || outcome.refuses !== undefined
  const written = {
    about,
    captured,
    ...(prepare !== undefined && { prepare }),
    ...(happens !== undefined && { happens }),
    ...(cleanup !== undefined && { cleanup }),
    args,
    sees,
    ...(outcome.refuses === undefined && changes && { changes }),
    ...rest,
    ...(!settled && outcome.not_yet === undefined && { steps }),
    ...(changed && { sees_after }),
  }
  const text = { customTags: [SECRET, WRITTEN], lineWidth: 0, aliasDuplicateObjects: false }
  writeFileSync(file, stringify(withPrograms(written), text))
}

class Program {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

const WRITTEN = {
  ...PROGRAM,
  identify: (value: unknown) => value instanceof Program,
  stringify: ({ value }: { value: unknown }) => (value as Program).name,
}

const PROGRAMS = new Map(
  readdirSync(resolve(import.meta.dirname, '../../files'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.sh'))
    .map((name) => [bare(program(name)), name]),
)

/** Texts of files below `files/` by their names. */
function withPrograms(value: unknown): unknown {
  if (typeof value === 'string') {
    const name = PROGRAMS.get(value)
    return name === undefined ? value : new Program(name)
  }
  if (Array.isArray(value)) return value.map(withPrograms)
  if (typeof value !== 'object' || value === null || value instanceof Secret) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withPrograms(each)]))
}

const systemName = (): string =>
  /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown'

for (const file of process.argv.slice(2)) {
  await capture(resolve(file)).catch((error: unknown) => {
    process.exitCode = 1
    process.stderr.write(`${file}: ${String(error)}\n`)
  })
}
