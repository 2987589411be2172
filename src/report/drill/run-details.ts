import type { RunResult, Verdict } from '../../cluster/drill/result.ts'
import { quoteAll } from '../../lib/quote.ts'
import { html, type Html } from './html.ts'
import { pageTable, pairs } from './table.ts'
import { happenings, type Timeline } from './timeline.ts'
import { ABSENT, after, fine, helpOf, thousands } from './words.ts'

/** More of a kind than this are counted, not listed: the ledger has them all. */
const LISTED = 20

const tick = (ok: boolean): Html =>
  ok
    ? html`<b class="good">&#10004;<span class="aloud"> yes</span></b>`
    : html`<b class="bad">&#10007;<span class="aloud"> no</span></b>`

/** Some numbers, the first ones only. */
const some = (numbers: readonly (number | string)[]): string =>
  numbers.length <= LISTED
    ? numbers.join(', ')
    : `${numbers.slice(0, LISTED).join(', ')} … (${thousands(numbers.length - LISTED)} more)`

const checks = (run: RunResult): Html =>
  pageTable(
    'What was expected',
    [
      { title: 'Expected', cell: ({ what }) => what },
      { title: 'Met', cell: ({ ok }) => tick(ok) },
      { title: 'Seen instead', cell: ({ seen }) => seen ?? '' },
    ],
    run.checks.toSorted((a, b) => Number(a.ok) - Number(b.ok)),
  )

/** The acknowledged writes that a comparison did not find. */
function lostWrites(title: string, verdict: Verdict | undefined, line: Timeline): Html | undefined {
  if (!verdict || verdict.lost.length === 0) return undefined
  const { lost } = verdict
  const more = lost.length - LISTED
  return html`${pageTable(
    `Lost writes, ${title}: ${thousands(lost.length)} acknowledged and absent on ${verdict.from}`,
    [
      { title: 'Write', cell: ({ id }) => id, number: true },
      { title: 'Kind', cell: ({ kind }) => kind },
      { title: 'Connection', cell: ({ worker }) => worker, number: true },
      { title: 'Sent', cell: ({ sentAt }) => after(sentAt - line.zero), number: true },
      { title: 'Acknowledged', cell: ({ answeredAt }) => after(answeredAt - line.zero), number: true },
      { title: 'By the server started', cell: ({ server }) => serverName(server) },
    ],
    lost.slice(0, LISTED),
  )}${more > 0 && html`<p>${thousands(more)} more are in the ledger.</p>`}`
}

/** Microseconds since 1970 as a time of day; servers are told apart by it. */
const serverName = (server: string): string =>
  /^\d{10,17}$/.test(server) ? `${new Date(Number(server) / 1000).toISOString().slice(11, 23)} UTC` : server

const walOf = ({ member, timeline, end, fork, pastFork, source }: NonNullable<RunResult['wal']>): string =>
  `${thousands(pastFork)} bytes on ${member}: timeline ${timeline} ends at ${end} (${source}), the next one left it at ${fork}. ` +
  'Not all of them were acknowledged to anybody'

/** Everything else that must never be, with the numbers of the writes. */
function wrongs(run: RunResult, line: Timeline): readonly (readonly [string, string])[] {
  const verdict = run.verdicts.rejoin ?? run.verdicts.failover
  const lists = verdict
    ? ([
        ['Duplicate writes', verdict.duplicates],
        ['Writes that were never sent', verdict.impossible],
        ['Transactions of which a part is there', verdict.partial],
      ] as const)
    : []
  const spell = (from: number, to: number): string =>
    `from ${after(from - line.zero)} to ${after(to - line.zero)}: ${fine(to - from)}`
  return [
    ...lists.flatMap(([title, ids]) => (ids.length > 0 ? [[title, some(ids)] as const] : [])),
    ...(verdict?.counters ?? []).map(
      ({ worker, value, steps }) =>
        [`Counter of connection ${worker}`, `is ${value}, was stepped ${steps} times`] as const,
    ),
    ...run.divergences.flatMap(({ member, missing, extra, different }) => [
      ...(missing.length > 0 ? [[`${member} lacks`, some(missing)] as const] : []),
      ...(extra.length > 0 ? [[`Only ${member} has`, some(extra)] as const] : []),
      ...(different.length > 0 ? [[`Different on ${member}`, some(different)] as const] : []),
    ]),
    ...(run.wal && run.wal.pastFork > 0
      ? [['WAL that only the former primary has', walOf(run.wal)] as const]
      : []),
    ...run.overlaps.map(
      ({ writes, server, newer }) =>
        [
          'Acknowledged by a former primary',
          `server started ${serverName(server)}, after the one started ${serverName(newer)} had begun: ${some(writes)}`,
        ] as const,
    ),
    ...run.addressClashes.map(
      ({ hosts, from, to }) => [`Writer address on ${hosts.join(' and ')}`, spell(from, to)] as const,
    ),
    ...run.primaryClashes.map(
      ({ hosts, from, to }) => [`${hosts.join(' and ')} both out of recovery`, spell(from, to)] as const,
    ),
  ]
}

const parts = (run: RunResult): Html | undefined => {
  const { outage } = run
  if (!outage || outage.parts.length === 0) return undefined
  return pageTable(
    'The outage in its parts',
    [
      { title: 'Part', cell: ({ parts: names }) => names.join(' + ') },
      { title: 'Took', cell: ({ ms }) => fine(ms), number: true },
      { title: 'Its end was read from', cell: ({ source }) => source },
    ],
    outage.parts,
  )
}

const story = (run: RunResult, line: Timeline): Html =>
  pageTable(
    `What happened when, counted from ${run.faultAt === undefined ? 'the beginning' : 'the fault'}`,
    [
      { title: 'When', cell: ({ at }) => after(at), number: true },
      { title: 'What', cell: ({ text }) => text },
      { title: 'Read from', cell: ({ source }) => source },
    ],
    happenings(run, line),
  )

function numbers(run: RunResult): Html {
  const verdict = run.verdicts.rejoin ?? run.verdicts.failover
  const { before, during, after: later } = run.latencies
  const latency = (each: typeof before): string =>
    each ? `${each.p50} / ${each.p95} / ${each.max} ms` : ABSENT
  const readers = run.readers.map(
    ({ reader, reads, errors, staleMs, longestGap }) =>
      [
        `Reader ${reader}`,
        `${thousands(reads)} reads, ${thousands(errors)} errors; up to ${staleMs ? Math.round(staleMs.max) : 0} ms behind; ` +
          `longest without an answer ${longestGap ? fine(longestGap.ms) : 'below 0.25 s'}`,
      ] as const,
  )
  const errors = Object.entries(run.errors).map(([kind, n]) => `${kind}: ${thousands(n)}`)
  return pairs('In numbers', [
    ...(verdict
      ? ([
          ['Acknowledged writes', thousands(verdict.acknowledged)],
          ['Lost', thousands(verdict.lost.length)],
          ['Ghosts', thousands(verdict.ghosts)],
          ['In doubt, refused', `${thousands(verdict.inDoubt)}, ${thousands(verdict.refused)}`],
        ] as const)
      : []),
    ['Latency before the fault (p50 / p95 / max)', latency(before)],
    ['… sent during the outage', latency(during)],
    ['… after it', latency(later)],
    ['Pauses of 250 ms or more', run.gaps.map(({ ms }) => fine(ms)).join(', ') || 'none'],
    ['Errors of clients', errors.join(', ') || 'none'],
    ...readers,
    [
      'Came back',
      run.rejoin ? `${helpOf(run.rejoin.helped) || 'by itself'}, after ${fine(run.rejoin.ms)}` : ABSENT,
    ],
    ...(run.load === undefined ? [] : ([['Load of the machine at the end', run.load.toFixed(1)]] as const)),
    ['Ledger', run.ledger],
  ])
}

/** Where a run is drawn; without JavaScript the table of what happened says the same. */
const plot = (run: RunResult, index: number): Html =>
  html`<figure class="plot" data-run="${index}">
    <div
      class="canvas"
      role="img"
      aria-label="Writes over time in run ${run.run} of ${run.scenario}; the table &ldquo;What happened when&rdquo; tells the same."
    ></div>
    <noscript
      ><p>
        The plot is drawn by JavaScript. The table &ldquo;What happened when&rdquo; tells the same.
      </p></noscript
    >
  </figure>`

/** One run: a line that can be opened, with all that is known of it. */
export function runDetails(
  run: RunResult,
  line: Timeline,
  index: number,
  { again, isOpen }: { readonly again: readonly string[]; readonly isOpen: boolean },
): Html {
  const wrong = wrongs(run, line)
  const moved =
    run.after === run.primary ? `${run.primary} stayed primary` : `${run.primary} → ${run.after ?? 'nobody'}`
  const silence = run.outage ? `no writes for ${fine(run.outage.ms)}` : 'writes never paused'
  return html`<details class="run" id="run-${run.scenario}-${run.run}" ${isOpen && html` open`}>
    <summary>${tick(run.passed)} <b>Run ${run.run}</b> &middot; ${silence} &middot; ${moved}</summary>
    ${plot(run, index)} ${lostWrites('right after the failover', run.verdicts.failover, line)}
    ${lostWrites('at the end', run.verdicts.rejoin, line)}
    ${wrong.length > 0 && pairs('What must not be, or may explain it', wrong)} ${checks(run)} ${parts(run)}
    ${story(run, line)} ${numbers(run)}
    <p class="repeat">Again: <code>${quoteAll(['hactl', 'drill', run.scenario, ...again])}</code></p>
  </details>`
}
