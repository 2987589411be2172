import type { Command } from 'commander'
import { note } from '../io.ts'
import { inventoryFile, withInventory } from '../options.ts'
import type { SecretFlags } from '../secrets.ts'

const withKey = (command: Command): Command =>
  withInventory(command).option(
    '--secrets-key <file>',
    'age key; default: HACTL_AGE_KEY, HACTL_AGE_KEY_FILE, .hactl/age.key',
  )

/** `hactl secrets`: the age-encrypted values beside an inventory. */
export const configure = (command: Command): void => {
  command.hook('preAction', async () => {
    const left = (await import('../editor.ts')).removeLeftovers()
    if (left.length > 0)
      await note(`removed what a killed "hactl secrets edit" had left in clear text: ${left.join(', ')}`)
  })
  withInventory(command.command('keygen'))
    .description('make a key beside the inventory (.hactl/age.key)')
    .action(async (flags: SecretFlags) => (await import('../secrets.ts')).keygen(flags))
  withKey(command.command('edit'))
    .description('edit the values with $EDITOR; they are in clear text only in memory')
    .action(async (flags: SecretFlags) => (await import('../secrets.ts')).edit(flags))
  withKey(command.command('show'))
    .argument('[key]', 'one value; without it all names')
    .option('--reveal', 'print the values in clear text')
    .description('print the names, or with --reveal the values')
    .action(async (key: string | undefined, flags: SecretFlags) =>
      (await import('../secrets.ts')).show(key, flags),
    )
  withKey(command.command('generate'))
    .argument('[inventory]', 'the inventory')
    .description('make every secret that is referred to and not there yet, and the key when there is none')
    .action(async (file: string | undefined, flags: SecretFlags) =>
      (await import('../generate.ts')).generate(inventoryFile(file, flags), flags),
    )
  withKey(command.command('rotate'))
    .argument('[keys...]', 'the values to renew; without it all that hactl generated')
    .description('make new values; the next apply brings them to the hosts')
    .action(async (keys: readonly string[], flags: SecretFlags) =>
      (await import('../secrets.ts')).rotate(keys, flags),
    )
}
