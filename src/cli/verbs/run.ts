import { Option, type Command } from 'commander'
import { IMPACTS } from '../../engine/impact.ts'
import type { RunVerbOptions } from '../runbook.ts'
import { count, withFormat, withHosts, withInventory, withTags } from '../options.ts'

/** `hactl run`: a runbook of the cluster's stack. Its parameters are options: `--on pg1`, `--to pg2`. */
export const configure = (command: Command): void => {
  withFormat(withTags(withHosts(withInventory(command))))
    .argument('[runbook]', 'name or alias of the runbook; see --list')
    .argument('[rest...]', 'the inventory, and the parameters of the runbook as --name value')
    .allowUnknownOption()
    .option('--list', 'the runbooks of this cluster with their parameters')
    .option('-y, --yes', 'agree to what the runbook asks')
    .addOption(new Option('--allow <impact>', 'agree to this impact').choices(IMPACTS))
    .option('--check', 'only show what it would do')
    .option('--diff', 'show the differences of files line by line')
    .option('--patience <n>', 'wait this many times as long: for slow or busy hosts', count)
    .option('--resume', 'go on with the run of this runbook that was cut off, with its parameters')
    .option('--cluster <name>', 'the cluster, when the inventory has several')
    .option('--secrets-key <file>', 'the age key of the encrypted secrets')
    .addHelpText(
      'after',
      '\nExamples:\n  hactl run --list inventory.yml\n  hactl run switchover inventory.yml --to pg2\n  hactl run standby-node inventory.yml --on pg3 --yes\n',
    )
    .action(async (runbook: string | undefined, rest: readonly string[], options: RunVerbOptions) => {
      const { runVerb } = await import('../runbook.ts')
      await runVerb(runbook, rest, options)
    })
}
