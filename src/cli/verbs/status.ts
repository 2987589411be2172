import { setTimeout as wait } from 'node:timers/promises'
import { InvalidArgumentError, type Command } from 'commander'
import type { ClusterStatus } from '../../cluster/status.ts'
import { EXIT, type ExitCode } from '../../diag/diagnostic.ts'
import { parseDuration } from '../../lib/duration.ts'
import { terminal } from '../caller.ts'
import { interrupt } from '../interrupt.ts'
import { interactive, outRaw, paint, print, printJson, setExit, size } from '../io.ts'
import { inventoryFile, withFormat, withInventory, type GlobalOptions } from '../options.ts'

interface StatusOptions extends GlobalOptions {
  readonly cluster?: string
  readonly secretsKey?: string
  readonly watch?: number | boolean
}

const EXITS: Readonly<Record<ClusterStatus['health'], ExitCode>> = {
  healthy: EXIT.done,
  degraded: EXIT.failed,
  down: EXIT.usage,
}

const interval = (text: string): number => {
  const ms = parseDuration(text)
  if (ms !== undefined && ms >= 200) return ms
  throw new InvalidArgumentError('write a time such as 2s.')
}

/** `hactl status`: one screen a cluster. Exit 0 healthy, 1 degraded, 2 down. */
export const configure = (command: Command): void => {
  withFormat(withInventory(command))
    .argument('[inventory]', 'the inventory')
    .option('--cluster <name>', 'only this cluster of the inventory')
    .option('--watch [interval]', 'read again and again until Ctrl-C; default every 2s', interval)
    .option('--secrets-key <file>', 'the age key of the encrypted secrets')
    .addHelpText(
      'after',
      '\nExit code: 0 healthy, 1 degraded, 2 down. With several clusters the worst counts.\n',
    )
    .action(async (file: string | undefined, options: StatusOptions) => {
      await showStatus(inventoryFile(file, options), options)
    })
}

async function showStatus(file: string, options: StatusOptions): Promise<void> {
  const { openClusters } = await import('../../app/target.ts')
  const { openBench } = await import('../../app/bench.ts')
  const caller = terminal()
  const targets = await openClusters(file, options, caller)
  const benches = await Promise.all(targets.map((target) => openBench(target, options, caller)))
  const { refreshStatus } = await import('../../app/status.ts')
  try {
    for (;;) {
      const statuses = await Promise.all(benches.map(refreshStatus))
      await show(statuses, options)
      setExit(worstExit(statuses))
      if (options.watch === undefined || options.watch === false) return
      const pause = options.watch === true ? 2000 : options.watch
      await wait(pause, undefined, { signal: interrupt.soft })
    }
  } finally {
    await Promise.all(benches.map((bench) => bench.opened.close()))
  }
}

const worstExit = (statuses: readonly ClusterStatus[]): ExitCode =>
  statuses.map((status) => EXITS[status.health]).reduce((a, b) => (a > b ? a : b), EXIT.done)

async function show(statuses: readonly ClusterStatus[], options: StatusOptions): Promise<void> {
  if (options.format === 'jsonl') {
    for (const status of statuses) await printJson(status, 'jsonl')
    return
  }
  if (options.format === 'json') return printJson(statuses.length === 1 ? statuses[0] : statuses)
  const { statusText } = await import('../../report/status-text.ts')
  if (options.watch !== undefined && interactive()) await outRaw('\u001b[H\u001b[2J')
  for (const status of statuses) {
    await print(statusText(status, { width: size().columns, paint: paint() }).trimEnd())
  }
}
