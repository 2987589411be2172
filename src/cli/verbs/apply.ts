import { Option, type Command } from 'commander'
import { IMPACTS } from '../../engine/impact.ts'
import type { ApplyOptions } from '../apply.ts'
import { count, inventoryFile } from '../options.ts'
import { withPlan } from '../plan-options.ts'

/** `hactl apply`: plans, asks where something is interrupted, changes, and proves that a second plan is empty. */
export const configure = (command: Command): void => {
  withPlan(command)
    .argument('[inventory]', 'the inventory')
    .option('-y, --yes', 'agree to every impact below destructive')
    .addOption(new Option('--allow <impact>', 'agree to this impact').choices(IMPACTS))
    .option('--check', 'only plan, as with Ansible')
    .option('--patience <n>', 'wait this many times as long: for slow or busy hosts', count)
    .option('--resume', 'go on with the run that was cut off; the same as applying again')
    .addHelpText(
      'after',
      '\nExamples:\n  hactl apply inventory.yml\n  hactl apply inventory.yml --allow restart-standby\n  hactl apply inventory.yml --limit pg3 --yes --format jsonl\n',
    )
    .action(async (file: string | undefined, options: ApplyOptions) => {
      const { applyVerb } = await import('../apply.ts')
      await applyVerb(inventoryFile(file, options), options)
    })
}
