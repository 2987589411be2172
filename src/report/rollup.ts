import type { EngineEvent, TaskRef } from '../engine/events.ts'
import type { Outcome } from './model.ts'
import { isChange } from './model.ts'
import type { Paint } from './paint.ts'
import { clip } from './words.ts'

interface Gathered {
  readonly task: TaskRef
  readonly changed: string[]
  seen: number
}

const sameTask = ({ play, repr, source }: TaskRef): string => JSON.stringify([play, repr, source])

/** Names while they fit, then how many more. */
export function nameHosts(hosts: readonly string[], width: number): string {
  for (let shown = hosts.length; shown > 0; shown--) {
    const rest = hosts.length - shown
    const text = `${hosts.slice(0, shown).join(' ')}${rest > 0 ? ` and ${rest} more` : ''}`
    if (text.length <= width) return text
  }
  return `${hosts.length} hosts`
}

/**
 * Gathers the changes of one task over its hosts, so that forty hosts make one line of it. A task is told
 * when every host of the play is through with it, at the latest when the play ends.
 */
export function rollup(options: {
  readonly paint: Paint
  readonly width: () => number
  readonly say: (line: string) => void
}): (event: EngineEvent) => void {
  const open = new Map<string, Gathered>()
  let order: readonly string[] = []
  const tell = (key: string, { task, changed }: Gathered): void => {
    open.delete(key)
    if (changed.length === 0) return
    const head = `${clip(task.repr, Math.floor(options.width() / 2))}  `
    const inOrder = changed.toSorted((a, b) => order.indexOf(a) - order.indexOf(b))
    const names = nameHosts(inOrder, options.width() - head.length - 3)
    options.say(`${options.paint('green', '✔')} ${head}${options.paint('dim', names)}`)
  }
  const gather = (outcome: Outcome): void => {
    const key = sameTask(outcome.task)
    const entry = open.get(key) ?? { task: outcome.task, changed: [], seen: 0 }
    open.set(key, entry)
    entry.seen++
    if (isChange(outcome)) entry.changed.push(outcome.task.host)
    if (entry.seen >= order.length) tell(key, entry)
  }
  return (event) => {
    if (event.kind === 'task-result') gather(event)
    if (event.kind === 'play-start' || event.kind === 'run-end')
      for (const [key, entry] of open) tell(key, entry)
    if (event.kind === 'play-start') order = event.hosts
  }
}
