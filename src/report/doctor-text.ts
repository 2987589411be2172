import type { Diagnosis, Evidence, Finding, NextCommand, Risk, Severity } from '../cluster/doctor/finding.ts'
import type { Paint, Tone } from './paint.ts'
import { count, fold } from './words.ts'

export interface DoctorTextOptions {
  readonly width: number
  readonly paint: Paint
}

const MARKS: Readonly<Record<Severity, readonly [mark: string, tone: Tone]>> = {
  critical: ['✗', 'red'],
  warning: ['!', 'yellow'],
  note: ['·', 'dim'],
}

const VERDICTS: Readonly<Record<Diagnosis['verdict'], readonly [word: string, tone: Tone]>> = {
  well: ['well', 'green'],
  warnings: ['warnings', 'yellow'],
  broken: ['broken', 'red'],
}

const RISKS: Readonly<Record<Risk, string>> = {
  safe: 'safe',
  interrupts: 'interrupts',
  'can-lose-data': 'CAN LOSE DATA',
}

const LABEL = 12
const MARGIN = ' '.repeat(4)

/** Lines under a label; the label stands at the first. */
function block(label: string, lines: readonly string[], width: number): readonly string[] {
  const folded = lines.flatMap((line) =>
    fold(line, width - LABEL - 4).map((part, at) => (at === 0 ? part : `  ${part}`)),
  )
  return folded.map((line, at) => `${MARGIN}${(at === 0 ? label : '').padEnd(LABEL)}${line}`)
}

const evidenceLine = ({ host, source, saw }: Evidence): string =>
  `${host === undefined ? '' : `${host}: `}${saw}  [${source}]`

/** A command is not folded: it is there to be copied. */
function commandLines(next: readonly NextCommand[], paint: Paint): readonly string[] {
  return next.flatMap(({ command, risk, about }, at) => {
    const word = RISKS[risk]
    const shown = risk === 'can-lose-data' ? paint('red', word) : word
    return [
      `${MARGIN}${(at === 0 ? 'next' : 'then').padEnd(LABEL)}${command}`,
      `${MARGIN}${' '.repeat(LABEL)}  ${shown}: ${about}`,
    ]
  })
}

function findingLines(finding: Finding, { width, paint }: DoctorTextOptions): readonly string[] {
  const { severity, code, summary, detail, evidence, atRisk = [], next, consequences } = finding
  const [mark, tone] = MARKS[severity]
  const head = fold(`${summary}  (${code})`, width - 2)
  return [
    ...head.map((line, at) => (at === 0 ? `${paint(tone, mark)} ${line}` : `  ${line}`)),
    ...(detail === undefined ? [] : fold(detail, width - 4).map((line) => `${MARGIN}${line}`)),
    ...block('evidence', evidence.map(evidenceLine), width),
    ...block('at risk', atRisk, width),
    ...commandLines(next, paint),
    ...block(
      'therefore',
      consequences.map((each) => `${each.summary}  (${each.code})`),
      width,
    ),
  ]
}

/** One screen: the verdict, then root causes with their evidence, the next command and what follows from them. */
export function doctorText(diagnosis: Diagnosis, options: DoctorTextOptions): string {
  const { cluster, stack, hosts, findings, verdict } = diagnosis
  const [word, tone] = VERDICTS[verdict]
  const unread = hosts.unread.length > 0 ? `, ${hosts.unread.join(', ')} not` : ''
  const head = `${cluster} · ${stack} · ${count(hosts.read.length, 'host')} read${unread}`
  const gap = ' '.repeat(Math.max(2, options.width - head.length - word.length))
  const nothing = ['', 'Nothing is wrong.']
  return [
    `${head}${gap}${options.paint(tone, word)}`,
    ...(findings.length === 0 ? nothing : findings.flatMap((each) => ['', ...findingLines(each, options)])),
    '',
  ].join('\n')
}
