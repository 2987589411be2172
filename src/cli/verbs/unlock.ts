import type { Command } from 'commander'
import { terminal } from '../caller.ts'
import { confirm, print } from '../io.ts'
import { inventoryFile, withHosts, withInventory, type GlobalOptions } from '../options.ts'

interface UnlockOptions extends GlobalOptions {
  readonly yes?: boolean
  readonly cluster?: string
}

/** `hactl unlock`: shows who holds the lock on which host and removes it. */
export const configure = (command: Command): void => {
  withHosts(withInventory(command))
    .argument('[inventory]', 'the inventory')
    .option('--cluster <name>', 'only this cluster of the inventory')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      '\nA lock whose owner is gone is taken over by the next run without this verb. Use it only when the\ncontroller that holds the lock still has its connection open but will never go on.\n',
    )
    .action(async (file: string | undefined, options: UnlockOptions) => {
      await unlock(inventoryFile(file, options), options)
    })
}

async function unlock(file: string, options: UnlockOptions): Promise<void> {
  const { openTargets } = await import('../../app/target.ts')
  const { openBench } = await import('../../app/bench.ts')
  const { forceRelease, readLock, stateDirOf } = await import('../../engine/lock.ts')
  const caller = terminal()
  for (const target of await openTargets(file, options, caller)) {
    const bench = await openBench(target, options, caller, target.hosts)
    const stateDir = stateDirOf(target.cluster?.name ?? 'hosts')
    try {
      const sessions = [...bench.opened.sessions]
      const owners = await Promise.all(sessions.map(([, session]) => readLock(session, stateDir)))
      const locked = sessions.flatMap(([name, session], index) => {
        const owner = owners[index]
        return owner ? [{ name, session, owner }] : []
      })
      for (const error of bench.opened.failures.values())
        await print(`  ? ${error.on?.host}: ${error.summary}`)
      for (const { name, owner } of locked) {
        await print(`  ${name}: run ${owner.run} by ${owner.by} from ${owner.from}, since ${owner.at}`)
      }
      if (locked.length === 0) await print('No host is locked.')
      else if (options.yes === true || (await confirm('Remove these locks?', { flag: '--yes' }))) {
        await Promise.all(locked.map(({ session }) => forceRelease(session, stateDir)))
        await print(`${locked.length} removed.`)
      }
    } finally {
      await bench.opened.close()
    }
  }
}
