import { PARTS } from '../cluster/drill/ledger.ts'
import { PARTS_OF_OUTAGE } from '../cluster/drill/outage.ts'
import type { DrillResult, RunResult, ScenarioSummary } from '../cluster/drill/result.ts'
import type { Paint } from './paint.ts'
import { table, type Column } from './table.ts'
import { ABSENT, helpOf, proof, seconds, thousands } from './drill/words.ts'
import { fold } from './words.ts'

export interface DrillTextOptions {
  readonly width: number
  readonly paint: Paint
  /** Where the whole result was written. */
  readonly file: string
  /** Where the page was written. */
  readonly page?: string
}

/** A part alone, or inside the sum of neighbours that could not be told apart: then under the last of them. */
function partOf({ parts }: ScenarioSummary, name: string): string {
  const found = Object.entries(parts).find(([names]) => names.split('+').at(-1) === name)
  if (!found) return ABSENT
  return found[0].includes('+') ? `(${seconds(found[1])})` : seconds(found[1])
}

const columns: readonly Column<ScenarioSummary>[] = [
  { title: '', cell: ({ scenario }) => scenario },
  {
    title: 'runs',
    cell: ({ runs, passed }) => (runs === passed ? String(runs) : `${runs}, ${runs - passed} failed`),
  },
  { title: 'lost', cell: ({ lost }) => String(lost) },
  { title: 'ghost', cell: ({ ghosts }) => String(ghosts) },
  {
    title: 'no writes for (p50 / p95)',
    cell: ({ outageMs }) => (outageMs ? `${seconds(outageMs.p50)} / ${seconds(outageMs.p95)}` : ABSENT),
  },
  ...PARTS_OF_OUTAGE.map((name) => ({ title: name, cell: (row: ScenarioSummary) => partOf(row, name) })),
]

function failureLines(run: RunResult, { width, paint }: DrillTextOptions): readonly string[] {
  const failed = run.checks.filter(({ ok }) => !ok)
  if (run.passed) return []
  const verdict = run.verdicts.rejoin ?? run.verdicts.failover
  const lost = verdict?.lost
    .slice(0, 5)
    .map(({ id, answeredAt }) => `${id} (${new Date(answeredAt).toISOString()})`)
  return [
    `${paint('red', '✗')} ${run.scenario}, run ${run.run}: ${run.primary} was primary, ${run.after ?? 'nobody'} is`,
    ...failed.flatMap(({ what, seen }) =>
      fold(`${what}: ${seen ?? 'no'}`, width - 4).map((line) => `    ${line}`),
    ),
    ...(lost && lost.length > 0 ? [`    first lost: ${lost.join(', ')}`] : []),
    ...run.divergences.map(
      ({ member, missing, extra, different }) =>
        `    ${member}: ${missing.length} missing, ${extra.length} more, ${different.length} different`,
    ),
    `    ledger: ${run.ledger}`,
  ]
}

const helpLines = (runs: readonly RunResult[]): readonly string[] => {
  const helped = runs.flatMap(({ scenario, rejoin }) =>
    rejoin && rejoin.helped.length > 0 ? [`${scenario}: ${helpOf(rejoin.helped)}`] : [],
  )
  return helped.length === 0 ? [] : ['Did not come back by themselves:', ...helped.map((each) => `  ${each}`)]
}

/** What was lost, in writes, rows and bytes, whether or not the mode allows it. */
const lossLines = (runs: readonly RunResult[]): readonly string[] =>
  runs.flatMap(({ scenario, run, verdicts, wal }) => {
    const { lost } = verdicts.rejoin ?? verdicts.failover ?? { lost: [] }
    if (lost.length === 0) return []
    const rows = lost.reduce((sum, { kind }) => sum + PARTS[kind], 0)
    const bytes =
      wal === undefined
        ? []
        : [
            `    ${wal.member} had ${thousands(wal.pastFork)} bytes of WAL past ${wal.fork}, where timeline ${wal.timeline} was left ` +
              `(end ${wal.end}: ${wal.source})`,
          ]
    return [
      `Lost in ${scenario}, run ${run}: ${thousands(lost.length)} acknowledged writes, ${thousands(rows)} rows`,
      ...bytes,
    ]
  })

/** A drill for a terminal: one line a scenario, what failed with what was seen, and what it proves about losses. */
export function drillText(result: DrillResult, options: DrillTextOptions): string {
  const { scenarios, runs } = result
  const isMerged = scenarios.some(({ parts }) => Object.keys(parts).some((names) => names.includes('+')))
  return [
    ...table(columns, scenarios, Math.max(options.width, 120)),
    ...runs.flatMap((run) => failureLines(run, options)),
    ...lossLines(runs),
    ...helpLines(runs),
    proof(result),
    ...(isMerged ? ['Times in ( ) hold the parts before them too, which could not be told apart.'] : []),
    `Result: ${options.file}`,
    ...(options.page === undefined ? [] : [`Report: ${options.page}`]),
    '',
  ].join('\n')
}
