import type { DrillResult, Origin, RunResult, ScenarioSummary } from '../../cluster/drill/result.ts'
import { ABSENT, helpOf, moment, proof, seconds } from './words.ts'

/** A cell cannot hold what ends it; names of scenarios and hosts do not, texts of checks may. */
const cell = (text: string): string => text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ')

const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const width = (at: number): number => Math.max(3, ...[head, ...rows].map((each) => each[at]?.length ?? 0))
  const pad = (cells: readonly string[]): readonly string[] => cells.map((text, at) => text.padEnd(width(at)))
  return [
    row(pad(head)),
    row(head.map((_, at) => '-'.repeat(width(at)))),
    ...rows.map((each) => row(pad(each))),
  ]
}

const scenarioRow = ({
  scenario,
  runs,
  passed,
  lost,
  ghosts,
  outageMs,
}: ScenarioSummary): readonly string[] => [
  `\`${scenario}\``,
  String(runs),
  String(runs - passed),
  String(lost),
  String(ghosts),
  outageMs ? `${seconds(outageMs.p50)} / ${seconds(outageMs.max)}` : ABSENT,
]

const versionsOf = ({ versions, environment }: Origin): string => {
  const [host] = Object.values(environment.hosts)
  const packages = Object.entries(host?.packages ?? {}).map(([name, version]) => `${name} ${version}`)
  const own = versions.postgres === undefined ? [] : [`PostgreSQL ${versions.postgres}`]
  return [host?.system ?? 'hosts unread', ...own, ...packages].join(', ')
}

const originLines = (origin: Origin): readonly string[] => [
  `- ${moment(origin.at)}, stack \`${origin.stack}\`, mode \`${origin.mode}\`, ${origin.clients.rate} writes a second over ` +
    `${origin.clients.connections} connections.`,
  `- ${versionsOf(origin)}.`,
  `- Again: \`hactl drill SCENARIO ${origin.again.join(' ')}\``,
]

const failureOf = (run: RunResult): readonly string[] =>
  run.passed
    ? []
    : [
        `- \`${run.scenario}\`, run ${run.run}: ${run.checks
          .filter(({ ok }) => !ok)
          .map(({ what, seen }) => `${what}: ${seen ?? 'no'}`)
          .join('; ')}`,
      ]

const loads = (runs: readonly RunResult[]): string => {
  const all = runs.flatMap(({ load }) => load ?? [])
  return all.length === 0 ? 'unknown' : `${Math.min(...all).toFixed(0)} to ${Math.max(...all).toFixed(0)}`
}

const helped = (runs: readonly RunResult[]): string => {
  const all = runs.flatMap(({ rejoin }) => rejoin?.helped ?? [])
  return all.length === 0 ? 'no runbook was needed' : helpOf(all)
}

/** A result as a page of Markdown: what was proved, each scenario, what was not as expected, and how to do it again. Pure. */
export function drillMarkdown(result: DrillResult, title: string): string {
  const { scenarios, runs } = result
  const failures = runs.flatMap(failureOf)
  const head = ['scenario', 'runs', 'failed', 'lost', 'ghosts', 'no writes: median / longest']
  return [
    `# ${title}`,
    '',
    `**${proof(result)}**`,
    '',
    ...tableOf(head, scenarios.map(scenarioRow)),
    '',
    `Load of the machine: ${loads(runs)}. After the runs: ${helped(runs)}.`,
    ...(failures.length > 0 ? ['', 'Not as expected:', '', ...failures] : []),
    '',
    ...(result.merged ?? [result]).flatMap(originLines),
    '',
  ].join('\n')
}
