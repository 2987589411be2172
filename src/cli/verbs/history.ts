import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { listRuns } from '../../engine/journal.ts'
import { historyText, runHead } from '../../report/history-text.ts'
import { out, paint, print, printJson, size } from '../io.ts'
import { inventoryFile, withFormat, withInventory } from '../options.ts'
import type { GlobalOptions } from '../options.ts'
import { journalOf, pastRun } from '../past-runs.ts'

interface Options extends GlobalOptions {
  readonly last: number
}

const number = (text: string): number => {
  if (/^[1-9]\d*$/.test(text)) return Number(text)
  throw new InvalidArgumentError('write a whole number from 1 up.')
}

/** `hactl history [INVENTORY]`: the runs in the journal beside the inventory, newest first. */
export function configure(command: Command): void {
  withFormat(withInventory(command.argument('[inventory]', 'the inventory')))
    .option('--last <n>', 'at most so many runs', number, 20)
    .action(async (argument: string | undefined, options: Options) => {
      const found = listRuns(journalOf(inventoryFile(argument, options)))
      const runs = found.slice(-options.last).toReversed().map(pastRun)
      if (options.format === 'json') return printJson(runs.map(runHead))
      if (options.format === 'jsonl') {
        for (const run of runs) await printJson(runHead(run), 'jsonl')
        return
      }
      await out(historyText(runs, { width: size().columns, paint: paint() }))
      if (found.length > runs.length) await print(`${found.length - runs.length} older: --last N shows more.`)
    })
}
