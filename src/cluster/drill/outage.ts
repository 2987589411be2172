import { acknowledged, type Ledger } from './ledger.ts'
import type { Moment } from './marks.ts'
import { longest, writeGaps } from './timing.ts'
import type { Sample } from './watch.ts'
import type { Outage, Part } from './result.ts'

/** The parts of an outage in their order. */
export const PARTS_OF_OUTAGE = ['detect', 'decide', 'promote', 'route', 'reconnect'] as const
export type PartName = (typeof PARTS_OF_OUTAGE)[number]

export interface OutageInput {
  readonly ledger: Ledger
  readonly faultAt: number
  /** When the fault began to be healed: a later gap is not of the failover. */
  readonly until: number
  readonly samples: readonly Sample[]
  /** The primary before and after. */
  readonly before: string
  readonly after: string
  /** The writer address, where there is one. */
  readonly writer?: string
  readonly marks: Readonly<Partial<Record<'detected' | 'decided', Moment>>>
  /** When the new primary was promoted. */
  readonly promoted?: Moment
}

const EVERY = 'looks at the hosts, five a second'

function carried({ samples, writer, before, after, faultAt }: OutageInput): Moment | undefined {
  if (writer === undefined || before === after) return undefined
  const first = samples.find(
    ({ at, host, addresses }) => at > faultAt && host === after && addresses.includes(writer),
  )
  return first && { at: first.at, source: EVERY }
}

function opened({ samples, after, faultAt }: OutageInput): Moment | undefined {
  const first = samples.find(({ at, host, state }) => at > faultAt && host === after && state === 'primary')
  return first && { at: first.at, source: EVERY }
}

/**
 * The moments at which each part ended, as far as they could be read. They are kept only where they stand in order between
 * the fault and the first new acknowledgement: clocks of different hosts, or another order of events, make no parts.
 */
function ends(input: OutageInput, over: number): readonly (readonly [PartName, Moment])[] {
  const promoted = input.before !== input.after ? (input.promoted ?? opened(input)) : undefined
  // A line of a log that comes after the promotion does not tell what led to it.
  const before = (moment: Moment | undefined): Moment | undefined =>
    moment && promoted && moment.at > promoted.at ? undefined : moment
  const known: readonly (readonly [PartName, Moment | undefined])[] = [
    ['detect', before(input.marks.detected)],
    ['decide', before(input.marks.decided)],
    ['promote', promoted],
    ['route', carried(input)],
    ['reconnect', { at: over, source: 'the ledger' }],
  ]
  let last = input.faultAt
  return known.flatMap(([name, moment]) => {
    if (!moment || moment.at < last || moment.at > over) return []
    last = moment.at
    return [[name, moment] as const]
  })
}

/** The outage that a fault made, with its parts; undefined when writes went on. Pure. */
export function outageOf(input: OutageInput): Outage | undefined {
  const { ledger, faultAt, until } = input
  const gaps = writeGaps(ledger, until).filter(({ to, from }) => to > faultAt && from < until)
  const gap = longest(gaps)
  if (gap === undefined) return undefined
  const isOver = acknowledged(ledger).some(({ answeredAt }) => answeredAt === gap.to)
  let [last, waiting] = [Math.max(faultAt, 0), [] as PartName[]]
  const found = new Map(isOver ? ends(input, gap.to) : [])
  const parts = PARTS_OF_OUTAGE.flatMap((name): Part[] => {
    const moment = found.get(name)
    waiting = [...waiting, name]
    if (!moment) return []
    const part = { parts: waiting, ms: Math.round(moment.at - last), source: moment.source }
    last = moment.at
    waiting = []
    return [part]
  })
  return { ...gap, faultAt, parts }
}
