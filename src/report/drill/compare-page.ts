import type { Change, Comparison, ScenarioChange } from '../../cluster/drill/compare.ts'
import type { DrillResult } from '../../cluster/drill/result.ts'
import { styles } from './assets.ts'
import { changeOf, compareVerdict, runsOf, SIGNS, thresholdOf } from './compare-text.ts'
import { document } from './document.ts'
import { html, type Html } from './html.ts'
import { pageTable } from './table.ts'
import { moment, proof, seconds, thousands } from './words.ts'

const cell = (change: Change, say: (value: number) => string): Html =>
  html`<span class="${change.verdict}"
    >${changeOf(change, say)}${SIGNS[change.verdict]}${
      change.verdict === 'worse' && html`<span class="aloud"> worse</span>`
    }</span
  >`

const scenarios = (rows: readonly ScenarioChange[]): Html =>
  pageTable(
    'Scenarios, A → B; p50 and p95 are of the longest time without an acknowledged write',
    [
      { title: 'Scenario', cell: ({ scenario }) => scenario },
      { title: 'Runs', cell: runsOf, number: true },
      { title: 'Failed', cell: ({ failed }) => cell(failed, thousands), number: true },
      { title: 'Lost', cell: ({ lost }) => cell(lost, thousands), number: true },
      { title: 'p50', cell: ({ p50 }) => cell(p50, seconds), number: true },
      { title: 'p95', cell: ({ p95 }) => cell(p95, seconds), number: true },
      { title: 'Note', cell: ({ notes }) => notes.join('; ') },
    ],
    rows,
  )

const side = (name: string, result: DrillResult): Html =>
  html`<li>
    <b>${name}</b> ${moment(result.at)}, drill ${result.drill}, ${result.cluster}, ${result.stack}.
    ${proof(result)}
  </li>`

/** Two results side by side as a page; no script. */
export function comparePage(a: DrillResult, b: DrillResult, found: Comparison): string {
  const isWorse = found.regressions.length > 0
  const body = html`<main>
    <header>
      <p class="kicker">hactl report compare</p>
      <h1 class="${isWorse ? 'bad' : 'good'}">
        <span aria-hidden="true">${isWorse ? '✗' : '✔'}</span> ${compareVerdict(found)}
      </h1>
      <ul>
        ${side('A', a)}${side('B', b)}
      </ul>
      ${
        isWorse &&
        html`<ul class="failures">
          ${found.regressions.map((text) => html`<li>${text}</li>`)}
        </ul>`
      }
    </header>
    <section>
      <h2>Scenarios</h2>
      ${scenarios(found.scenarios)}
      <p>
        &#10007; worse, &#10004; better. An outage is worse when it is longer by more than
        ${thresholdOf(found.threshold)}; more lost writes or failed runs always are.
      </p>
    </section>
    ${
      found.differences.length > 0 &&
      html`<section>
        <h2>What differs between A and B</h2>
        <p>Numbers depend on these: a change may come from them.</p>
        ${pageTable(
          'Conditions',
          [
            { title: 'What', cell: ({ what }) => what },
            { title: 'A', cell: (each) => each.a },
            { title: 'B', cell: (each) => each.b },
          ],
          found.differences,
        )}
      </section>`
    }
  </main>`
  return document({
    title: `${compareVerdict(found)} · hactl report compare`,
    body,
    styles: styles(false),
    scripts: [],
  })
}
