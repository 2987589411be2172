import { HactlError, problem, type Span } from '../diag/diagnostic.ts'
import type { Path } from '../schema/yaml.ts'
import { UndefinedVariable, type Scope } from '../template/template.ts'
import type { HostState, RunOptions } from './context.ts'
import type { TaskRef } from './events.ts'
import type { Play, Task } from './playbook.ts'
import { taskScope } from './scope.ts'
import type { Predicate } from './when.ts'

/** One task for one host and one item of its loop. */
export interface Instance {
  readonly id: string
  readonly task: Task
  readonly play: Play
  readonly handler: boolean
  readonly scope: Scope
  readonly when: readonly { readonly predicate: Predicate; readonly at: (path: Path) => Span }[]
  /** Results that tasks before this one register; undefined until those have run. */
  readonly pending: ReadonlySet<string>
  /** Results of which a plan knows only that something changes. */
  readonly partial: ReadonlySet<string>
  /** What it waits for: a list to loop over that is not known yet. */
  readonly waits?: string
  /** Its place in a loop that registers a result; `of` 0: there is nothing to loop over. */
  readonly turn?: { readonly item: unknown; readonly index: number; readonly of: number }
  /** Host it really runs on. */
  readonly target: string
}

/** A play with what is computed once for all its hosts. */
export interface PlayFrame {
  readonly index: number
  readonly play: Play
  readonly table: Scope
}

/** Whether `--tags` selects the task; `always` is always selected. */
export const selected = (
  task: Task,
  tags: readonly string[] | undefined,
  skipped: readonly string[] = [],
): boolean =>
  !task.tags.some((tag) => skipped.includes(tag)) &&
  (tags === undefined || tags.length === 0 || task.tags.some((tag) => tag === 'always' || tags.includes(tag)))

/**
 * The instances of tasks on one host, loops expanded. Called again when results were registered: scopes hold what is
 * known at that time. A loop over something still unknown gives one instance that waits. `earlier`: what tasks that
 * have not had their turn yet will register.
 */
export function expand(
  options: RunOptions,
  state: HostState,
  frame: PlayFrame,
  tasks: readonly Task[],
  handler: boolean,
  earlier: readonly string[] = [],
): readonly Instance[] {
  const pending = new Set<string>(earlier)
  if (tasks.length === 0) return []
  // The same for all tasks: what they register is known only at the next call.
  const scope = taskScope(options, state, { vars: frame.play.vars, table: frame.table })
  return tasks.flatMap((task) => {
    const open = new Set([...pending].filter((name) => !(name in state.registered)))
    const made = turns(options, task, scope, new Set([...open, ...state.partial])).map(
      (turn, position): Instance => ({
        id: `${frame.index}.${task.source.line}.${task.source.col}.${position}@${state.name}`,
        task,
        play: frame.play,
        handler,
        scope: 'item' in turn ? { ...scope, item: turn.item } : scope,
        when: conditionsOf(frame.play, task),
        pending: open,
        partial: state.partial,
        target: targetOf(options, task, scope, state),
        ...(turn.waits !== undefined && { waits: turn.waits }),
        ...(turn.of !== undefined && { turn: { item: turn.item, index: position, of: turn.of } }),
      }),
    )
    if (task.register !== undefined) pending.add(task.register)
    return made
  })
}

const conditionsOf = (play: Play, task: Task): Instance['when'] => [
  ...(play.when === undefined ? [] : [{ predicate: play.when, at: () => play.source }]),
  ...(task.when === undefined
    ? []
    : [{ predicate: task.when, at: (path: Path) => task.whereKey(['when', ...path]) }]),
]

/** One round of a loop; without a loop the only one. */
interface Turn {
  readonly item?: unknown
  readonly of?: number
  readonly waits?: string
}

function turns(options: RunOptions, task: Task, scope: Scope, open: ReadonlySet<string>): readonly Turn[] {
  if (task.loop === undefined) return [{}]
  const at = task.whereKey(['loop'])
  try {
    const list = options.templates.renderAll(task.loop, scope, (path) => task.whereKey(['loop', ...path]))
    if (!Array.isArray(list)) {
      const hint = 'write a list, or {{ an expression that is one }}'
      throw new HactlError(problem('playbook/loop', `the loop of "${task.name}" is no list`, { at, hint }))
    }
    // A result of nothing is a result too, and what comes behind waits for it.
    if (list.length === 0 && task.register !== undefined) return [{ of: 0 }]
    return list.map((item: unknown) => ({ item, of: list.length }))
  } catch (error) {
    if (!(error instanceof UndefinedVariable) || !open.has(error.root)) throw error
    return [{ waits: `${error.root} is known after apply` }]
  }
}

function targetOf(options: RunOptions, task: Task, scope: Scope, state: HostState): string {
  if (task.delegateTo === undefined) return state.name
  const name = String(options.templates.render(task.delegateTo, scope, task.source))
  if (options.hosts.has(name)) return name
  const hint = `hosts: ${[...options.hosts.keys()].join(', ')}`
  throw new HactlError(
    problem('playbook/unknown-host', `delegate_to names no host: "${name}"`, { at: task.source, hint }),
  )
}

/** The reference of an instance in events. */
export const taskRef = (instance: Instance, host: string, label: string): TaskRef => ({
  id: instance.id,
  play: instance.play.name,
  name: instance.task.name,
  repr: label,
  module: instance.task.module,
  host,
  handler: instance.handler,
  source: instance.task.source,
})
