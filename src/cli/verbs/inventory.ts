import type { Command } from 'commander'
import { HactlError } from '../../diag/diagnostic.ts'
import type { Host, Inventory } from '../../inventory/inventory.ts'
import { openInventory } from '../../inventory/load.ts'
import { matchHosts } from '../../inventory/pattern.ts'
import { toYaml } from '../../schema/yaml-edit.ts'
import { STACKS } from '../../stacks/index.ts'
import { out, print, printJson } from '../io.ts'
import { type Format, inventoryFile, withFormat, withInventory } from '../options.ts'

interface Options {
  readonly inventory?: string
  readonly format: Format
  readonly host?: string
  readonly limit?: string
  readonly secretsKey?: string
}

/** `hactl inventory`: the hosts and groups, or the merged variables of hosts. Secrets are masked; no host is touched. */
export const configure = (command: Command): void => {
  withFormat(withInventory(command), ['text', 'json'])
    .argument('[inventory]', 'the inventory')
    .option('--host <name>', 'print the merged variables of this host')
    .option('--limit <pattern>', 'only these hosts, as an Ansible host pattern')
    .option('--secrets-key <file>', 'age key for secrets.age.yml')
    .addHelpText(
      'after',
      '\nExamples:\n  hactl inventory inventory.yml\n  hactl inventory inventory.yml --host pg1\n',
    )
    .action(async (file: string | undefined, options: Options) => {
      await show(inventoryFile(file, options), options)
    })
}

async function show(file: string, { format, host, limit, secretsKey }: Options): Promise<void> {
  const secrets = { optional: true, ...(secretsKey !== undefined && { keyFile: secretsKey }) }
  const { inventory } = await openInventory(file, { stacks: STACKS, secrets })
  const pattern = host ?? limit ?? 'all'
  const { hosts: chosen, diagnostics } = matchHosts(inventory, pattern)
  if (diagnostics.length > 0) throw new HactlError(diagnostics)
  const hosts = chosen.map((name) => inventory.hosts.get(name)).filter((each) => each !== undefined)
  if (format === 'json') return printJson(asData(inventory, hosts))
  if (host === undefined) return print(...overview(inventory, hosts))
  for (const each of hosts) await out(toYaml({ [each.name]: { groups: each.groups, ...each.vars } }))
}

function asData(inventory: Inventory, hosts: readonly Host[]): unknown {
  return {
    file: inventory.file,
    groups: Object.fromEntries(inventory.groups),
    hosts: Object.fromEntries(
      hosts.map(({ name, groups, vars, connection }) => [name, { groups, vars, connection }]),
    ),
    clusters: inventory.clusters.map(({ name, stack, group, vars, hosts: own }) => ({
      name,
      stack,
      group,
      hosts: own.map((host) => host.name),
      vars,
    })),
  }
}

function overview(inventory: Inventory, hosts: readonly Host[]): readonly string[] {
  const width = Math.max(...hosts.map((host) => host.name.length))
  const address = (host: Host): string =>
    host.connection.kind === 'local'
      ? 'this machine'
      : `${host.connection.address}${host.connection.port === undefined ? '' : ` port ${host.connection.port}`}`
  const longest = Math.max(...hosts.map((host) => address(host).length))
  return [
    ...hosts.map((host) => {
      const groups = host.groups.filter((group) => group !== 'all').join(', ')
      return `${host.name.padEnd(width)}  ${address(host).padEnd(longest)}  ${groups}`.trimEnd()
    }),
    ...inventory.clusters.map(({ name, stack, group }) => `cluster ${name}: stack ${stack}, group ${group}`),
  ]
}
