import { FAULTS } from '../../cluster/drill/faults.ts'
import type { DrillResult, Origin, RunResult, ScenarioSummary } from '../../cluster/drill/result.ts'
import { scripts, styles } from './assets.ts'
import { conditions, glossary } from './conditions.ts'
import { document } from './document.ts'
import { embedded, html, raw, type Html } from './html.ts'
import { outageBars } from './outage-bars.ts'
import { overview, verdictOf } from './overview.ts'
import { runDetails } from './run-details.ts'
import { scalesOf, timelineOf, type Timeline } from './timeline.ts'

/** A run with its number on the page and what it was made in. */
interface Drawn {
  readonly run: RunResult
  readonly index: number
  readonly line: Timeline
  readonly origin: Origin
}

const originOf = ({ merged, ...result }: DrillResult, { drill }: RunResult): Origin =>
  merged?.find((origin) => origin.drill === drill) ?? result

const drawnOf = (result: DrillResult): readonly Drawn[] =>
  result.runs.map((run, index) => {
    const origin = originOf(result, run)
    return { run, index, origin, line: timelineOf(run, origin.addresses) }
  })

/** The first run of a scenario and those that failed are open: what is to be seen first, and what is to be printed. */
const openOf = (drawn: readonly Drawn[]): ReadonlySet<number> => {
  const failed = drawn.filter(({ run }) => !run.passed)
  return new Set((failed.length > 0 ? failed.slice(0, 3) : drawn.slice(0, 1)).map(({ index }) => index))
}

const lanesLegend = (): Html =>
  html`<ul class="legend plots">
      <li><span class="swatch acknowledged"></span>acknowledged writes in 100 ms</li>
      <li><span class="swatch failed"></span>failed ones</li>
      <li><span class="swatch silent-time"></span>nothing acknowledged for 250 ms or more</li>
      <li><span class="swatch primary"></span>member is primary</li>
      <li><span class="swatch standby"></span>standby</li>
      <li><span class="swatch down"></span>without PostgreSQL</li>
      <li><span class="swatch unreachable"></span>unreachable</li>
      <li><span class="swatch writer"></span>line below: has the writer address</li>
    </ul>
    <p class="hint">Drag across a plot to enlarge a part of it; double-click to go back.</p>`

/** Stripes over what is told together; bars refer to it. */
const pattern = raw(
  '<svg width="0" height="0" class="aloud" aria-hidden="true"><defs><pattern id="merged" width="14" height="6" ' +
    'patternUnits="userSpaceOnUse" patternTransform="rotate(35)"><rect width="5" height="6" class="stripe"/></pattern></defs></svg>',
)

function scenario(summary: ScenarioSummary, drawn: readonly Drawn[]): Html {
  const about = FAULTS.find(({ name }) => name === summary.scenario)?.about
  const open = openOf(drawn)
  return html`<section class="scenario" id="scenario-${summary.scenario}">
    <h2>${summary.scenario}</h2>
    ${about !== undefined && html`<p>${about[0]?.toUpperCase()}${about.slice(1)}.</p>`}
    ${outageBars(
      summary,
      drawn.map(({ run }) => run),
    )}
    <h3>${drawn.length === 1 ? 'The run' : 'Each run'}</h3>
    ${lanesLegend()}
    ${drawn.map(({ run, line, index, origin }) =>
      runDetails(run, line, index, { again: origin.again, isOpen: open.has(index) }),
    )}
  </section>`
}

/** What the script of the page needs: times in milliseconds, one scale for all runs of a scenario. */
const plotData = (drawn: readonly Drawn[]) =>
  drawn.map(({ run, line }) => ({
    ...line,
    scales: scalesOf(drawn.filter((other) => other.run.scenario === run.scenario).map((each) => each.line)),
  }))

/** A drill as one page of HTML that needs no network and, plots apart, no JavaScript. */
export function drillPage(result: DrillResult): string {
  const drawn = drawnOf(result)
  const of = (name: string): readonly Drawn[] => drawn.filter(({ run }) => run.scenario === name)
  const body = html`${pattern}
    <main>
      ${overview(result)} ${result.scenarios.map((each) => scenario(each, of(each.scenario)))}
      ${conditions(result)} ${glossary()}
    </main>
    <footer>
      <p>
        Made by hactl ${result.versions.hactl} from the result of drill ${result.drill}. Times of day are UTC.
      </p>
    </footer>
    <script type="application/json" id="runs">
      ${embedded(plotData(drawn))}
    </script>`
  return document({
    title: `${verdictOf(result)} · ${result.cluster} · hactl drill`,
    body,
    styles: styles(true),
    scripts: scripts(),
  })
}
