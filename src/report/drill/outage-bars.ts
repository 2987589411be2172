import { PARTS_OF_OUTAGE, type PartName } from '../../cluster/drill/outage.ts'
import type { RunResult, ScenarioSummary } from '../../cluster/drill/result.ts'
import { html, type Html } from './html.ts'
import { ABSENT, fine } from './words.ts'

/** What ends each part, for the legend. */
const ABOUT: Readonly<Record<PartName, string>> = {
  detect: 'the cluster notices',
  decide: 'it begins to promote',
  promote: 'the new primary is open',
  route: 'the writer address is there',
  reconnect: 'a client writes again',
}

/** The least round number (1, 2 or 5 times a power of ten) of seconds for steps that reach a length, and their count. */
export function axisOf(ms: number): { readonly step: number; readonly steps: number } {
  const length = Math.max(ms, 100) / 1000
  const power = 10 ** Math.floor(Math.log10(length / 5))
  const step = ([1, 2, 5, 10].find((each) => each * power * 5 >= length) ?? 10) * power
  return { step, steps: Math.ceil(length / step - 1e-9) }
}

/** How long the bar of a run is: to the first write after the outage. */
const lengthOf = ({ outage }: RunResult): number =>
  outage ? Math.max(outage.to - outage.faultAt, outage.ms) : 0

const share = (value: number, of: number): string => ((value / of) * 1000).toFixed(1)

/** The bar of a run: its parts, and below them the time without an acknowledged write. */
function bar(run: RunResult, scale: number): Html {
  const { outage } = run
  if (!outage)
    return html`<svg class="bar" viewBox="0 0 1000 16" preserveAspectRatio="none" aria-hidden="true"></svg>`
  let at = 0
  const rects = outage.parts.map(({ parts, ms }) => {
    const rect = html`<rect
      class="${parts.at(-1) ?? ''}"
      x="${share(at, scale)}"
      y="0"
      width="${share(ms, scale)}"
      height="11"
    />`
    at += ms
    return parts.length > 1
      ? html`${rect}<rect
            class="merged"
            x="${share(at - ms, scale)}"
            y="0"
            width="${share(ms, scale)}"
            height="11"
            fill="url(#merged)"
          />`
      : rect
  })
  const from = Math.max(0, outage.from - outage.faultAt)
  const to = Math.max(from, outage.to - outage.faultAt)
  const whole =
    outage.parts.length === 0 &&
    html`<rect
      class="unended"
      x="${share(from, scale)}"
      y="0"
      width="${share(to - from, scale)}"
      height="11"
    />`
  return html`<svg class="bar" viewBox="0 0 1000 16" preserveAspectRatio="none" aria-hidden="true">
    ${rects}${whole}
    <rect class="silent" x="${share(from, scale)}" y="13" width="${share(to - from, scale)}" height="3" />
  </svg>`
}

/** A part with its medians over the runs: alone, or inside the sum of neighbours that could not be told apart from it. */
function partEntry({ parts, runs }: ScenarioSummary, name: PartName): Html | undefined {
  const found = Object.entries(parts).filter(([names]) => names.split('+').at(-1) === name)
  if (found.length === 0) return undefined
  const medians = found.map(([names, ms]) =>
    names.includes('+') ? `${fine(ms)} together with ${names.split('+').slice(0, -1).join(', ')}` : fine(ms),
  )
  return html`<li>
    <span class="swatch ${name}"></span><b>${name}</b> until ${ABOUT[name]}:
    ${runs > 1 ? 'median ' : ''}${medians.join('; ')}
  </li> `
}

function legend(summary: ScenarioSummary): Html {
  const isMerged = Object.keys(summary.parts).some((names) => names.includes('+'))
  return html`<ul class="legend">
    ${PARTS_OF_OUTAGE.map((name) => partEntry(summary, name))}
    ${
      isMerged &&
      html`<li>
        <span class="swatch merged"></span>hatched: with the parts before, which could not be told apart
      </li>`
    }
    <li><span class="swatch silent"></span>thin line: no write was acknowledged</li>
  </ul>`
}

const name = (run: RunResult): Html =>
  html`<a href="#run-${run.scenario}-${run.run}">run ${run.run}</a
    >${run.passed ? '' : html` <b class="bad">&#10007;</b>`}`

function row(run: RunResult, scale: number): Html {
  const { outage, faultAt } = run
  const length = faultAt === undefined ? ABSENT : outage ? fine(outage.ms) : 'no pause'
  return html`<tr>
    <th scope="row">${name(run)}</th>
    <td class="wide">${bar(run, scale)}</td>
    <td class="number">${length}</td>
  </tr> `
}

const axis = (step: number, steps: number): Html => {
  const digits = step < 1 ? Math.ceil(-Math.log10(step)) : 0
  const labels = Array.from({ length: steps + 1 }, (_, at) => {
    const place = at === 0 ? 'start' : at === steps ? 'end' : 'middle'
    const x = `${((at / steps) * 100).toFixed(2)}%`
    return html`<line x1="${x}" x2="${x}" y1="0" y2="4" /><text x="${x}" y="16" text-anchor="${place}"
        >${(at * step).toFixed(digits)}</text
      >`
  })
  return html`<tr class="axis" aria-hidden="true">
    <td></td>
    <td class="wide"><svg class="ticks" width="100%" height="20">${labels}</svg></td>
    <td></td>
  </tr>`
}

/** The outages of a scenario's runs on one scale that begins at the fault. */
export function outageBars(summary: ScenarioSummary, runs: readonly RunResult[]): Html {
  const longest = Math.max(...runs.map(lengthOf))
  if (longest === 0) return html`<p>Writes never paused for 250 ms or more.</p>`
  const { step, steps } = axisOf(longest)
  const scale = step * steps * 1000
  return html`<table class="bars">
      <caption>
        From the fault to the first write after it
      </caption>
      <thead>
        <tr>
          <th scope="col">Run</th>
          <th scope="col">Parts of the outage, seconds</th>
          <th scope="col" class="number">No writes for</th>
        </tr>
      </thead>
      <tbody>
        ${runs.map((run) => row(run, scale))}${axis(step, steps)}
      </tbody>
    </table>
    ${legend(summary)}`
}
