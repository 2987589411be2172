import { statSync } from 'node:fs'
import type { Endpoint } from '../cluster/drill/client-config.ts'
import { FAULTS, needsLab, type Fault } from '../cluster/drill/faults.ts'
import type { DrillOptions } from '../cluster/drill/run.ts'
import type { Site } from '../cluster/drill/site.ts'
import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import { suggest } from '../lib/suggest.ts'
import type { LabOf } from './drill-site.ts'
import { print } from './io.ts'
import type { Target } from './target.ts'

export interface DrillVerbOptions {
  readonly inventory?: string
  readonly list?: boolean
  readonly only?: readonly string[]
  readonly repeat: number
  readonly keepGoing?: boolean
  readonly seed?: number
  readonly duration?: number
  readonly rate: number
  readonly connections: number
  readonly connectTimeout: number
  readonly answerTimeout: number
  readonly target: 'address' | 'hosts'
  readonly proxy?: string
  readonly onRealHosts?: string
  readonly destructive?: boolean
  readonly patience: number
  readonly keep?: boolean
  readonly verify?: string
  readonly format: 'text' | 'json' | 'junit'
  readonly cluster?: string
  readonly secretsKey?: string
  readonly verbose: number
  readonly color: boolean
}

/** A call that cannot be meant. */
export const usage = (summary: string, hint: string): HactlError =>
  new HactlError(problem('cli/usage', summary, { hint }), EXIT.usage)

/** Splits the words into scenarios and the inventory, which comes last. */
export function splitWords(words: readonly string[]): {
  readonly names: readonly string[]
  readonly file?: string
} {
  const last = words.at(-1)
  const isScenario = last === undefined || last === 'all' || FAULTS.some(({ name }) => name === last)
  const isFile =
    last !== undefined && (statSync(last, { throwIfNoEntry: false }) !== undefined || /[./]/.test(last))
  return isScenario || !isFile ? { names: words } : { names: words.slice(0, -1), file: last }
}

/** Why a scenario cannot be run here; undefined when it can. */
function obstacle(fault: Fault, lab: LabOf | undefined, options: DrillVerbOptions): string | undefined {
  if (lab !== undefined) return undefined
  if (needsLab(fault)) return 'only in a lab'
  return fault.gentle || options.destructive === true ? undefined : 'needs --destructive'
}

export function faultOf(name: string): Fault {
  const found = FAULTS.find((fault) => fault.name === name)
  if (found) return found
  const close = suggest(
    name,
    FAULTS.map((fault) => fault.name),
  )
  throw usage(
    `there is no scenario "${name}"`,
    close === undefined ? 'hactl drill --list names them' : `did you mean "${close}"?`,
  )
}

/** The scenarios of a call. Throws HactlError for one that does not exist or cannot be run here. */
export function choose(
  names: readonly string[],
  lab: LabOf | undefined,
  options: DrillVerbOptions,
): readonly Fault[] {
  if (names.length === 0)
    throw usage('which scenario?', 'hactl drill --list names them; "all" runs all of them')
  const isAll = names.includes('all')
  const asked = isAll ? FAULTS : names.map(faultOf)
  const only = options.only?.map(faultOf)
  const chosen = only ? asked.filter((fault) => only.includes(fault)) : asked
  const open = chosen.filter((fault) => obstacle(fault, lab, options) === undefined)
  const shut = chosen.find((fault) => obstacle(fault, lab, options) !== undefined)
  if (shut && !isAll)
    throw new HactlError(
      problem('refused/scenario', `${shut.name} cannot be run here: ${obstacle(shut, lab, options)}`, {
        hint: 'hactl drill --list INVENTORY shows which can',
      }),
      EXIT.refused,
    )
  return open
}

export function requireConsent(
  target: Required<Target>,
  lab: LabOf | undefined,
  options: DrillVerbOptions,
): void {
  const { name } = target.cluster
  if (lab !== undefined || options.onRealHosts === name) return
  throw new HactlError(
    problem(
      'refused/real-hosts',
      `no lab of this machine wrote this inventory: ${name} may be a real cluster`,
      {
        detail: 'A drill breaks it on purpose while it runs: clients of it will see errors.',
        hint: `if that is wanted: --on-real-hosts ${name}`,
      },
    ),
    EXIT.refused,
  )
}

export async function list(lab: LabOf | undefined, options: DrillVerbOptions): Promise<void> {
  const width = Math.max(...FAULTS.map(({ name }) => name.length))
  for (const fault of FAULTS) {
    const why = obstacle(fault, lab, options)
    await print(`  ${fault.name.padEnd(width)}  ${fault.about}${why === undefined ? '' : `   (${why})`}`)
  }
}

function endpointOf(text: string): Endpoint {
  const match = /^(.+):(\d{1,5})$/.exec(text)
  if (!match) throw usage(`"${text}" is no host with a port`, 'write it as 10.0.0.5:6432')
  return { host: match[1] ?? '', port: Number(match[2]) }
}

/** Where clients connect, from what the cluster says of itself. */
export async function clientsOf(site: Site, options: DrillVerbOptions): Promise<DrillOptions['client']> {
  const { addresses } = await site.status()
  const { port } = site
  const ip = (which: 'writer' | 'reader'): string | undefined =>
    addresses.find(({ name }) => name === which)?.address.split('/')[0]
  const hosts = site.members.map(({ name, connection }) => ({
    name,
    endpoint: { host: connection.address, port },
  }))
  const [writer, reader] = [ip('writer'), ip('reader')]
  const direct = writer === undefined || options.target === 'hosts'
  const writers = direct ? hosts.map(({ endpoint }) => endpoint) : [{ host: writer, port }]
  return {
    writers: options.proxy === undefined ? writers : [endpointOf(options.proxy)],
    readers: reader === undefined ? hosts : [{ name: 'reader', endpoint: { host: reader, port } }],
    rate: options.rate,
    connections: options.connections,
    readRate: 10,
    connectTimeoutMs: options.connectTimeout,
    answerTimeoutMs: options.answerTimeout,
    endsAfterMs: 1_800_000,
  }
}
