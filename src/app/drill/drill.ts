import type { Fault } from '../../cluster/drill/fault.ts'
import { RESULT_FORMAT, type DrillResult } from '../../cluster/drill/result.ts'
import type { DrillOptions } from '../../cluster/drill/run.ts'
import { summarize } from '../../cluster/drill/summary.ts'
import { HactlError } from '../../diag/diagnostic.ts'
import type { RunSummary } from '../../engine/events.ts'
import { connect } from '../../transport/connect.ts'
import type { Caller } from '../caller.ts'
import { clientsOf, type DrillRequest, type Place } from './choice.ts'
import { runAll } from './order.ts'
import { originOf } from './origin.ts'
import { openRecords, type Records } from './records.ts'
import { openSite, type OpenSite } from './site.ts'

export interface DrillInput extends Place {
  readonly faults: readonly Fault[]
  readonly request: DrillRequest
  readonly caller: Caller
  /** Hears what the drill says while it goes on. */
  readonly tell: (text: string) => void
  /** From now on the caller may stop it softly: the fault is healed then. */
  readonly begun: () => void
  /** Puts a result down, in the folder of the drill, and shows it. */
  readonly show: (found: Found) => Promise<void>
}

export interface Found {
  readonly result: DrillResult
  readonly keep: Records['keep']
  /** False: an error that ended the drill early follows. */
  readonly whole: boolean
}

/** Breaks a cluster on purpose while clients write. Gives what was found; what ended it early is thrown behind that. */
export async function drill(input: DrillInput): Promise<DrillResult> {
  const { target, lab, faults, request, caller } = input
  const records = openRecords(target, faults, input.tell)
  const { owner, emit } = records
  const opened = await openSite({ target, lab, owner, options: { verbose: request.verbose }, emit, caller })
  input.begun()
  const isStopped = (): boolean => caller.soft.aborted || caller.hard.aborted
  let outcome: RunSummary['outcome'] = isStopped() ? 'interrupted' : 'failed'
  try {
    const result = await carryOut(input, opened, records)
    outcome = result.passed ? 'done' : 'failed'
    return result
  } finally {
    records.end(isStopped() ? 'interrupted' : outcome)
    await opened.close()
  }
}

/** Why a drill ended early, in one line. */
const reasonOf = (error: unknown, { soft, hard }: Caller): string =>
  error instanceof HactlError
    ? error.diagnostics.map(({ summary }) => summary).join('; ')
    : soft.aborted || hard.aborted
      ? 'it was interrupted'
      : String(error)

const optionsOf = (
  { request, caller }: DrillInput,
  client: DrillOptions['client'],
  { folder, say }: Records,
): DrillOptions => ({
  client,
  dir: folder,
  patience: request.patience,
  keep: request.keep === true,
  ...(request.undoAfter !== undefined && { undoAfterS: Math.ceil(request.undoAfter / 1000) }),
  connect,
  say,
  signal: caller.soft,
})

async function carryOut(input: DrillInput, { site }: OpenSite, records: Records): Promise<DrillResult> {
  const { target, lab, faults, request, caller } = input
  const client = await clientsOf(site, request)
  records.start()
  const origin = await originOf({ target, site, client, lab, options: request, records })
  const options = optionsOf(input, client, records)
  const { results, skipped, stopped } = await runAll({ site, drill: options, options: request }, faults)
  if (stopped !== undefined && results.length === 0) throw stopped
  const result: DrillResult = {
    format: RESULT_FORMAT,
    ...origin,
    ...summarize(results),
    ...(skipped.length > 0 && { skipped }),
    ...(stopped !== undefined && { passed: false, stopped: reasonOf(stopped, caller) }),
  }
  await input.show({ result, keep: records.keep, whole: stopped === undefined })
  if (stopped !== undefined) throw stopped
  return result
}
