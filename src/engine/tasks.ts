import { HactlError, problem } from '../diag/diagnostic.ts'
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
  readonly when: readonly Predicate[]
  /** Results that tasks before this one register; undefined until those have run. */
  readonly pending: ReadonlySet<string>
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
export const selected = (task: Task, tags: readonly string[] | undefined): boolean =>
  tags === undefined || tags.length === 0 || task.tags.some((tag) => tag === 'always' || tags.includes(tag))

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
    const made = items(options, task, scope, open).map((item, position): Instance => ({
      id: `${frame.index}.${task.source.line}.${task.source.col}.${position}@${state.name}`,
      task,
      play: frame.play,
      handler,
      scope: item === NONE ? scope : { ...scope, item },
      when: [frame.play.when, task.when].filter((predicate) => predicate !== undefined),
      pending: open,
      target: targetOf(options, task, scope, state),
    }))
    if (task.register !== undefined) pending.add(task.register)
    return made
  })
}

const NONE = Symbol('no loop')

function items(options: RunOptions, task: Task, scope: Scope, open: ReadonlySet<string>): readonly unknown[] {
  if (task.loop === undefined) return [NONE]
  try {
    const list = options.templates.renderAll(task.loop, scope, () => task.source)
    if (Array.isArray(list)) return list
    const hint = 'write a list, or {{ an expression that is one }}'
    throw new HactlError(
      problem('playbook/loop', `the loop of "${task.name}" is no list`, { at: task.source, hint }),
    )
  } catch (error) {
    if (error instanceof UndefinedVariable && open.has(error.root)) return [NONE]
    throw error
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
