import { InvalidArgumentError, Option, type Command } from 'commander'
import { parseDuration } from '../../lib/duration.ts'
import type { DrillVerbOptions } from '../drill.ts'
import { withInventory } from '../options.ts'

const whole = (text: string): number => {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('write a whole number from 1 up.')
}

const duration = (text: string): number => {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  throw new InvalidArgumentError('write a time such as 500ms, 2s or 20m.')
}

const words = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text.split(',').filter((word) => word !== ''),
]

const EXAMPLES = `
Examples:
  hactl drill --list inventory.yml
  hactl drill switchover kill-postgres inventory.yml --repeat 5
  hactl drill all inventory.yml --keep-going
  hactl drill power-off-standby+kill-manager inventory.yml
  hactl drill all inventory.yml --seed 1 --runs 20 --dry-run

Exit code: 0 as expected, 1 not, 5 refused.
`

/** What the clients of a drill do. */
const withClients = (command: Command): Command =>
  command
    .option('--rate <n>', 'writes a second over all connections', whole, 100)
    .option('--connections <n>', 'connections that write', whole, 8)
    .option('--connect-timeout <time>', 'how long a client waits for a connection', duration, 1000)
    .option('--answer-timeout <time>', 'how long a client waits for an answer', duration, 2000)
    .addOption(
      new Option('--target <way>', 'how writers reach the primary')
        .choices(['address', 'hosts'])
        .default('address'),
    )
    .option('--proxy <host:port>', 'writers connect here instead: a proxy in front of the cluster')

/** `hactl drill`: breaks a cluster on purpose while clients write, and says what was lost. */
export const configure = (command: Command): void => {
  withInventory(command)
    .argument('[scenario...]', 'scenarios in their order, A+B at once, or "all"; the inventory last')
    .option('--list', 'the scenarios, and which of them this inventory can run')
    .option('--only <names>', 'of the chosen scenarios only these, separated by commas', words)
    .option('--repeat <n>', 'each scenario this often', whole, 1)
    .option('--keep-going', 'go on with the next run after one that failed')
    .option(
      '--seed <n>',
      'a random order of the scenarios, the same for the same number; needs --duration or --runs',
      whole,
    )
    .option('--duration <time>', 'begin new runs of the random order for this long', duration)
    .option('--runs <n>', 'so many runs of the random order', whole)
    .option('--dry-run', 'show the order of the runs, and break nothing')
    .option('--on-real-hosts <name>', 'the name of the cluster: its hosts are no lab, and may be broken')
    .option(
      '--destructive',
      'with --on-real-hosts: also those that freeze PostgreSQL, cut hosts off or fill a disk',
    )
    .option('--patience <n>', 'allow the cluster this many times as long: for slow or busy hosts', whole, 1)
    .option(
      '--undo-after <time>',
      'timers on the hosts end a fault by then even when hactl is gone (default 4m, times the patience)',
      duration,
    )
    .option('--keep', 'leave the tables in place, so that --verify can compare them again')
    .option(
      '--verify <folder>',
      'compare the ledgers of an earlier drill with the cluster again; breaks nothing',
    )
    .addOption(
      new Option('--format <format>', 'how the result is printed')
        .choices(['text', 'json', 'junit'])
        .default('text'),
    )
    .option('--cluster <name>', 'the cluster, when the inventory has several')
    .option('--secrets-key <file>', 'the age key of the encrypted secrets')
    .addHelpText('after', EXAMPLES)
    .action(async (args: readonly string[], options: DrillVerbOptions) => {
      const { drillVerb } = await import('../drill.ts')
      await drillVerb(args, options)
    })
  withClients(command)
}
