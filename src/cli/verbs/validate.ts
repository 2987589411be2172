import type { Command } from 'commander'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import { EXIT } from '../../diag/diagnostic.ts'
import { diagnosticsJson, renderDiagnostics } from '../../diag/render.ts'
import type { Inventory } from '../../inventory/inventory.ts'
import { loadInventory } from '../../inventory/load.ts'
import { members, witnesses } from '../../inventory/topology.ts'
import { masker } from '../../lib/secret.ts'
import { colorPaint } from '../../report/paint.ts'
import { STACKS } from '../../stacks/index.ts'
import { note, out, paint, print, setExit } from '../io.ts'
import { type Format, inventoryFile, withFormat, withInventory } from '../options.ts'

interface Options {
  readonly inventory?: string
  readonly format: Format
  readonly secretsKey?: string
}

const NOTHING = 'Nothing was contacted.'

/** `hactl validate`: every problem of an inventory at once; exit 2 when one is an error. Needs no key and no host. */
export const configure = (command: Command): void => {
  withFormat(withInventory(command), ['text', 'json'])
    .argument('[inventory]', 'the inventory')
    .option('--secrets-key <file>', 'age key for secrets.age.yml; without one its values are not checked')
    .addHelpText(
      'after',
      '\nExamples:\n  hactl validate inventory.yml\n  hactl validate inventory.yml --format json\n',
    )
    .action(async (file: string | undefined, options: Options) => {
      await validate(inventoryFile(file, options), options)
    })
}

async function validate(file: string, { format, secretsKey }: Options): Promise<void> {
  const secrets = { optional: true, ...(secretsKey !== undefined && { keyFile: secretsKey }) }
  const { inventory, diagnostics } = await loadInventory(file, { stacks: STACKS, secrets })
  const isSound = diagnostics.every((each) => each.severity !== 'error')
  if (!isSound) setExit(EXIT.usage)
  const mask = masker(inventory.secrets)
  if (format === 'json') return out(`${mask(diagnosticsJson(diagnostics))}\n`)
  if (diagnostics.length > 0) await report(diagnostics, mask)
  if (isSound)
    await print(...summary(inventory), ...(diagnostics.length > 0 ? [] : [`No problems. ${NOTHING}`]))
}

async function report(diagnostics: readonly Diagnostic[], mask: (text: string) => string): Promise<void> {
  const color = paint(process.stderr) === colorPaint
  await note(renderDiagnostics(diagnostics, { color, mask, closing: NOTHING }).trimEnd())
}

const names = (hosts: readonly { readonly name: string }[]): string =>
  hosts.map((host) => host.name).join(', ')

function summary({ file, hosts, clusters }: Inventory): readonly string[] {
  const count = `${file}: ${hosts.size} host${hosts.size === 1 ? '' : 's'}`
  return [
    clusters.length === 0 ? `${count}, no cluster` : count,
    ...clusters.map((cluster) => {
      const voting = witnesses(cluster)
      const witness = voting.length > 0 ? `; witness ${names(voting)}` : ''
      return `cluster ${cluster.name} (${cluster.stack}): ${names(members(cluster))}${witness}`
    }),
  ]
}
