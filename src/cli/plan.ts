import { EXIT, HactlError } from '../diag/diagnostic.ts'
import type { EngineEvent, RunSummary } from '../engine/events.ts'
import type { Playbook } from '../engine/playbook.ts'
import type { Registry } from '../engine/module.ts'
import { quote } from '../lib/quote.ts'
import type { Scope } from '../template/template.ts'
import { exitOf, openBench, phase, type Bench } from './engine.ts'
import { lockAhead, type Ahead } from './lock.ts'
import { paint, print, printJson, setExit, size } from './io.ts'
import type { GlobalOptions } from './options.ts'
import { neededScope } from './status.ts'
import { findPlaybook, openTargets, type Target } from './target.ts'

export interface PlanOptions extends GlobalOptions {
  readonly cluster?: string
  readonly playbook?: string
  readonly startAt?: string
  readonly diff?: boolean
  readonly secretsKey?: string
  readonly exitCode?: boolean
}

export interface Planned {
  readonly bench: Bench
  /** The lock as it was asked for in front of the readings. */
  readonly ahead?: Ahead
  /** What the playbook needs to know of its cluster. */
  readonly vars: Scope
  readonly playbook: Playbook
  readonly registry: Registry
  readonly events: readonly EngineEvent[]
  readonly summary: RunSummary
}

/** The playbook that deploys a target: the one given, or its stack's. */
export const deployment = (target: Target, options: { readonly playbook?: string }): string =>
  options.playbook ?? findPlaybook(target, 'deploy', () => ['deploy'])

/**
 * Connects and plans. Sockets come first: the registry, the playbook and the template engine are loaded while
 * the handshakes are under way. `locks`: for an apply, which reads under its lock.
 */
export async function makePlan(
  target: Target,
  file: string,
  options: PlanOptions,
  locks = false,
): Promise<Planned> {
  const opening = openBench(target, options)
  // An error of the playbook is told first; the sessions are then closed all the same.
  opening.catch(() => undefined)
  try {
    const { readPlaybook } = await import('./playbook.ts')
    const { playbook, registry } = await readPlaybook(file)
    const bench = await opening
    const ahead = locks ? lockAhead(bench) : undefined
    const vars = await neededScope(bench, playbook.needs)
    const planned = await planWith(bench, playbook, registry, vars)
    return { bench, playbook, registry, vars, ...planned, ...(ahead && { ahead }) }
  } catch (error) {
    await opening.then((bench) => bench.opened.close()).catch(() => undefined)
    throw error
  }
}

/** A plan on open hosts, as events. */
export async function planWith(
  bench: Bench,
  playbook: Playbook,
  registry: Registry,
  vars: Scope = {},
): Promise<{ readonly events: readonly EngineEvent[]; readonly summary: RunSummary }> {
  const events: EngineEvent[] = []
  const hosts = bench.target.hosts.map((host) => host.name)
  const emit = (event: EngineEvent): void => void events.push(event)
  emit({
    kind: 'run-start',
    run: 'plan',
    mode: 'plan',
    playbook: playbook.file,
    hosts,
    at: new Date().toISOString(),
    by: '',
  })
  const summary = await phase(bench, { playbook, registry, mode: 'plan', emit, allowed: 'destructive', vars })
  emit({ kind: 'run-end', run: 'plan', summary })
  return { events, summary }
}

/** The heading of a target: its cluster and stack, or the inventory. */
export const titleOf = (target: Target): string =>
  target.cluster ? `${target.cluster.name} · ${target.cluster.stack}` : target.inventory.file

/** Prints a plan in the wanted form. */
export async function printPlan(
  planned: Planned,
  options: PlanOptions,
  apply: string | undefined,
): Promise<void> {
  if (options.format === 'json' || options.format === 'jsonl') {
    const { runJson } = await import('../report/json.ts')
    if (options.format === 'json') return printJson(runJson(planned.events))
    for (const event of planned.events) await printJson(event, 'jsonl')
    return
  }
  const { planText } = await import('../report/plan-text.ts')
  const text = planText(planned.events, {
    title: titleOf(planned.bench.target),
    ...(apply !== undefined && { apply }),
    diff: options.diff === true,
    width: size().columns,
    paint: paint(),
  })
  await print(text.trimEnd())
}

/** The apply that does what a plan showed: with the same choice of hosts and tasks. */
export function applyCommand(file: string, options: PlanOptions): string {
  const chosen: Readonly<Record<string, string | undefined>> = {
    cluster: options.cluster,
    limit: options.limit,
    tags: options.tags?.join(','),
    playbook: options.playbook,
    'start-at': options.startAt,
  }
  const given = Object.entries(chosen).filter(([, value]) => value !== undefined)
  return [
    'hactl apply',
    quote(file),
    ...given.map(([name, value]) => `--${name} ${quote(value ?? '')}`),
  ].join(' ')
}

/** `hactl plan`. */
export async function planVerb(file: string, options: PlanOptions): Promise<void> {
  for (const target of await openTargets(file, options)) {
    const planned = await makePlan(target, deployment(target, options), options)
    await planned.bench.opened.close()
    await printPlan(planned, options, applyCommand(file, options))
    const { changed, unknown } = planned.summary
    const pending = options.exitCode === true && changed + unknown > 0
    const code = exitOf(planned.summary)
    if (code !== EXIT.done) setExit(code)
    else if (pending) setExit(EXIT.changesPending)
  }
}

/** Whether a plan did not fail: only hosts that cannot be reached are missing in it. */
export function isSound({ summary }: Planned): boolean {
  const code = exitOf(summary)
  return code === EXIT.done || code === EXIT.unreachable
}

/** Ends with an error when a plan failed: nothing may be applied on top of it. */
export function requireSound(planned: Planned): void {
  if (!isSound(planned)) throw new HactlError([], exitOf(planned.summary))
}
