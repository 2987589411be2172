import type { Command } from 'commander'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { diagnosticsJson, renderDiagnostics } from '../../diag/render.ts'
import type { Inventory } from '../../inventory/inventory.ts'
import { loadInventory } from '../../inventory/load.ts'
import { members, witnesses } from '../../inventory/topology.ts'
import { masker } from '../../lib/secret.ts'
import { colorPaint } from '../../report/paint.ts'
import { kindOf, readTextFile } from '../../schema/read-text.ts'
import { parseYaml } from '../../schema/yaml.ts'
import { STACKS } from '../../stacks/index.ts'
import { note, out, paint, print, setExit } from '../io.ts'
import { type Format, inventoryFile, withFormat, withInventory } from '../options.ts'

interface Options {
  readonly inventory?: string
  readonly format: Format
  readonly secretsKey?: string
}

const NO_INVENTORY = { inventory: undefined, diagnostics: [] }
const NOTHING = 'Nothing was contacted.'

/** `hactl validate`: every problem of an inventory and of playbooks at once; exit 2 when one is an error. Needs no key and no host. */
export const configure = (command: Command): void => {
  withFormat(withInventory(command), ['text', 'json'])
    .argument('[files...]', 'the inventory, and playbooks to check with it or alone')
    .option('--secrets-key <file>', 'age key for secrets.age.yml; without one its values are not checked')
    .addHelpText(
      'after',
      '\nExamples:\n  hactl validate inventory.yml\n  hactl validate inventory.yml site.yml\n  hactl validate inventory.yml --format json\n',
    )
    .action(async (files: readonly string[], options: Options) => {
      const playbooks = files.filter(isPlaybook)
      const [file, extra] = files.filter((each) => !playbooks.includes(each))
      if (extra !== undefined) throw new HactlError(notBoth(extra))
      const isAlone = file === undefined && options.inventory === undefined && playbooks.length > 0
      await validate(isAlone ? undefined : inventoryFile(file, options), playbooks, options)
    })
}

/** A playbook is a map with plays; Ansible's own, a list, is told apart from an inventory too. */
function isPlaybook(file: string): boolean {
  const text = kindOf(file) === 'file' ? readTextFile(file) : ''
  const { data } = parseYaml(typeof text === 'string' ? text : '', file)
  return Array.isArray(data) || (typeof data === 'object' && data !== null && 'plays' in data)
}

const notBoth = (file: string): Diagnostic =>
  problem('cli/usage', `${file} is no playbook, and the inventory is named already`, {
    hint: 'name one inventory, then playbooks: a playbook has the key "plays"',
  })

async function checkPlaybook(file: string): Promise<readonly Diagnostic[]> {
  const { readPlaybook } = await import('../../app/playbooks.ts')
  try {
    await readPlaybook(file)
    return []
  } catch (error) {
    if (error instanceof HactlError) return error.diagnostics
    throw error
  }
}

async function validate(
  file: string | undefined,
  playbooks: readonly string[],
  { format, secretsKey }: Options,
): Promise<void> {
  const secrets = { optional: true, ...(secretsKey !== undefined && { keyFile: secretsKey }) }
  const { inventory, diagnostics: said } =
    file === undefined ? NO_INVENTORY : await loadInventory(file, { stacks: STACKS, secrets })
  const wrong = await Promise.all(playbooks.map(checkPlaybook))
  const diagnostics = [...said, ...wrong.flat()]
  const isSound = diagnostics.every((each) => each.severity !== 'error')
  if (!isSound) setExit(EXIT.usage)
  const mask = masker(inventory?.secrets ?? [])
  if (format === 'json') return out(`${mask(diagnosticsJson(diagnostics))}\n`)
  if (diagnostics.length > 0) await report(diagnostics, mask)
  if (isSound)
    await print(
      ...(inventory ? summary(inventory) : []),
      ...playbooks.map((each) => `playbook ${each}`),
      ...(diagnostics.length > 0 ? [] : [`No problems. ${NOTHING}`]),
    )
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
