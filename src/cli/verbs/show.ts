import type { Command } from 'commander'
import { HactlError, problem } from '../../diag/diagnostic.ts'
import { listRuns, readRun } from '../../engine/journal.ts'
import type { RunRecord } from '../../engine/journal.ts'
import { runHead, runText } from '../../report/history-text.ts'
import { runJson } from '../../report/json.ts'
import { out, paint, printJson, size } from '../io.ts'
import { inventoryFile, withFormat, withInventory } from '../options.ts'
import type { GlobalOptions } from '../options.ts'
import { journalOf, pastRun } from '../past-runs.ts'

interface Options extends GlobalOptions {
  readonly diff?: boolean
}

function find(dir: string, id: string): RunRecord {
  if (id !== 'last') return readRun(dir, id)
  const last = listRuns(dir).at(-1)
  if (last) return last
  throw new HactlError(problem('journal/no-run', 'there are no runs yet', { hint: 'hactl apply makes one' }))
}

/** `hactl show RUN [INVENTORY]`: one run with every change and failure; `last` is the newest. */
export function configure(command: Command): void {
  withFormat(
    withInventory(
      command
        .argument('<run>', 'id of the run or the beginning of it, or: last')
        .argument('[inventory]', 'the inventory'),
    ),
  )
    .option('--diff', 'show the differences of files line by line')
    .action(async (id: string, argument: string | undefined, options: Options) => {
      const run = pastRun(find(journalOf(inventoryFile(argument, options)), id))
      if (options.format === 'json') return printJson({ ...runJson(run.events), ...runHead(run) })
      if (options.format === 'jsonl') {
        for (const event of run.events) await printJson(event, 'jsonl')
        return
      }
      const text = { width: size().columns, paint: paint(), diff: options.diff === true }
      await out(runText(run, text))
    })
}
