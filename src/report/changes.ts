import type { Change } from '../engine/events.ts'
import type { Impact } from '../engine/impact.ts'
import { worst } from '../engine/impact.ts'
import { diffLines, unifiedDiff } from './diff.ts'
import type { Edit } from './diff.ts'
import type { Changed } from './model.ts'
import { isList, isNothing, isText, showValue } from './values.ts'
import { count } from './words.ts'

/** `+` is made, `~` differs, `-` is removed, `>` happens (an action), `?` shows only after an earlier change. */
export type Mark = '+' | '~' | '-' | '>' | '?'

/** A line of the plan; `impacts` are those of all hosts it stands for. */
export interface PlanLine {
  readonly text: string
  readonly impacts?: readonly Impact[]
}

/** Fields that say whether the thing is there at all. */
const EXISTENCE = new Set(['exists', 'present', 'installed', 'type', 'state', 'version'])

const appears = ({ from, to }: Change): boolean => (isNothing(from) || from === false) && !isNothing(to)
const vanishes = ({ from, to }: Change): boolean => (isNothing(to) || to === false) && !isNothing(from)

/** An action, or a command that has not been run yet: something that happens rather than a state that differs. */
const isEvent = (changes: readonly Change[]): boolean =>
  changes.every((change) => change.field === 'done' && change.to === true)

/** What kind of change a task makes, judged by the field that says whether the thing exists. */
export function markOf({ result }: Changed): Mark {
  if (result.status === 'unknown') return '?'
  if (isEvent(result.changes)) return '>'
  const existence = result.changes.filter((change) => EXISTENCE.has(change.field))
  const judged = existence.length > 0 ? existence : result.changes
  if (judged.every((change) => isNothing(change.from) || (existence.length > 0 && appears(change))))
    return '+'
  if (judged.every((change) => isNothing(change.to) || (existence.length > 0 && vanishes(change)))) return '-'
  return '~'
}

/** Field names without the record they all share: `settings.work_mem` beside `settings.port` is `work_mem`. */
function shortNames(changes: readonly Change[]): string[] {
  const prefix = /^[^.]+\./.exec(changes[0]?.field ?? '')?.[0]
  const shared = prefix !== undefined && changes.every((change) => change.field.startsWith(prefix))
  return changes.map((change) => (shared ? change.field.slice(prefix.length) : change.field))
}

const arrow = (change: Change): string => `${showValue(change.from)} → ${showValue(change.to)}`

/** The value of a field where the whole thing is made or removed, else `old → new`. */
function valueOf(change: Change, mark: Mark): string {
  if (mark === '+' && isNothing(change.from)) return showValue(change.to)
  if (mark === '-' && isNothing(change.to)) return showValue(change.from)
  return arrow(change)
}

/** Entries of a list that come and go; an addition that is not at the end says before which entry it stands. */
function listLines(from: readonly unknown[], to: readonly unknown[]): string[] {
  let position = 1
  const lines: string[] = []
  for (const { kind, text } of diffLines(from.map(showValue), to.map(showValue))) {
    if (kind === '+') lines.push(`+ ${text}${position <= from.length ? `  before entry ${position}` : ''}`)
    if (kind === '-') lines.push(`- ${text}`)
    if (kind !== '+') position++
  }
  return lines
}

const counted = (edits: readonly Edit[], kind: Edit['kind']): number =>
  edits.filter((edit) => edit.kind === kind).length

const asText = (value: unknown): string => (typeof value === 'string' ? value : '')

function textLines(name: string, change: Change, diff: boolean): string[] {
  const [from, to] = [asText(change.from), asText(change.to)]
  const edits = diffLines(from.split('\n'), to.split('\n'))
  const head = `${name}  ${count(counted(edits, '+'), 'line')} added, ${counted(edits, '-')} removed`
  return diff ? [head, ...unifiedDiff(from, to).map((line) => `  ${line}`)] : [head]
}

/** The lines below a task for one of its fields. */
function fieldLines(change: Change, name: string, mark: Mark, options: ChangeOptions, pad: number): string[] {
  const { from, to } = change
  if (isText(from) || isText(to)) return textLines(name, change, options.diff)
  if (isList(from) && isList(to) && from.length + to.length > 2) {
    const lines = listLines(from, to)
    return options.only ? lines : [name, ...lines.map((line) => `  ${line}`)]
  }
  const line = `${name.padEnd(pad)}  ${valueOf(change, mark)}`
  if (line.length <= options.width || mark !== '~') return [line]
  return [name, `  - ${showValue(from)}`, `  + ${showValue(to)}`]
}

interface ChangeOptions {
  readonly diff: boolean
  /** Columns a field's line may take. */
  readonly width: number
  /** The task has this one field only: its name adds nothing to a list. */
  readonly only?: boolean
}

/** What is worth a line: not that a thing exists when the mark says that it is made or removed. */
function tellingChanges(changes: readonly Change[], mark: Mark): readonly Change[] {
  if (mark !== '+' && mark !== '-') return changes
  return changes.filter(({ field, from, to }) => {
    const value = mark === '+' ? to : from
    return !isNothing(value) && !(EXISTENCE.has(field) && (field !== 'version' || typeof value === 'boolean'))
  })
}

/** One change as it reads in the head line of a task, when it is short enough: `interval 10s → 5s`. */
function inline(changes: readonly Change[], names: readonly string[], mark: Mark): string | undefined {
  if (changes.some(({ from, to }) => isText(from) || isText(to))) return undefined
  if (changes.length > 2 || (changes.length > 1 && mark === '~')) return undefined
  if (changes.some(({ from, to }) => isList(from) && isList(to))) return undefined
  return changes.map((change, index) => `${names[index]} ${valueOf(change, mark)}`).join(', ')
}

/** Impacts of all hosts for one field, so that the column can say `restart` where they differ. */
const fieldImpacts = (group: readonly Changed[], field: string): Impact[] =>
  group.flatMap(({ result }) =>
    result.status === 'changed'
      ? result.changes.filter((change) => change.field === field).flatMap((change) => change.impact ?? [])
      : [],
  )

/** The lines of one change that is the same on every host of `group`. */
export function changeLines(group: readonly Changed[], options: ChangeOptions): PlanLine[] {
  const [first] = group
  if (first === undefined) return []
  const { task, result } = first
  const mark = markOf(first)
  const head = `${mark} ${task.repr}`
  const impacts = group.map((outcome) => outcome.result.impact)
  if (result.status === 'unknown') {
    return [{ text: `${head}  (known after apply)`, impacts }, { text: `    ${result.because}` }]
  }
  if (mark === '>') return [{ text: `${head}  ${task.name}`, impacts }]
  const changes = tellingChanges(result.changes, mark)
  const names = shortNames(changes)
  const short = inline(changes, names, mark)
  if (short !== undefined && head.length + 2 + short.length <= options.width) {
    return [{ text: `${head}  ${short}`.trimEnd(), impacts }]
  }
  const pad = Math.min(24, Math.max(...names.map((name) => name.length)))
  const fields = changes.flatMap((change, index) => {
    const own = fieldImpacts(group, change.field)
    const more = { ...options, width: options.width - 4, only: changes.length === 1 }
    const lines = fieldLines(change, names[index] ?? change.field, mark, more, pad)
    return lines.map((text, at): PlanLine => ({
      text: `    ${text}`,
      ...(at === 0 && changes.length > 1 && worst(own) !== 'none' && { impacts: own }),
    }))
  })
  return [{ text: head, impacts }, ...fields]
}
