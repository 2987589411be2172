import { createHash } from 'node:crypto'
import { reveal } from '../lib/secret.ts'
import type { Command } from '../transport/transport.ts'
import { toCommand } from './execute.ts'
import { putsCommand, putsFit, putsKey } from './put.ts'
import type { PutStep, RunStep, Step } from './step.ts'

/** A step on its way to the host, and how its task wants it to be run. */
export interface Sending {
  readonly step: Exclude<Step, { kind: 'upload' }>
  readonly as: string | undefined
  readonly timeoutMs: number
}

/** One command, and the steps it stands for by their index. */
export interface Parcel {
  readonly command: Command
  readonly covers: readonly number[]
}

interface Indexed extends Sending {
  readonly index: number
}
type Put = Indexed & { readonly step: PutStep; readonly covers: readonly number[] }
type Run = Indexed & { readonly step: RunStep }

const isPut = (each: Indexed | undefined): each is Indexed & { step: PutStep } => each?.step.kind === 'put'
const isRun = (each: Indexed | undefined): each is Run => each?.step.kind === 'run'

/** Some of the steps, by their index, as a command each. */
export const singly = (sendings: readonly Sending[], indexes: readonly number[]): readonly Parcel[] =>
  indexes.map((index) => ({ command: commandOf(sendings[index] as Sending), covers: [index] }))

const commandOf = ({ step, as, timeoutMs }: Sending): Command => ({ timeoutMs, ...toCommand(step, as) })

/**
 * Steps in their order in as few commands as possible: writes that follow each other are grouped by folder, owner and
 * mode, several writes of one file become the last of them, and commands that may be joined are. A parcel of several
 * steps does all or is followed by nothing; the caller then sends its steps singly, which names the one that failed.
 */
export function pack(sendings: readonly Sending[]): readonly Parcel[] {
  const parcels: Parcel[] = []
  const rest = sendings.map((each, index): Indexed => ({ ...each, index }))
  while (rest[0]) {
    const puts = takeWhile(rest, isPut)
    if (puts.length > 0) parcels.push(...packPuts(puts))
    else parcels.push(joined(rest))
  }
  return parcels
}

/** Takes the longest beginning that fits off a list. */
function takeWhile<T extends Indexed>(list: Indexed[], fits: (each: Indexed) => each is T): T[] {
  const taken: T[] = []
  for (let first = list[0]; first && fits(first); first = list[0]) {
    taken.push(first)
    list.shift()
  }
  return taken
}

function joined(rest: Indexed[]): Parcel {
  const first = rest.shift() as Indexed
  const same = isRun(first) ? joinKey(first) : undefined
  const more =
    same === undefined ? [] : takeWhile(rest, (each): each is Run => isRun(each) && joinKey(each) === same)
  const command = commandOf(first)
  const operands = more.flatMap(({ step }) => step.argv.slice(step.argv.indexOf('--') + 1))
  return {
    command: { ...command, argv: [...command.argv, ...operands] },
    covers: [first, ...more].map(({ index }) => index),
  }
}

/** Commands of equal key may be joined; undefined: never. */
function joinKey({ step, as, timeoutMs }: Run): string | undefined {
  const { joins, argv, ...rest } = step
  const end = argv.indexOf('--')
  if (joins !== true || end < 0 || rest.stdin !== undefined || rest.okCodes) return undefined
  return JSON.stringify([argv.slice(0, end), as, timeoutMs, rest])
}

function packPuts(puts: readonly (Indexed & { step: PutStep })[]): readonly Parcel[] {
  const lasts = lastOfEach(puts)
  if (!lasts) return puts.map((put) => ({ command: commandOf(put), covers: [put.index] }))
  const groups = new Map<string, Put[]>()
  for (const put of lasts) {
    const key = putsKey(put.step) ?? `alone ${put.index}`
    groups.set(key, [...(groups.get(key) ?? []), put])
  }
  return [...groups.values()].flatMap((group): Parcel[] => {
    const steps = group.map(({ step }) => step)
    if (!putsFit(steps)) return group.map((put) => ({ command: commandOf(put), covers: put.covers }))
    const timeoutMs = Math.max(...group.map((put) => put.timeoutMs))
    return [{ command: { timeoutMs, ...putsCommand(steps) }, covers: group.flatMap(({ covers }) => covers) }]
  })
}

/**
 * Writes of one file one after the other become the last, guarded by what the first expects to find. Undefined when
 * one of them is checked by a command of its own or does not build on the one before.
 */
function lastOfEach(puts: readonly (Indexed & { step: PutStep })[]): readonly Put[] | undefined {
  const byPath = new Map<string, Put>()
  for (const put of puts) {
    const { step } = put
    const earlier = byPath.get(step.path)
    if (earlier && !buildsOn(step, earlier.step)) return undefined
    byPath.set(step.path, {
      ...put,
      covers: [...(earlier?.covers ?? []), put.index],
      step: earlier ? { ...step, expect: earlier.step.expect ?? '' } : step,
    })
  }
  return [...byPath.values()]
}

const buildsOn = (step: PutStep, earlier: PutStep): boolean =>
  step.validate === undefined && earlier.validate === undefined && step.expect === contentHash(earlier)

const contentHash = ({ content }: PutStep): string =>
  createHash('sha256').update(reveal(content)).digest('hex')
