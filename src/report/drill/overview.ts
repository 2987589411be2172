import type { DrillResult, RunResult, ScenarioSummary } from '../../cluster/drill/result.ts'
import { count } from '../words.ts'
import { html, type Html, type Piece } from './html.ts'
import { pageTable } from './table.ts'
import { ABSENT, lossOf, moment, percent, seconds, thousands } from './words.ts'

const tile = (value: string, about: Piece, tone: '' | 'good' | 'bad' = ''): Html =>
  html`<li class="tile ${tone}"><b>${value}</b> <span>${about}</span></li> `

/** The run with the longest time without writes. */
function worst(runs: readonly RunResult[]): RunResult | undefined {
  return runs.filter(({ outage }) => outage).toSorted((a, b) => (b.outage?.ms ?? 0) - (a.outage?.ms ?? 0))[0]
}

const link = ({ scenario, run }: RunResult): Html =>
  html`<a href="#run-${scenario}-${run}">${scenario}, run ${run}</a>`

function tiles(result: DrillResult): Html {
  const { runs, loss, scenarios } = result
  const lost = scenarios.reduce((sum, each) => sum + each.lost, 0)
  const passed = runs.filter((run) => run.passed).length
  const helped = runs.filter(({ rejoin }) => (rejoin?.helped.length ?? 0) > 0)
  const longest = worst(runs)
  const isProved = loss.runs > 0
  return html`<ul class="tiles">
    ${tile(isProved ? thousands(lost) : ABSENT, isProved ? lossOf(result).replace(/^\S+ /, '') : 'no run could be compared: nothing is proved', lost === 0 && isProved ? 'good' : 'bad')}${tile(
      `${passed} of ${runs.length}`,
      `${runs.length === 1 ? 'run' : 'runs'} as expected`,
      passed === runs.length && passed > 0 ? 'good' : 'bad',
    )}${tile(longest?.outage ? seconds(longest.outage.ms) : ABSENT, longest ? html`longest without writes: ${link(longest)}` : 'no run had a pause')}${tile(
      String(helped.length),
      `${helped.length === 1 ? 'run' : 'runs'} after which a runbook had to help`,
    )}
  </ul>`
}

/** Each run that was not as expected, and why. */
function failures(runs: readonly RunResult[]): Html | undefined {
  const failed = runs.filter(({ passed }) => !passed)
  if (failed.length === 0) return undefined
  return html`<section id="failures">
    <h2>Not as expected</h2>
    <ul class="failures">
      ${failed.map(
        (run) =>
          html`<li>
            ${link(run)}
            <ul>
              ${run.checks
                .filter(({ ok }) => !ok)
                .map(
                  ({ what, seen }) =>
                    html`<li>
                      <span class="aloud">expected: </span>${what} &mdash; <b>${seen ?? 'it was not so'}</b>
                    </li>`,
                )}
            </ul>
          </li> `,
      )}
    </ul>
  </section>`
}

const spread = (of: 'p50' | 'p95' | 'max') => ({
  title: of,
  cell: ({ outageMs }: ScenarioSummary) => (outageMs ? (outageMs[of] / 1000).toFixed(1) : ABSENT),
  number: true,
})

const marked = (n: number): Piece => (n > 0 ? html`<b class="bad">${thousands(n)}</b>` : '0')

const scenarioTable = (scenarios: readonly ScenarioSummary[]): Html =>
  pageTable(
    'Longest time without an acknowledged write, in seconds',
    [
      { title: 'Scenario', cell: ({ scenario }) => html`<a href="#scenario-${scenario}">${scenario}</a>` },
      {
        title: 'OK',
        cell: ({ runs, passed }) =>
          passed === runs ? `${passed}/${runs}` : html`<b class="bad">${passed}/${runs}</b>`,
        number: true,
      },
      { title: 'Lost', cell: ({ lost }) => marked(lost), number: true },
      { title: 'Ghost', cell: ({ ghosts }) => thousands(ghosts), number: true },
      spread('p50'),
      spread('p95'),
      spread('max'),
    ],
    scenarios,
  )

const skippedList = ({ skipped = [] }: DrillResult): Html | undefined =>
  skipped.length === 0
    ? undefined
    : pageTable(
        'Asked for, and not run here',
        [
          { title: 'Scenario', cell: ({ scenario }) => scenario },
          { title: 'Why', cell: ({ why }) => why },
        ],
        skipped,
      )

/** What came out, in one line. */
export function verdictOf({ runs, passed }: Pick<DrillResult, 'runs' | 'passed'>): string {
  const failed = runs.filter((run) => !run.passed).length
  if (failed > 0) return `${failed} of ${count(runs.length, 'run')} not as expected`
  if (runs.length === 0) return 'No run was made'
  return passed ? `As expected: ${count(runs.length, 'run')}` : `Cut short after ${count(runs.length, 'run')}`
}

/** A drill that ended early may have no run that failed. */
const cutShort = ({ stopped }: DrillResult): Html | undefined =>
  stopped === undefined ? undefined : html`<p>It ended before its last run: <b class="bad">${stopped}</b></p>`

/** The verdict first, then what failed, then the table of scenarios. */
export function overview(result: DrillResult): Html {
  const { cluster, stack, mode, versions, at, loss, passed, merged } = result
  const bound =
    loss.runs > 0 &&
    html`<p>
      At most ${percent(loss.atMost)} of runs lose an acknowledged write, at 95 %: ${count(loss.runs, 'run')}
      compared, ${loss.withLoss} with a loss.
    </p>`
  return html`<header>
      <p class="kicker">
        hactl drill &middot; ${cluster} &middot;
        ${stack}${versions.postgres !== undefined && ` · PostgreSQL ${versions.postgres}`} &middot;
        replication ${mode} &middot; ${moment(at)}${merged && ` · ${merged.length} drills merged`}
      </p>
      <h1 class="${passed ? 'good' : 'bad'}">
        <span aria-hidden="true">${passed ? '✔' : '✗'}</span> ${verdictOf(result)}
      </h1>
      ${tiles(result)} ${bound} ${cutShort(result)}
    </header>
    ${failures(result.runs)}
    <section id="scenarios">
      <h2>Scenarios</h2>
      ${scenarioTable(result.scenarios)} ${skippedList(result)}
    </section>`
}
