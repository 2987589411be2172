import { pool } from '../lib/pool.ts'
import type { HostState, Mode, RunOptions } from './context.ts'
import type { RunSummary } from './events.ts'
import { clearPending } from './lock.ts'
import type { Play, Playbook, Task } from './playbook.ts'
import { checkChoice } from './choice.ts'
import { Recorder } from './recorder.ts'
import { hostTable } from './scope.ts'
import { expand, selected, type PlayFrame } from './tasks.ts'
import type { Run } from './batch.ts'
import { readAll, walk } from './walk.ts'

/** Handlers that an earlier, killed run still owes, by host. */
export type Owed = ReadonlyMap<string, readonly { readonly play: string; readonly handler: string }[]>

export interface RunInput {
  readonly playbook: Playbook
  readonly mode: Mode
  readonly owed?: Owed
}

/**
 * Runs a playbook: every play after the one before, its hosts side by side. Plan and apply are the same code; a plan
 * stops where steps would be sent. Rejects with HactlError for a choice of tasks that names nothing, else only with bugs;
 * everything else is in the events and the summary.
 */
export async function runPlaybook(options: RunOptions, input: RunInput): Promise<RunSummary> {
  const started = performance.now()
  checkChoice(input.playbook, options)
  const frames = input.playbook.plays.map((play, index): PlayFrame => ({
    index,
    play: { ...play, vars: { ...input.playbook.vars, ...play.vars } },
    table: hostTable(options),
  }))
  const run = newRun(options, input.mode, frames.at(-1)?.play)
  const filter = taskFilter(options)
  const plays = frames.map((frame) => ({ frame, hosts: hostsOf(options, frame.play) }))
  for (const [host, error] of options.failures) {
    if (plays.some((play) => play.hosts.includes(host))) run.record.hostUnreachable(host, error)
  }
  await readAhead(run, plays, filter)
  for (const { frame, hosts } of plays) {
    if (run.halted) break
    await runPlay(run, frame, hosts, filter(frame.play), input.owed)
  }
  for (const { view } of run.ahead.values()) view.remember()
  const trips = [...options.sessions].map(
    ([name, session]) => [name, session.transport.stats().roundTrips] as const,
  )
  return run.record.summary(Math.round(performance.now() - started), Object.fromEntries(trips))
}

function newRun(options: RunOptions, mode: Mode, lastPlay: Play | undefined): Run {
  const states = new Map<string, HostState>()
  for (const [name, session] of options.sessions) {
    const host = options.hosts.get(name)
    if (!host) continue
    states.set(name, {
      name,
      host,
      session,
      stopped: undefined,
      registered: {},
      partial: new Set(),
      collected: new Map(),
      broken: new Set(),
      notified: new Set(),
      spread: false,
      changed: false,
    })
  }
  const record = new Recorder(options)
  return { options, mode, record, states, lastPlay, ahead: new Map(), halted: false }
}

const hostsOf = (options: RunOptions, play: Play): readonly string[] => {
  const rendered = options.templates.renderAll(
    play.hosts,
    { ...options.vars, ...options.extraVars },
    () => play.source,
  )
  return options.select(rendered as string | readonly string[], play.source)
}

/** `--tags` and `--start-at`: the tasks of a play that this run carries out. */
function taskFilter(options: RunOptions): (play: Play) => readonly Task[] {
  let skipping = options.startAt !== undefined
  const chosen = new Map<Task, boolean>()
  return (play) =>
    play.tasks.filter((task) => {
      const known = chosen.get(task)
      if (known !== undefined) return known
      if (task.name === options.startAt) skipping = false
      const take = !skipping && selected(task, options.tags, options.skipTags)
      chosen.set(task, take)
      return take
    })
}

interface Planned {
  readonly frame: PlayFrame
  readonly hosts: readonly string[]
}

/** Everything that can be read before anything is changed is read at once: what is in place costs no more. */
async function readAhead(
  run: Run,
  plays: readonly Planned[],
  filter: (play: Play) => readonly Task[],
): Promise<void> {
  const byHost = [...run.states.values()].map((state) => ({
    state,
    queue: plays.flatMap(({ frame, hosts }) => {
      if (!hosts.includes(state.name)) return []
      const earlier = registeredBefore(plays, frame, filter)
      const all = tolerant(() => expand(run.options, state, frame, filter(frame.play), false, earlier))
      return all.filter((instance) => !instance.task.runOnce || hosts[0] === state.name)
    }),
  }))
  await pool(byHost, run.options.forks, ({ state, queue }) => readAll(run, state, queue))
}

/** What tasks of the plays before one will register. */
const registeredBefore = (
  plays: readonly Planned[],
  frame: PlayFrame,
  filter: (play: Play) => readonly Task[],
): readonly string[] =>
  plays
    .filter((each) => each.frame.index < frame.index)
    .flatMap((each) => filter(each.frame.play).flatMap(({ register }) => register ?? []))

/** What cannot be expanded yet is reported when its turn comes. */
function tolerant<T>(make: () => readonly T[]): readonly T[] {
  try {
    return make()
  } catch {
    return []
  }
}

async function runPlay(
  run: Run,
  frame: PlayFrame,
  names: readonly string[],
  tasks: readonly Task[],
  owed: Owed | undefined,
): Promise<void> {
  const { play } = frame
  if (names.length === 0 || tasks.length === 0) return
  run.options.emit({ kind: 'play-start', play: play.name, hosts: names, tasks: tasks.length })
  if (play.anyErrorsFatal && names.some((name) => !run.states.has(name))) {
    run.halted = true
    const text = `"${play.name}" needs all its hosts; ${names.filter((name) => !run.states.has(name)).join(', ')} cannot be reached`
    run.options.emit({ kind: 'notice', level: 'warning', text })
    return
  }
  for (const batch of batchesOf(names, play.serial)) {
    if (run.halted) break
    const states = batch.flatMap((name) => run.states.get(name) ?? [])
    for (const state of states) state.notified = new Set(owedTo(owed, state, play))
    for (const segment of segments(tasks)) await runSegment(run, frame, states, segment)
    await runHandlers(run, frame, states)
  }
}

/** `serial`: hosts at a time, as numbers or in per cent of all (at least one); the last word holds for the rest. */
function batchesOf(names: readonly string[], serial: Play['serial']): readonly (readonly string[])[] {
  const batches: (readonly string[])[] = []
  let start = 0
  while (start < names.length) {
    const word = serial?.[Math.min(batches.length, serial.length - 1)] ?? names.length
    const share =
      typeof word === 'number' ? word : Math.floor((names.length * Number.parseInt(word, 10)) / 100)
    const size = Math.max(1, share)
    batches.push(names.slice(start, start + size))
    start += size
  }
  return batches
}

const owedTo = (owed: Owed | undefined, state: HostState, play: Play): readonly string[] =>
  (owed?.get(state.name) ?? []).filter((each) => each.play === play.name).map((each) => each.handler)

/** Tasks between two barriers: `run_once` tasks run alone, after and before everybody else. */
function segments(tasks: readonly Task[]): readonly (readonly Task[])[] {
  const result: Task[][] = []
  for (const task of tasks) {
    const last = result.at(-1)
    if (last?.[0] && last[0].runOnce === task.runOnce) last.push(task)
    else result.push([task])
  }
  return result
}

async function runSegment(
  run: Run,
  frame: PlayFrame,
  states: readonly HostState[],
  tasks: readonly Task[],
): Promise<void> {
  const alive = states.filter((state) => state.stopped === undefined)
  const once = tasks[0]?.runOnce === true
  const workers = once ? alive.slice(0, 1) : alive
  await pool(workers, run.options.forks, async (state) => {
    await walk(run, state, frame, tasks, false)
    haltOn(run, frame.play, state)
  })
  const first = workers[0]
  if (once && first)
    for (const state of alive) {
      state.registered = { ...state.registered, ...first.registered }
      state.partial = new Set([...state.partial, ...first.partial])
    }
  share(run)
}

/** A failure in a play with `any_errors_fatal` stops the others at their next task. */
function haltOn(run: Run, play: Play, state: HostState): void {
  const stopped = state.stopped === 'failed' || state.stopped === 'unreachable'
  if ((play.anyErrorsFatal && stopped) || state.stopped === 'interrupted') run.halted = true
}

/** After a barrier, what a host did to the whole cluster is read anew by the others. */
function share(run: Run): void {
  const spread = [...run.states.values()].filter((state) => state.spread)
  if (spread.length === 0) return
  for (const state of run.states.values()) {
    if (spread.length > 1 || state !== spread[0]) state.session.prober.invalidate(undefined)
    state.spread = false
  }
}

/** Notified handlers run on every host that can still be reached, also on one whose later task failed. */
async function runHandlers(run: Run, frame: PlayFrame, states: readonly HostState[]): Promise<void> {
  const { handlers } = frame.play
  const due = states.filter((state) => state.notified.size > 0 && canHandle(state))
  await pool(due, run.options.forks, async (state) => {
    const before = state.stopped
    state.stopped = undefined
    const names = state.notified
    await walk(
      run,
      state,
      frame,
      handlers.filter((handler) => names.has(handler.name)),
      true,
    )
    if (state.stopped === undefined && run.mode === 'apply') {
      await clearPending(state.session, run.options.stateDir, frame.play.name)
    }
    state.notified = new Set()
    state.stopped ??= before
    haltOn(run, frame.play, state)
  })
  share(run)
}

const canHandle = (state: HostState): boolean => state.stopped === undefined || state.stopped === 'failed'
