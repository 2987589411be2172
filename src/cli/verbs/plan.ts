import type { Command } from 'commander'
import { EXIT } from '../../diag/diagnostic.ts'
import { terminal } from '../caller.ts'
import { setExit } from '../io.ts'
import { inventoryFile } from '../options.ts'
import { withPlan } from '../plan-options.ts'
import { applyCommand, printPlan, type PlanOptions } from '../show-plan.ts'

interface PlanVerbOptions extends PlanOptions {
  readonly exitCode?: boolean
}

/** `hactl plan`: reads the hosts and prints every change with its impact. Writes nothing. */
export const configure = (command: Command): void => {
  withPlan(command)
    .argument('[inventory]', 'the inventory')
    .option('--exit-code', 'exit 3 when changes are pending')
    .addHelpText(
      'after',
      '\nExamples:\n  hactl plan inventory.yml\n  hactl plan inventory.yml --diff --limit pg2\n  hactl plan -i inventory.yml --exit-code   (in CI: 3 means drift)\n',
    )
    .action(async (file: string | undefined, options: PlanVerbOptions) => {
      await plan(inventoryFile(file, options), options)
    })
}

async function plan(file: string, given: PlanVerbOptions): Promise<void> {
  const { withExtraVars } = await import('../extra-vars.ts')
  const options = withExtraVars(given)
  const { listed } = await import('../list-tasks.ts')
  const { openTargets } = await import('../../app/target.ts')
  const { makePlan } = await import('../../app/plan.ts')
  const { deployment } = await import('../../app/playbooks.ts')
  const { exitOf } = await import('../../app/summary.ts')
  const caller = terminal()
  for (const target of await openTargets(file, options, caller)) {
    const playbook = deployment(target, options)
    if (await listed(playbook, options)) continue
    const planned = await makePlan({ target, file: playbook, options, caller })
    await planned.bench.opened.close()
    await printPlan(planned, options, applyCommand(file, options))
    const { changed, unknown } = planned.summary
    const pending = options.exitCode === true && changed + unknown > 0
    const code = exitOf(planned.summary)
    if (code !== EXIT.done) setExit(code)
    else if (pending) setExit(EXIT.changesPending)
  }
}
