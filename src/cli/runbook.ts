import { openBench, type Bench, type BenchOptions } from '../app/bench.ts'
import { readParams, splitRest } from '../app/params.ts'
import { planWith } from '../app/plan.ts'
import { findRunbook, runbookNames, type ReadPlaybook } from '../app/playbooks.ts'
import { lastParams, prepare, runRunbook, type Prepared, type RunbookEnd } from '../app/runbook.ts'
import { exitOf } from '../app/summary.ts'
import { openCluster, type Target } from '../app/target.ts'
import { isRefused, refusal } from '../cluster/require.ts'
import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import type { Impact } from '../engine/impact.ts'
import { terminal } from './caller.ts'
import { interrupt } from './interrupt.ts'
import { confirm, paint, print, printJson, setExit, size } from './io.ts'
import { withExtraVars } from './extra-vars.ts'
import { listed, type Listing } from './list-tasks.ts'
import { inventoryFile, type GlobalOptions } from './options.ts'
import { printPlan, printVerdict } from './show-plan.ts'
import { openView } from './view.ts'

export interface RunVerbOptions extends GlobalOptions, Listing, Pick<BenchOptions, 'over'> {
  readonly list?: boolean
  readonly yes?: boolean
  readonly allow?: Impact
  readonly patience?: number
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
  asked: RunVerbOptions,
): Promise<void> {
  const options = withExtraVars(asked)
  const { words, given } = splitRest(rest)
  // With --list the first word is the inventory.
  const file = inventoryFile(options.list === true ? (name ?? words[0]) : words[0], options)
  if (name === undefined && options.list !== true) {
    throw new HactlError(problem('cli/usage', 'which runbook?', { hint: 'hactl run --list INVENTORY' }))
  }
  const target = await openCluster(file, options, terminal())
  if (options.list === true || name === undefined) return listRunbooks(target)
  const found = await findRunbook(target, name)
  const { playbook } = found
  if (await listed(playbook.file, options)) return
  const resumed = options.resume === true ? lastParams(target, playbook) : {}
  const hosts = target.cluster.hosts.map((host) => host.name)
  const params = readParams(playbook, { ...resumed, ...given }, hosts)
  await execute(target, found, params, { file, options })
}

async function listRunbooks(target: Target): Promise<void> {
  const names = runbookNames(target)
  const width = Math.max(0, ...names.map((name) => name.length))
  for (const name of names) {
    const { playbook } = await findRunbook(target, name)
    const aliases = playbook.aliases.length > 0 ? `   (also ${playbook.aliases.join(', ')})` : ''
    await print(`  ${name.padEnd(width)}  ${playbook.name}${aliases}`)
    for (const [param, { about, type, default: preset, optional, pick }] of Object.entries(playbook.params)) {
      const may =
        preset === undefined && optional !== true && pick === undefined
          ? 'required'
          : `default: ${JSON.stringify(preset ?? 'none')}`
      await print(`  ${''.padEnd(width)}    --${param.replaceAll('_', '-')} <${type}>  ${about} (${may})`)
    }
  }
}

interface Call {
  readonly file: string
  readonly options: RunVerbOptions
}

async function execute(
  target: Required<Target>,
  found: ReadPlaybook,
  params: Readonly<Record<string, unknown>>,
  { file, options }: Call,
): Promise<void> {
  const { playbook, registry } = found
  const bench = await openBench(target, options, terminal())
  try {
    const prepared = await prepare(bench, playbook, params)
    await requireAll(playbook.name, prepared, options)
    if (options.check === true) {
      const planned = await planWith(bench, playbook, registry, prepared.vars)
      await printPlan({ bench, ...planned }, options, `hactl run ${file}`)
      setExit(exitOf(planned.summary))
      return
    }
    if (options.yes !== true) await askConsent(prepared)
    await carryOut(bench, found, prepared, { file, options })
  } finally {
    await bench.opened.close()
  }
}

async function requireAll(name: string, { verdicts }: Prepared, { format }: RunVerbOptions): Promise<void> {
  if (isRefused(verdicts)) throw new HactlError(refusal(name, verdicts), EXIT.refused)
  if ((format ?? 'text') !== 'text') return
  for (const verdict of verdicts) await print(`  ${paint()('green', '✔')} ${verdict.text}`)
}

async function askConsent({ question }: Prepared): Promise<void> {
  if (question === undefined || (await confirm(`${question}\nContinue?`, { flag: '--yes' }))) return
  throw new HactlError(
    problem('refused/not-confirmed', 'nothing was changed', { hint: 'agree with --yes' }),
    EXIT.refused,
  )
}

async function carryOut(
  bench: Bench,
  found: ReadPlaybook,
  prepared: Prepared,
  { file, options }: Call,
): Promise<void> {
  const view = await openView(options)
  interrupt.canFinish(() => 'the running steps')
  const allowed = options.allow ?? 'switchover'
  let end: RunbookEnd
  try {
    const { vars, status: before } = prepared
    end = await runRunbook(bench, found, { vars, allowed, emit: view.emit, ...(before && { before }) })
  } finally {
    await view.close()
  }
  const { events, summary, verdict, isBroken } = end
  setExit(isBroken ? EXIT.failed : exitOf(summary))
  if (options.format === 'jsonl') return
  if (options.format === 'json') {
    const { runJson } = await import('../report/json.ts')
    return printJson({ ...runJson(events), ...(verdict && { verdict }) })
  }
  const { applySummary } = await import('../report/apply-summary.ts')
  const name = found.playbook.file.replace(/^.*\//, '').replace('.yml', '')
  const command = `hactl run ${name} ${file} --resume`
  await print(applySummary(events, { command, width: size().columns, paint: paint() }).trimEnd())
  if (verdict) await printVerdict(verdict)
}
