import type { Diagnostic, Span } from '../diag/diagnostic.ts'
import type { TaskRef } from '../engine/events.ts'
import { isFailure } from './model.ts'
import type { Failed, Outcome, RunModel } from './model.ts'
import type { Paint } from './paint.ts'
import { count, fold, wrap } from './words.ts'

export interface FailureOptions {
  readonly width: number
  readonly paint: Paint
}

/** Longer output is in the journal; the end of it says why. */
const LAST_LINES = 12

const place = ({ file, line, col }: Pick<Span, 'file' | 'line' | 'col'>): string => `${file}:${line}:${col}`

const detailLines = (error: Diagnostic): string[] => {
  const lines = error.detail?.trimEnd().split('\n') ?? []
  const cut = lines.length > LAST_LINES ? ['…'] : []
  return [...cut, ...lines.slice(-LAST_LINES)].map((line) => `    ${line}`)
}

const hintLines = (error: Diagnostic, width: number): string[] =>
  error.hint
    ?.split('\n')
    .flatMap((line) => fold(`hint: ${line}`, width - 4))
    .map((line) => `    ${line}`) ?? []

/** A failed task: what it works on, or its name where the error says that this tells more. */
export const whatOf = ({ repr }: TaskRef, { on }: Diagnostic): string => on?.task ?? repr

/** Where the mistake is, and where the task stands, when that is another place: a template is a file of its own. */
function placesOf(task: Failed['task'], { at }: Diagnostic): readonly string[] {
  const own = place(task.source)
  return at === undefined || place(at) === own ? [own] : [place(at), own]
}

/** One failure with its cause, the end of its output and where the task is written. */
function failed(outcomes: readonly Failed[], { width, paint }: FailureOptions): string[] {
  const [first] = outcomes
  if (first === undefined) return []
  const { task, result } = first
  const hosts = outcomes.map((outcome) => outcome.task.host).join(', ')
  return [
    `${paint('red', '✗')} ${paint('bold', hosts)} · ${task.name}  ${result.error.summary}`,
    ...detailLines(result.error),
    `    ${placesOf(task, result.error).join(', in the task at ')}`,
    ...hintLines(result.error, width),
  ]
}

/** Failures with the same text on several hosts are told once. */
function together(outcomes: readonly Failed[]): Failed[][] {
  const groups = new Map<string, Failed[]>()
  for (const outcome of outcomes) {
    const { summary, detail, hint } = outcome.result.error
    const key = JSON.stringify([outcome.task.repr, outcome.task.source, summary, detail, hint])
    groups.set(key, [...(groups.get(key) ?? []), outcome])
  }
  return [...groups.values()]
}

/** How many later tasks were skipped because something had failed; a `when` that says no is not one of them. */
function skippedLines(outcomes: readonly Outcome[], broken: ReadonlySet<string>, width: number): string[] {
  const reasons = new Map<string, number>()
  for (const { task, result } of outcomes.slice(outcomes.findIndex(isFailure))) {
    if (result.status !== 'skipped') continue
    const blamed =
      broken.has(task.host) || [...broken].some((host) => result.because.split(/\W+/).includes(host))
    if (blamed) reasons.set(result.because, (reasons.get(result.because) ?? 0) + 1)
  }
  return [...reasons].flatMap(([because, number]) =>
    fold(`${count(number, 'later task')} skipped: ${because}`, width - 2).map((line) => `  ${line}`),
  )
}

/** What the other hosts of the play in which it broke have done. */
function others(model: RunModel, broken: ReadonlySet<string>): string[] {
  const first = model.outcomes.find(isFailure)
  const play = model.plays.findLast((entry) => entry.play === first?.task.play)
  if (play === undefined) return []
  const finished = play.hosts.filter((host) => !broken.has(host))
  const stopped = play.hosts.filter((host) => broken.has(host))
  return [
    ...(finished.length > 0 ? [`${finished.join(', ')} went on with this play`] : []),
    ...(stopped.length > 0 ? [`${stopped.join(', ')} stopped here`] : []),
  ]
}

const bareError = ({ host, error }: RunModel['unreachable'][number], options: FailureOptions): string[] => [
  `${options.paint('red', '✗')} ${options.paint('bold', host)} · ${error.summary}`,
  ...detailLines(error),
  ...(error.at ? [`    ${place(error.at)}`] : []),
  ...hintLines(error, options.width),
]

/** All failures of a run: host, task, cause, source, what the others did. No lines when nothing failed. */
export function failureLines(model: RunModel, options: FailureOptions): string[] {
  const failures = model.outcomes.filter(isFailure)
  if (failures.length === 0 && model.unreachable.length === 0) return []
  const broken = new Set([
    ...failures.map((outcome) => outcome.task.host),
    ...model.unreachable.map(({ host }) => host),
  ])
  const sentences = wrap(others(model, broken), '; ', options.width - 3)
  return [
    ...model.unreachable.flatMap((entry) => bareError(entry, options)),
    ...together(failures).flatMap((group) => failed(group, options)),
    ...sentences.map((line, at) => `  ${line}${at === sentences.length - 1 ? '.' : ';'}`),
    ...skippedLines(model.outcomes, broken, options.width),
  ]
}
