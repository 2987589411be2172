import { statSync } from 'node:fs'
import type { Endpoint } from '../../cluster/drill/client-config.ts'
import { needsLab, together, type Fault, type Need } from '../../cluster/drill/fault.ts'
import { FAULTS } from '../../cluster/drill/faults.ts'
import type { DrillOptions } from '../../cluster/drill/run.ts'
import type { Site } from '../../cluster/drill/site.ts'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { members } from '../../inventory/topology.ts'
import { suggest } from '../../lib/suggest.ts'
import { votersOf, type LabOf } from './site.ts'
import type { Target } from '../target.ts'

/** What is to be broken, how often, and what the clients do meanwhile. */
export interface DrillRequest {
  readonly only?: readonly string[]
  readonly repeat: number
  readonly keepGoing?: boolean
  readonly seed?: number
  readonly duration?: number
  readonly runs?: number
  readonly rate: number
  readonly connections: number
  readonly connectTimeout: number
  readonly answerTimeout: number
  readonly target: 'address' | 'hosts'
  readonly proxy?: string
  readonly onRealHosts?: string
  readonly destructive?: boolean
  readonly patience: number
  readonly undoAfter?: number
  readonly keep?: boolean
  readonly cluster?: string
  readonly secretsKey?: string
  readonly verbose: number
  /** The call that made it, for whoever reads the result. */
  readonly command?: readonly string[]
}

/** A call that cannot be meant. */
export const usage = (summary: string, hint: string): HactlError =>
  new HactlError(problem('cli/usage', summary, { hint }), EXIT.usage)

/** Several scenarios in one word are made at once. */
const AT_ONCE = '+'

const isKnown = (word: string): boolean =>
  word === 'all' || word.split(AT_ONCE).every((part) => FAULTS.some(({ name }) => name === part))

/** Splits the words into scenarios and the inventory, which comes last. */
export function splitWords(words: readonly string[]): {
  readonly names: readonly string[]
  readonly file?: string
} {
  const last = words.at(-1)
  const isScenario = last === undefined || isKnown(last)
  const isFile =
    last !== undefined && (statSync(last, { throwIfNoEntry: false }) !== undefined || /[./]/.test(last))
  return isScenario || !isFile ? { names: words } : { names: words.slice(0, -1), file: last }
}

/** Where a drill is to be made. */
export interface Place {
  readonly target: Required<Target>
  readonly lab: LabOf | undefined
}

/** By need: why a place cannot give it; undefined when it can. */
const LACKS: Readonly<Record<Need, (place: Place) => string | undefined>> = {
  'own-clock': ({ lab }) => lab?.driver.cannot['own-clock'],
  witness: ({ target }) =>
    votersOf(target).length > 0 ? undefined : 'the cluster has no host that only votes',
  leader: ({ target }) =>
    target.stack.drills?.leads === undefined ? 'the stack names no leader' : undefined,
  'third-host': ({ target }) =>
    members(target.cluster).length + votersOf(target).length > 2
      ? undefined
      : 'the cluster has no third host',
}

/** Why a scenario cannot be run at a place; undefined when it can. */
export function obstacle(
  fault: Fault,
  place: Place,
  { destructive }: Pick<DrillRequest, 'destructive'>,
): string | undefined {
  const lacks = (fault.needs ?? []).flatMap((need) => LACKS[need](place) ?? [])
  if (lacks.length > 0) return lacks.join('; ')
  if (place.lab !== undefined) return undefined
  if (needsLab(fault)) return 'only in a lab'
  return fault.gentle || destructive === true ? undefined : 'needs --destructive'
}

function single(name: string): Fault {
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

/** The scenario of a name, or those of several with + between them, made at once. Throws HactlError for an unknown one. */
export const faultOf = (name: string): Fault => together(name.split(AT_ONCE).map(single))

/** The scenarios of a call. Throws HactlError for one that does not exist or cannot be run here. */
export function choose(names: readonly string[], place: Place, options: DrillRequest): readonly Fault[] {
  if (names.length === 0)
    throw usage('which scenario?', 'hactl drill --list names them; "all" runs all of them')
  const isAll = names.includes('all')
  const asked = isAll ? FAULTS : names.map(faultOf)
  const only = options.only?.map((name) => faultOf(name).name)
  const chosen = only ? asked.filter((fault) => only.includes(fault.name)) : asked
  const open = chosen.filter((fault) => obstacle(fault, place, options) === undefined)
  const shut = chosen.find((fault) => obstacle(fault, place, options) !== undefined)
  if (shut && !isAll)
    throw new HactlError(
      problem('refused/scenario', `${shut.name} cannot be run here: ${obstacle(shut, place, options)}`, {
        hint: 'hactl drill --list INVENTORY shows which can',
      }),
      EXIT.refused,
    )
  return open
}

/** Refuses a cluster that no lab made, unless it is named. Throws HactlError. */
export function requireConsent(
  target: Required<Target>,
  lab: LabOf | undefined,
  options: DrillRequest,
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

export interface Offer {
  readonly name: string
  readonly about: string
  /** Why it cannot be run at this place. */
  readonly why?: string
}

/** Every scenario; where one cannot be run at a place, why. */
export const offers = (
  place: Place | undefined,
  options: Pick<DrillRequest, 'destructive'>,
): readonly Offer[] =>
  FAULTS.map((fault) => {
    const why = place && obstacle(fault, place, options)
    return { name: fault.name, about: fault.about, ...(why !== undefined && { why }) }
  })

function endpointOf(text: string): Endpoint {
  const match = /^(.+):(\d{1,5})$/.exec(text)
  if (!match) throw usage(`"${text}" is no host with a port`, 'write it as 10.0.0.5:6432')
  return { host: match[1] ?? '', port: Number(match[2]) }
}

/** Where clients connect, from what the cluster says of itself. */
export async function clientsOf(site: Site, options: DrillRequest): Promise<DrillOptions['client']> {
  const { addresses } = await site.status()
  const { port } = site
  const ip = (which: 'writer' | 'reader'): string | undefined =>
    addresses.find(({ name }) => name === which)?.address
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
