import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { judge, refusal, type Requirement } from '../cluster/require.ts'
import type { ClusterStatus } from '../cluster/status.ts'
import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import type { EngineEvent } from '../engine/events.ts'
import type { Impact } from '../engine/impact.ts'
import { journalDir, listRuns } from '../engine/journal.ts'
import type { Playbook } from '../engine/playbook.ts'
import type { Scope } from '../template/template.ts'
import { applyRun, exitOf, openBench, type Bench } from './engine.ts'
import { interrupt } from './interrupt.ts'
import { confirm, note, paint, print, printJson, setExit, size } from './io.ts'
import { inventoryFile, type GlobalOptions } from './options.ts'
import { readParams, splitRest } from './params.ts'
import { planWith, printPlan } from './plan.ts'
import { readPlaybook, type ReadPlaybook } from './playbook.ts'
import { readNeeds, refreshStatus } from './status.ts'
import { findPlaybook, openCluster, PACKAGE, type Target } from './target.ts'
import { openView } from './view.ts'

export interface RunVerbOptions extends GlobalOptions {
  readonly list?: boolean
  readonly yes?: boolean
  readonly allow?: Impact
  readonly check?: boolean
  readonly diff?: boolean
  readonly resume?: boolean
  readonly cluster?: string
  readonly secretsKey?: string
}

/** `hactl run RUNBOOK INVENTORY --param value`. */
export async function runVerb(
  name: string | undefined,
  rest: readonly string[],
  options: RunVerbOptions,
): Promise<void> {
  const { words, given } = splitRest(rest)
  // With --list the first word is the inventory.
  const file = inventoryFile(options.list === true ? (name ?? words[0]) : words[0], options)
  if (name === undefined && options.list !== true) {
    throw new HactlError(problem('cli/usage', 'which runbook?', { hint: 'hactl run --list INVENTORY' }))
  }
  const target = await openCluster(file, options)
  if (options.list === true || name === undefined) return listRunbooks(target)
  const found = await findRunbook(target, name)
  const { playbook } = found
  const resumed = options.resume === true ? lastParams(target, playbook) : {}
  const hosts = target.cluster.hosts.map((host) => host.name)
  const params = readParams(playbook, { ...resumed, ...given }, hosts)
  await execute(target, found, params, { file, options })
}

/** Names of a stack's runbooks, the site's and the package's. */
export function runbookNames(target: Target): readonly string[] {
  const folders = [target.inventory.dir, PACKAGE].map((dir) =>
    join(dir, 'playbooks', target.stack?.name ?? ''),
  )
  const names = folders.flatMap((dir) => {
    try {
      return readdirSync(dir).filter((name) => name.endsWith('.yml'))
    } catch {
      return []
    }
  })
  return [...new Set(names.map((name) => name.slice(0, -4)))].filter((name) => name !== 'deploy').toSorted()
}

const plain = (name: string): string => name.replace(/^cls[_-]/, '').replaceAll('_', '-')

export async function findRunbook(target: Target, name: string): Promise<ReadPlaybook> {
  const names = runbookNames(target)
  const wanted = plain(name)
  const load = (each: string): Promise<ReadPlaybook> => readPlaybook(findPlaybook(target, each, () => names))
  if (names.includes(wanted)) return load(wanted)
  for (const each of names) {
    const found = await load(each)
    if (found.playbook.aliases.some((alias) => plain(alias) === wanted)) return found
  }
  return load(wanted)
}

async function listRunbooks(target: Target): Promise<void> {
  const names = runbookNames(target)
  const width = Math.max(0, ...names.map((name) => name.length))
  for (const name of names) {
    const { playbook } = await readPlaybook(findPlaybook(target, name, () => names))
    const aliases = playbook.aliases.length > 0 ? `   (also ${playbook.aliases.join(', ')})` : ''
    await print(`  ${name.padEnd(width)}  ${playbook.name}${aliases}`)
    for (const [param, { about, type, default: preset, optional }] of Object.entries(playbook.params)) {
      const may =
        preset === undefined && optional !== true
          ? 'required'
          : `default: ${JSON.stringify(preset ?? 'none')}`
      await print(`  ${''.padEnd(width)}    --${param.replaceAll('_', '-')} <${type}>  ${about} (${may})`)
    }
  }
}

/** Parameters of the last run of the same runbook that did not end well. */
function lastParams(target: Target, playbook: Playbook): Readonly<Record<string, string>> {
  const runs = listRuns(journalDir(target.inventory.dir)).toReversed()
  for (const { lines } of runs) {
    const start = lines[0]?.event
    if (start?.kind !== 'run-start' || start.playbook !== playbook.file) continue
    const ended = lines.some(({ event }) => event.kind === 'run-end' && event.summary.outcome === 'done')
    if (ended) break
    const notice = lines.map(({ event }) => event).find((event) => event.kind === 'run-params')
    return notice?.kind === 'run-params' ? notice.params : {}
  }
  throw new HactlError(
    problem('run/nothing-to-resume', `no run of "${playbook.name}" was cut off`, { hint: 'hactl history' }),
  )
}

interface Call {
  readonly file: string
  readonly options: RunVerbOptions
}

async function execute(
  target: Required<Target>,
  { playbook, registry }: ReadPlaybook,
  params: Readonly<Record<string, unknown>>,
  { file, options }: Call,
): Promise<void> {
  const bench = await openBench(target, options)
  try {
    const vars = await prepare(bench, playbook, params, options)
    if (options.check === true) {
      const planned = await planWith(bench, playbook, registry, vars)
      await printPlan({ bench, playbook, registry, vars, ...planned }, options, `hactl run ${file}`)
      setExit(exitOf(planned.summary))
      return
    }
    await carryOut(bench, { playbook, registry }, vars, { file, options })
  } finally {
    await bench.opened.close()
  }
}

/** Status, requirements and the question; nothing is touched before they agree. */
export async function prepare(
  bench: Bench,
  playbook: Playbook,
  params: Readonly<Record<string, unknown>>,
  options: RunVerbOptions,
): Promise<Scope> {
  const needed =
    playbook.require.length > 0 || playbook.needs.length > 0
      ? await readNeeds(bench, playbook.needs)
      : undefined
  const status = needed?.status
  const vars: Scope = { params, ...needed?.scope }
  const scope: Scope = { ...bench.target.vars, ...vars }
  if (status) await checkRequirements(bench, playbook, status, scope, (options.format ?? 'text') === 'text')
  if (options.yes !== true && options.check !== true) await askConsent(bench, playbook, scope)
  return vars
}

async function checkRequirements(
  bench: Bench,
  playbook: Playbook,
  status: ClusterStatus,
  scope: Scope,
  tell: boolean,
): Promise<void> {
  const origin = (path: readonly (string | number)[]) => playbook.where(['require', ...path])
  const needs = bench.templates.renderAll(playbook.require, scope, origin) as readonly Requirement[]
  // A requirement on an optional host that was not given does not apply.
  const verdicts = judge(
    status,
    needs.filter((need) => !('host' in need) || Boolean(need.host)),
  )
  if (verdicts.some((verdict) => verdict.why !== undefined)) {
    throw new HactlError(refusal(playbook.name, verdicts), EXIT.refused)
  }
  if (tell) for (const verdict of verdicts) await print(`  ${paint()('green', '✔')} ${verdict.text}`)
}

async function askConsent(bench: Bench, playbook: Playbook, scope: Scope): Promise<void> {
  if (playbook.confirm === undefined) return
  const question = String(bench.templates.render(playbook.confirm, scope, playbook.where(['confirm'])))
  if (await confirm(`${question}\nContinue?`, { flag: '--yes' })) return
  throw new HactlError(
    problem('refused/not-confirmed', 'nothing was changed', { hint: 'agree with --yes' }),
    EXIT.refused,
  )
}

async function carryOut(
  bench: Bench,
  { playbook, registry }: ReadPlaybook,
  vars: Scope,
  { file, options }: Call,
): Promise<void> {
  const events: EngineEvent[] = []
  const view = await openView(options)
  interrupt.canFinish(() => 'the running steps')
  const params = Object.fromEntries(
    Object.entries((vars['params'] ?? {}) as Record<string, unknown>)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  )
  let summary
  try {
    summary = await applyRun(bench, {
      playbook,
      registry,
      allowed: options.allow ?? 'switchover',
      view,
      events,
      vars,
      params,
    })
  } finally {
    await view.close()
  }
  setExit(exitOf(summary))
  if (options.format === 'jsonl') return
  if (options.format === 'json') {
    const { runJson } = await import('../report/json.ts')
    return printJson(runJson(events))
  }
  const { applySummary } = await import('../report/apply-summary.ts')
  const command = `hactl run ${playbook.file.replace(/^.*\//, '').replace('.yml', '')} ${file} --resume`
  await print(applySummary(events, { command, width: size().columns, paint: paint() }).trimEnd())
  if (interrupt.happened()) return
  const after = await refreshStatus(bench)
  await note(`${after.cluster} is ${after.health}.`)
}
