import type { Command } from 'commander'
import type { InitFlags } from '../init.ts'

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

/** `hactl init`: writes a commented inventory, its key and its generated secrets. Overwrites nothing. */
export const configure = (command: Command): void => {
  command
    .argument('<stack>', 'what makes PostgreSQL highly available; a wrong name lists the right ones')
    .argument('[dir]', 'folder to write into', '.')
    .option('--cluster <name>', 'name of the cluster; default: pgcluster')
    .option('--host <name=address>', 'a host and its address; once for every host', collect)
    .option('--writer-vip <address/prefix>', 'virtual address of the primary, e.g. 10.0.0.20/24')
    .option('--reader-vip <address/prefix>', 'virtual address of the standbys')
    .option('--yes', 'ask nothing')
    .addHelpText(
      'after',
      '\nExample:\n  hactl init STACK db --host pg1=10.0.0.11 --host pg2=10.0.0.12 --host pg3=10.0.0.13 --writer-vip 10.0.0.20/24\n',
    )
    .action(async (stack: string, dir: string, flags: InitFlags) => {
      const { initVerb } = await import('../init.ts')
      await initVerb(stack, dir, flags)
    })
}
