import { mkdirSync, writeFileSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import type { Fault } from '../cluster/drill/fault.ts'
import { RESULT_FORMAT, type DrillResult } from '../cluster/drill/result.ts'
import { summarize } from '../cluster/drill/summary.ts'
import { EXIT, HactlError } from '../diag/diagnostic.ts'
import type { EngineEvent, RunSummary } from '../engine/events.ts'
import { journalDir, newRunId, openJournal } from '../engine/journal.ts'
import { masker } from '../lib/secret.ts'
import { connect } from '../transport/connect.ts'
import {
  choose,
  clientsOf,
  list,
  requireConsent,
  splitWords,
  usage,
  type DrillVerbOptions,
} from './drill-choice.ts'
import { originOf } from './drill-origin.ts'
import { runAll, showOrder } from './drill-plan.ts'
import { labOf, openSite, type LabOf } from './drill-site.ts'
import { interrupt } from './interrupt.ts'
import { note, paint, print, printJson, setExit, size } from './io.ts'
import { inventoryFile } from './options.ts'
import { openCluster, type Target } from './target.ts'

const summaryOf = (outcome: RunSummary['outcome'], ms: number): RunSummary => ({
  outcome,
  ok: 0,
  changed: 0,
  unknown: 0,
  skipped: 0,
  failed: outcome === 'failed' ? 1 : 0,
  unreachable: 0,
  impact: 'switchover',
  ms: Math.round(ms),
  roundTrips: {},
})

/** The folder of a drill beside its inventory, and the journal of its run. */
function openRecords(target: Required<Target>, faults: readonly Fault[]) {
  const run = newRunId()
  const { dir, secrets } = target.inventory
  const at = new Date().toISOString()
  const drills = join(dir, '.hactl', 'drills')
  const folder = join(drills, `${at.replaceAll(/[-:]/g, '').slice(0, 15)}Z-${run}`)
  const journal = openJournal(journalDir(dir), run, masker(secrets))
  const by = userInfo().username
  const began = performance.now()
  const hosts = target.hosts.map((host) => host.name)
  return {
    run,
    at,
    by,
    folder,
    emit: (event: EngineEvent) => journal.write(event),
    owner: { run, by, from: hostname(), at },
    start: () => {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const playbook = `drill ${faults.map(({ name }) => name).join(' ')}`
      journal.write({ kind: 'run-start', run, mode: 'apply', playbook, hosts, at, by })
    },
    say: (text: string) => {
      journal.write({ kind: 'notice', level: 'info', text })
      void note(text)
    },
    end: (outcome: RunSummary['outcome']) =>
      journal.write({
        kind: 'run-end',
        run,
        summary: summaryOf(outcome, performance.now() - began),
      } as EngineEvent),
  }
}

/** Why a drill ended early, in one line. */
const reasonOf = (error: unknown): string =>
  error instanceof HactlError
    ? error.diagnostics.map(({ summary }) => summary).join('; ')
    : interrupt.happened()
      ? 'it was interrupted'
      : String(error)

async function carryOut(
  target: Required<Target>,
  faults: readonly Fault[],
  lab: LabOf | undefined,
  options: DrillVerbOptions,
): Promise<void> {
  const records = openRecords(target, faults)
  const { owner, emit, folder, say } = records
  const opened = await openSite({ target, lab, owner, options: { verbose: options.verbose }, emit })
  const { site } = opened
  interrupt.canFinish(() => 'the fault is healed')
  let outcome: RunSummary['outcome'] = interrupt.happened() ? 'interrupted' : 'failed'
  try {
    const client = await clientsOf(site, options)
    records.start()
    const origin = await originOf({ target, site, client, lab, options, records })
    const drill = {
      client,
      dir: folder,
      patience: options.patience,
      keep: options.keep === true,
      ...(options.undoAfter !== undefined && { undoAfterS: Math.ceil(options.undoAfter / 1000) }),
      connect,
      say,
      signal: interrupt.soft,
    }
    const { results, skipped, stopped } = await runAll({ site, drill, options }, faults)
    if (stopped !== undefined && results.length === 0) throw stopped
    const result: DrillResult = {
      format: RESULT_FORMAT,
      ...origin,
      ...summarize(results),
      ...(skipped.length > 0 && { skipped }),
      ...(stopped !== undefined && { passed: false, stopped: reasonOf(stopped) }),
    }
    await show(result, folder, options, stopped === undefined)
    if (stopped !== undefined) throw stopped
    outcome = result.passed ? 'done' : 'failed'
    setExit(result.passed ? EXIT.done : EXIT.failed)
  } finally {
    records.end(interrupt.happened() ? 'interrupted' : outcome)
    await opened.close()
  }
}

async function show(
  result: DrillResult,
  folder: string,
  options: DrillVerbOptions,
  whole: boolean,
): Promise<void> {
  const { resultText } = await import('../report/drill/result-text.ts')
  const file = join(folder, 'result.json')
  writeFileSync(file, resultText(result), { mode: 0o600 })
  const { drillPage } = await import('../report/drill/page.ts')
  const page = join(folder, 'report.html')
  writeFileSync(page, drillPage(result), { mode: 0o600 })
  // An error follows, which is a document of its own.
  if (!whole && options.format !== 'text') return
  if (options.format === 'json') return printJson(result)
  if (options.format === 'junit') {
    const { drillJunit } = await import('../report/drill-junit.ts')
    return print(drillJunit(result).trimEnd())
  }
  const { drillText } = await import('../report/drill-text.ts')
  await print(drillText(result, { width: size().columns, paint: paint(), file, page }).trimEnd())
}

/** What belongs together, or not at all. */
function requireSense({ seed, duration, runs }: DrillVerbOptions): void {
  const isRandom = duration !== undefined || runs !== undefined
  if ((seed !== undefined) === isRandom) return
  throw usage('--seed goes with --duration or --runs', 'give --seed and one of both, or none')
}

/** `hactl drill SCENARIO… INVENTORY`. */
export async function drillVerb(words: readonly string[], options: DrillVerbOptions): Promise<void> {
  const { names, file: given } = splitWords(words)
  const file = inventoryFile(given, options)
  requireSense(options)
  if (options.list === true && given === undefined && options.inventory === undefined)
    return list(undefined, options)
  const target = await openCluster(file, options)
  const lab = await labOf(target.inventory.file)
  const place = { target, lab }
  if (options.list === true) return list(place, options)
  if (options.dryRun === true) return showOrder(choose(names, place, options), options)
  requireConsent(target, lab, options)
  if (options.verify !== undefined) {
    const { verify } = await import('./drill-verify.ts')
    return verify(target, lab, options.verify, options)
  }
  await carryOut(target, choose(names, place, options), lab, options)
}
