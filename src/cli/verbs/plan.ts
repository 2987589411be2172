import type { Command } from 'commander'
import { inventoryFile } from '../options.ts'
import type { PlanOptions } from '../plan.ts'
import { withPlan } from '../plan-options.ts'

/** `hactl plan`: reads the hosts and prints every change with its impact. Writes nothing. */
export const configure = (command: Command): void => {
  withPlan(command)
    .argument('[inventory]', 'the inventory')
    .option('--exit-code', 'exit 3 when changes are pending')
    .addHelpText(
      'after',
      '\nExamples:\n  hactl plan inventory.yml\n  hactl plan inventory.yml --diff --limit pg2\n  hactl plan -i inventory.yml --exit-code   (in CI: 3 means drift)\n',
    )
    .action(async (file: string | undefined, options: PlanOptions) => {
      const { planVerb } = await import('../plan.ts')
      await planVerb(inventoryFile(file, options), options)
    })
}
