import type { DrillResult, ScenarioSummary } from '../../cluster/drill/result.ts'
import { count } from '../words.ts'

export const ABSENT = '–'

/** Milliseconds as seconds with one digit: `22.9 s`. */
export const seconds = (ms: number | undefined): string =>
  ms === undefined ? ABSENT : `${(ms / 1000).toFixed(1)} s`

/** As `seconds`, with a second digit below ten: parts of an outage are short. */
export const fine = (ms: number | undefined): string =>
  ms === undefined || Math.abs(ms) >= 10_000 ? seconds(ms) : `${(ms / 1000).toFixed(2)} s`

/** A moment counted from another one: `+1.52 s`. */
export const after = (ms: number): string => `${ms < 0 ? '−' : '+'}${fine(Math.abs(ms))}`

export const thousands = (n: number): string => String(n).replaceAll(/\B(?=(\d{3})+$)/g, ',')

/** A share as a person says it: two digits that count. */
export const percent = (share: number): string => `${Number((share * 100).toPrecision(2))} %`

/** `2026-11-20 14:46:37 UTC`. */
export const moment = (at: number | string): string =>
  `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`

const sum = (scenarios: readonly ScenarioSummary[], of: 'lost' | 'acknowledged' | 'ghosts'): number =>
  scenarios.reduce((total, each) => total + each[of], 0)

/** What is lost of how much: `0 of 25,589 acknowledged writes lost`. */
export const lossOf = ({ scenarios }: Pick<DrillResult, 'scenarios'>): string =>
  `${thousands(sum(scenarios, 'lost'))} of ${thousands(sum(scenarios, 'acknowledged'))} acknowledged writes lost`

/** What the runs prove about losses, in one sentence. */
export const proof = ({ scenarios, loss }: Pick<DrillResult, 'scenarios' | 'loss'>): string =>
  loss.runs === 0
    ? 'No run could be compared: nothing is proved.'
    : `${lossOf({ scenarios })} in ${count(loss.runs, 'run')}: at most ${percent(loss.atMost)} of runs lose one, at 95 %.`

/** Runbooks that helped after a run; the reason of one that failed without the script in it. */
export const helpOf = (helped: readonly string[]): string =>
  helped.map((each) => (each.includes('\n') ? `${each.slice(0, each.indexOf('\n'))} …)` : each)).join(', ')
