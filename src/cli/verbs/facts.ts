import type { Command } from 'commander'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import { renderDiagnostics } from '../../diag/render.ts'
import type { Fact } from '../../engine/module.ts'
import type { Probe } from '../../engine/probe.ts'
import { NotYet } from '../../engine/probe.ts'
import { suggest } from '../../lib/suggest.ts'
import { showValue } from '../../report/values.ts'
import { openBench } from '../../app/bench.ts'
import { openTargets } from '../../app/target.ts'
import type { Target } from '../../app/target.ts'
import { terminal } from '../caller.ts'
import { note, print, printJson, setExit } from '../io.ts'
import { inventoryFile, withFormat, withHosts, withInventory } from '../options.ts'
import type { GlobalOptions } from '../options.ts'

interface Options extends GlobalOptions {
  readonly fact?: readonly string[]
  readonly secretsKey?: string
}

type Readings = Readonly<Record<string, unknown>>

const words = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text.split(',').filter((word) => word !== ''),
]

/** The facts asked for by name, or all. Throws HactlError for a name that is none. */
function chosen(known: ReadonlyMap<string, Fact>, names: readonly string[] | undefined): readonly Fact[] {
  return (names ?? [...known.keys()]).map((name) => {
    const fact = known.get(name)
    if (fact) return fact
    const close = suggest(name, known.keys())
    const hint = close ? `did you mean "${close}"?` : `facts: ${[...known.keys()].join(', ')}`
    throw new HactlError(problem('cli/unknown-fact', `there is no fact "${name}"`, { hint }))
  })
}

/** What one fact says on one host; a fact that needs something not there yet says so. */
async function read(fact: Fact, probe: Probe, vars: Readings): Promise<unknown> {
  try {
    return await fact.read(probe, vars)
  } catch (error) {
    if (error instanceof NotYet) return `(not yet: ${error.why})`
    throw error
  }
}

/** All facts of a host are asked for in one tick, so that they share round trips. */
async function readHost(facts: readonly Fact[], probe: Probe, vars: Readings): Promise<Readings> {
  const values = await Promise.all(facts.map((fact) => read(fact, probe, vars)))
  return Object.fromEntries(facts.map((fact, at) => [fact.name, values[at]]))
}

/** Nested values as one line each: `os.family: debian`. */
function flat(name: string, value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [`  ${name}: ${showValue(value)}`]
  }
  return Object.entries(value).flatMap(([key, inner]) => flat(`${name}.${key}`, inner))
}

async function show(hosts: ReadonlyMap<string, Readings>, options: Options): Promise<void> {
  if (options.format === 'json') return printJson(Object.fromEntries(hosts))
  for (const [host, readings] of hosts) {
    if (options.format === 'jsonl') await printJson({ host, facts: readings }, 'jsonl')
    else await print(host, ...Object.entries(readings).flatMap(([name, value]) => flat(name, value)))
  }
}

/** Reads the hosts of one target. The sessions open while the modules are loaded. */
async function readTarget(target: Target, options: Options): Promise<Read> {
  const opening = openBench(target, options, terminal(), target.hosts)
  // A wrong fact name is told first; the sessions are then closed all the same.
  opening.catch(() => undefined)
  try {
    const { loadRegistry } = await import('../../modules/lazy.ts')
    const wanted = chosen((await loadRegistry()).facts, options.fact)
    const { opened } = await opening
    const hosts = [...opened.sessions].map(async ([name, session]) => {
      const vars = { ...target.inventory.hosts.get(name)?.vars, ...target.vars }
      return [name, await readHost(wanted, session.prober.probe, vars)] as const
    })
    return { hosts: await Promise.all(hosts), failures: [...opened.failures.values()] }
  } finally {
    await opening.then((bench) => bench.opened.close()).catch(() => undefined)
  }
}

interface Read {
  readonly hosts: readonly (readonly [string, Readings])[]
  readonly failures: readonly Diagnostic[]
}

async function facts(file: string, options: Options): Promise<void> {
  const read: Read[] = []
  for (const target of await openTargets(file, options, terminal()))
    read.push(await readTarget(target, options))
  await show(new Map(read.flatMap(({ hosts }) => hosts)), options)
  const failures = read.flatMap((each) => each.failures)
  if (failures.length === 0) return
  await note(renderDiagnostics(failures).trimEnd())
  setExit(EXIT.unreachable)
}

/** `hactl facts [INVENTORY]`: what is read from the hosts, as `when:` and templates see it. */
export function configure(command: Command): void {
  withFormat(withHosts(withInventory(command.argument('[inventory]', 'the inventory'))))
    .option('--fact <names>', 'only these facts, separated by commas', words)
    .option('--secrets-key <file>', 'the age key of the encrypted secrets')
    .action((argument: string | undefined, options: Options) =>
      facts(inventoryFile(argument, options), options),
    )
}
