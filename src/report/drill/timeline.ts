import type { RunResult } from '../../cluster/drill/result.ts'
import type { Sample } from '../../cluster/drill/watch.ts'

/** What a member was from one moment to another. Milliseconds from the zero of its run. */
export interface Spell {
  readonly from: number
  readonly to: number
  readonly state: Sample['state']
  /** Virtual addresses it carried. */
  readonly carries: readonly ('writer' | 'reader')[]
}

/** A vertical line in a plot. */
export interface PlotMark {
  readonly at: number
  readonly text: string
}

/** One run as it is drawn. Milliseconds from `zero`. */
export interface Timeline {
  /** The fault, or where there was none the beginning; milliseconds since 1970. */
  readonly zero: number
  readonly from: number
  readonly to: number
  readonly stepMs: number
  readonly acknowledged: readonly number[]
  readonly failed: readonly number[]
  readonly lanes: readonly { readonly host: string; readonly spells: readonly Spell[] }[]
  readonly marks: readonly PlotMark[]
  /** Pauses without an acknowledged write. */
  readonly gaps: readonly (readonly [number, number])[]
}

export type Addresses = Readonly<Partial<Record<'writer' | 'reader', string>>>

const carriesOf = (sample: Sample, addresses: Addresses): Spell['carries'] =>
  (['writer', 'reader'] as const).filter((name) => sample.addresses.includes(addresses[name] ?? ' '))

/** What each member was, from look to look; a member that was never looked at has no lane. */
function lanesOf(run: RunResult, addresses: Addresses, zero: number, end: number): Timeline['lanes'] {
  const hosts = [...new Set(run.members.map(({ host }) => host))].toSorted()
  return hosts.map((host) => {
    const looks = run.members.filter((sample) => sample.host === host)
    return {
      host,
      spells: looks.map((sample, at) => ({
        from: Math.round(sample.at - zero),
        to: Math.round((looks[at + 1]?.at ?? zero + end) - zero),
        state: sample.state,
        carries: carriesOf(sample, addresses),
      })),
    }
  })
}

/** Steps before the first answer hold nothing but the making of the run; silence at the end is shown. */
const warmFrom = ({ acknowledged, failed }: RunResult['series']): number =>
  Math.max(
    0,
    acknowledged.findIndex((n, at) => n > 0 || (failed[at] ?? 0) > 0),
  )

/** A run as it is drawn. Pure. */
export function timelineOf(run: RunResult, addresses: Addresses): Timeline {
  const { series, faultAt, healedAt, beganAt, gaps } = run
  const zero = faultAt ?? beganAt
  const first = warmFrom(series)
  const end = series.acknowledged.length
  const at = (step: number): number => Math.round(series.from + step * series.stepMs - zero)
  const marks: readonly (readonly [number | undefined, string])[] = [
    [faultAt, 'fault'],
    [healedAt, 'healed'],
  ]
  return {
    zero,
    from: at(first),
    to: at(end),
    stepMs: series.stepMs,
    acknowledged: series.acknowledged.slice(first),
    failed: series.failed.slice(first),
    lanes: lanesOf(run, addresses, zero, at(end)),
    marks: marks.flatMap(([moment, text]) =>
      moment === undefined ? [] : [{ at: Math.round(moment - zero), text }],
    ),
    gaps: gaps.map(({ from, to }) => [Math.round(from - zero), Math.round(to - zero)] as const),
  }
}

/** The scales that all runs of a scenario share: times in milliseconds from the fault, writes a step from 0. */
export interface Scales {
  readonly from: number
  readonly to: number
  readonly most: number
}

/** The widest scales that some runs need. Pure. */
export const scalesOf = (lines: readonly Timeline[]): Scales => ({
  from: Math.min(0, ...lines.map(({ from }) => from)),
  to: Math.max(1000, ...lines.map(({ to }) => to)),
  most: Math.max(1, ...lines.flatMap(({ acknowledged, failed }) => [...acknowledged, ...failed])),
})

/** Something that happened in a run, for people who read and do not look. */
export interface Happening {
  /** Milliseconds from the zero of the run. */
  readonly at: number
  readonly text: string
  /** Where it was read. */
  readonly source: string
}

/** The expectation of cluster/drill/expect.ts. */
const HEALTHY = 'the cluster is healthy again'
const LOOKS = 'looks at the hosts, five a second'
const STATES: Readonly<Record<Sample['state'], string>> = {
  primary: 'primary',
  standby: 'standby',
  down: 'without PostgreSQL',
  unreachable: 'unreachable',
}
const ENDS = {
  detect: 'the cluster noticed',
  decide: 'it began to promote',
  promote: 'the new primary was open',
  route: 'the writer address was there',
  reconnect: 'first write acknowledged again',
} as const

/** What changed between two spells of a member. */
function changeOf(host: string, before: Spell, now: Spell): readonly string[] {
  const news = before.state === now.state ? [] : [`${host} is ${STATES[now.state]}`]
  if (now.state === 'unreachable' || before.state === 'unreachable') return news
  const gained = now.carries.filter((name) => !before.carries.includes(name))
  const gone = before.carries.filter((name) => !now.carries.includes(name))
  return [
    ...news,
    ...gained.map((name) => `${host} has the ${name} address`),
    ...gone.map((name) => `${host} no longer has the ${name} address`),
  ]
}

function ofMembers({ lanes }: Timeline): readonly Happening[] {
  return lanes.flatMap(({ host, spells }) =>
    spells.slice(1).flatMap((now, index) => {
      const text = changeOf(host, spells[index] ?? now, now)
      return text.length > 0 ? [{ at: now.from, text: text.join('; '), source: LOOKS }] : []
    }),
  )
}

function ofOutage({ outage, faultAt = 0 }: RunResult): readonly Happening[] {
  let at = 0
  return (outage?.parts ?? []).map(({ parts, ms, source }) => {
    at += ms
    return {
      at: at + Math.max(0, (outage?.faultAt ?? faultAt) - faultAt),
      text: ENDS[parts.at(-1) ?? 'detect'],
      source,
    }
  })
}

/** Everything that is known to have happened, in order. Pure. */
export function happenings(run: RunResult, line: Timeline): readonly Happening[] {
  const { outage, rejoin, healedAt } = run
  const back = healedAt !== undefined && rejoin ? healedAt + rejoin.ms - line.zero : undefined
  const isWell = run.checks.every(({ what, ok }) => ok || what !== HEALTHY)
  return [
    ...line.marks.map(({ at, text }) => ({ at, text, source: 'hactl' })),
    ...(outage
      ? [
          {
            at: outage.from - line.zero,
            text: 'last write acknowledged before the outage',
            source: 'the ledger',
          },
        ]
      : []),
    ...ofOutage(run),
    ...ofMembers(line),
    ...(back === undefined
      ? []
      : [
          {
            at: back,
            text: isWell ? 'healthy, and stayed so for six seconds' : 'not waited for any longer',
            source: 'hactl status',
          },
        ]),
  ].toSorted((a, b) => a.at - b.at)
}
