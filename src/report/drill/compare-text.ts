import type { Change, Comparison, ScenarioChange, Threshold } from '../../cluster/drill/compare.ts'
import type { Paint } from '../paint.ts'
import { table } from '../table.ts'
import { fold } from '../words.ts'
import { ABSENT, percent, seconds, thousands } from './words.ts'

/** A threshold as it is written: `20 % and 0.5 s`. */
export const thresholdOf = ({ share, ms }: Threshold): string =>
  [...(share === undefined ? [] : [percent(share)]), ...(ms === undefined ? [] : [seconds(ms)])].join(' and ')

export const SIGNS: Readonly<Record<Change['verdict'], string>> = {
  worse: ' ✗',
  better: ' ✔',
  alike: '',
  unknown: '',
}

/** `0.9 s → 1.4 s`; a number alone where both are equal. */
export function changeOf({ a, b }: Change, say: (value: number) => string): string {
  const [left, right] = [a === undefined ? ABSENT : say(a), b === undefined ? ABSENT : say(b)]
  return left === right ? left : `${left} → ${right}`
}

/** Runs of both, `5 → 3`. */
export const runsOf = ({ a, b }: ScenarioChange): string =>
  a && b && a.runs === b.runs ? String(a.runs) : `${a?.runs ?? ABSENT} → ${b?.runs ?? ABSENT}`

/** The verdict in one line. */
export const compareVerdict = ({ regressions }: Comparison): string =>
  regressions.length === 0
    ? 'Nothing is worse.'
    : `${regressions.length} ${regressions.length === 1 ? 'thing is' : 'things are'} worse.`

/** Two results side by side for a terminal. ✗ marks what is worse by more than the threshold, ✔ what is better. */
export function compareText(
  found: Comparison,
  [a, b]: readonly [string, string],
  { width, paint }: { readonly width: number; readonly paint: Paint },
): string {
  const cell = (change: Change, say: (value: number) => string): string =>
    `${changeOf(change, say)}${SIGNS[change.verdict]}`
  const columns = [
    { title: '', cell: ({ scenario }: ScenarioChange) => scenario },
    { title: 'runs', cell: runsOf },
    { title: 'failed', cell: ({ failed }: ScenarioChange) => cell(failed, thousands) },
    { title: 'lost', cell: ({ lost }: ScenarioChange) => cell(lost, thousands) },
    { title: 'no writes for, p50', cell: ({ p50 }: ScenarioChange) => cell(p50, seconds) },
    { title: 'p95', cell: ({ p95 }: ScenarioChange) => cell(p95, seconds) },
  ]
  const isWorse = found.regressions.length > 0
  return [
    `A  ${a}`,
    `B  ${b}`,
    '',
    ...table(columns, found.scenarios, Math.max(width, 100)),
    ...found.scenarios.flatMap(({ scenario, notes }) => notes.map((text) => `  ${scenario}: ${text}`)),
    ...found.differences.flatMap(({ what, a: left, b: right }) =>
      fold(`${what}: A ${left}, B ${right}`, width - 9).map((line, at) =>
        at === 0 ? `${paint('yellow', 'differs')}  ${line}` : `         ${line}`,
      ),
    ),
    '',
    ...found.regressions.map((text) => `${paint('red', '✗')} ${text}`),
    `${isWorse ? paint('red', compareVerdict(found)) : compareVerdict(found)} Threshold of outages: ${thresholdOf(found.threshold)}.`,
    '',
  ].join('\n')
}
