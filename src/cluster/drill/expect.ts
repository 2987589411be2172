import type { ReplicationMode } from '../status.ts'
import type { Expectation } from './fault.ts'
import { isCorrupt } from './verdict.ts'
import type { Check, Clash, Divergence, Outage, Overlap, ReaderReport, Verdict } from './result.ts'

/** All that a run is judged by. */
export interface Evidence {
  readonly expect: Expectation
  readonly mode: ReplicationMode
  readonly before: string
  /** The primary when all was over. */
  readonly after?: string
  readonly outage?: Outage
  /** Writes were acknowledged again before the fault was healed. */
  readonly back: boolean
  readonly verdicts: readonly Verdict[]
  readonly divergences: readonly Divergence[]
  /** Standbys that could not be compared. */
  readonly unread: readonly string[]
  readonly overlaps: readonly Overlap[]
  readonly addressClashes: readonly Clash[]
  readonly readers: readonly ReaderReport[]
  readonly healthy: boolean
  /** From the end of the fault until the cluster was healthy, milliseconds. */
  readonly rejoinMs?: number
  /** Runbooks that were needed for it. */
  readonly helped: readonly string[]
  /** Why the cluster is not as it was. */
  readonly unhealthy?: string
  readonly pending: number
  readonly pendingWhy?: string
  readonly cleaned: boolean
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

const check = (what: string, ok: boolean, seen: string): Check => ({ what, ok, ...(!ok && { seen }) })

/** Modes in which an acknowledged write may be lost: where no standby confirms commits, the newest ones may. */
const UNCONFIRMED: readonly ReplicationMode[] = ['async']

/** What must hold of the data, whatever was broken. Pure. */
export function safety({
  verdicts,
  mode,
  overlaps,
  divergences,
  unread,
  mayLose = UNCONFIRMED,
}: Pick<Evidence, 'verdicts' | 'mode' | 'overlaps' | 'divergences' | 'unread'> & {
  readonly mayLose?: Expectation['mayLose']
}): readonly Check[] {
  const lost = Math.max(0, ...verdicts.map((verdict) => verdict.lost.length))
  const corrupt = verdicts.find(isCorrupt)
  const says = (verdict: Verdict | undefined): string =>
    verdict
      ? `${verdict.duplicates.length} duplicate, ${verdict.impossible.length} never sent, ${verdict.partial.length} partial, ` +
        `${verdict.counters.length} counters wrong`
      : ''
  const late = overlaps.reduce((sum, { writes }) => sum + writes.length, 0)
  return [
    check('the tables could be compared', verdicts.length > 0, 'no verdict'),
    ...(mayLose.includes(mode)
      ? []
      : [check('no acknowledged write is lost', lost === 0, `${lost} acknowledged writes are lost`)]),
    check('nothing is there twice, in part, or unasked', corrupt === undefined, says(corrupt)),
    check(
      'never two servers that acknowledge',
      late === 0,
      `${late} writes acknowledged by a former primary`,
    ),
    check(
      'every member holds the same',
      divergences.length + unread.length === 0,
      [
        ...divergences.map(({ member }) => `${member} differs`),
        ...unread.map((member) => `${member} unread`),
      ].join(', '),
    ),
  ]
}

function service({
  expect,
  before,
  after,
  outage,
  back,
  addressClashes,
  readers,
}: Evidence): readonly Check[] {
  const { backWithinS } = expect
  const moved = after !== undefined && after !== before
  const took = outage ? seconds(outage.to - Math.max(outage.faultAt, outage.from)) : ''
  const clash = addressClashes.map(
    ({ hosts, from, to }) => `${hosts.join(' and ')} for ${seconds(to - from)}`,
  )
  const backwards = readers.reduce((sum, reader) => sum + reader.backwards, 0)
  return [
    ...(expect.primary === 'moves' ? [check('the primary moves', moved, `it is ${after ?? 'nobody'}`)] : []),
    ...(expect.primary === 'stays'
      ? [check('the primary stays', after === before, `it is ${after ?? 'nobody'}`)]
      : []),
    ...(backWithinS === undefined
      ? []
      : [
          check(
            `writes go on within ${backWithinS} s`,
            back && (outage?.ms ?? 0) <= backWithinS * 1000,
            back ? `after ${took}` : `none in ${backWithinS} s`,
          ),
        ]),
    check('the writer address is never on two hosts', addressClashes.length === 0, clash.join('; ')),
    check('no reader goes back in time on one server', backwards === 0, `${backwards} reads did`),
  ]
}

/** Whether it came back in time and by itself, where that is expected. */
function alone({ expect, healthy, rejoinMs, helped }: Evidence): readonly Check[] {
  const { aloneWithinS } = expect
  if (aloneWithinS === undefined || !healthy) return []
  const took = rejoinMs ?? Number.POSITIVE_INFINITY
  const seen = helped.length > 0 ? `it took ${helped.join(', ')}` : `after ${seconds(took)}`
  const isSo = helped.length === 0 && took <= aloneWithinS * 1000
  return [check(`healthy without help within ${aloneWithinS} s of its end`, isSo, seen)]
}

function aftermath(evidence: Evidence): readonly Check[] {
  const { healthy, unhealthy, pending, pendingWhy, cleaned } = evidence
  return [
    check('the cluster is healthy again', healthy, unhealthy ?? 'it is not'),
    ...alone(evidence),
    check(
      'a plan is empty',
      pending === 0,
      pendingWhy ?? (pending < 0 ? 'not asked' : `${pending} changes pending`),
    ),
    check('nothing is left behind', cleaned, 'the tables of the drill could not be removed'),
  ]
}

/** Every expectation of a run with its outcome. Pure. */
export const checksOf = (evidence: Evidence): readonly Check[] => [
  ...safety({ ...evidence, mayLose: evidence.expect.mayLose }),
  ...service(evidence),
  ...aftermath(evidence),
]
