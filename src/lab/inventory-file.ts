import { existsSync, readFileSync } from 'node:fs'
import { HactlError, problem } from '../diag/diagnostic.ts'

export interface LabInventory {
  readonly lab: string
  readonly nodes: readonly {
    readonly name: string
    readonly addresses: readonly string[]
    readonly witness: boolean
  }[]
  readonly keyFile: string
  readonly sshArgs: string
  /** Text of a YAML map that goes under `all.vars`, e.g. the `cluster` variable; taken over as it is. */
  readonly vars?: string
}

const header = (lab: string): string =>
  `# Written by "hactl lab up" for the lab "${lab}"; removed by "hactl lab down".\n`

/** Quotes a text for YAML. */
const text = (value: string): string => JSON.stringify(value)

const indent = (block: string, by: number): string =>
  block
    .replaceAll('\r\n', '\n')
    .split('\n')
    .filter((line) => line !== '---')
    .map((line) => (line.trim() === '' ? '' : ' '.repeat(by) + line))
    .join('\n')
    .trimEnd()

function group(name: string, nodes: LabInventory['nodes']): string[] {
  if (nodes.length === 0) return []
  return [
    `    ${name}:`,
    '      hosts:',
    ...nodes.flatMap(({ name: host, addresses }) => [
      `        ${host}:`,
      `          ansible_host: ${addresses[0]}`,
      '          nic: eth0',
      `          links: [${addresses.join(', ')}]`,
    ]),
  ]
}

/** The Ansible inventory of a lab: hosts in the groups `postgres` and `witness`, and how to reach them. */
export function inventoryText(lab: LabInventory): string {
  return `${[
    header(lab.lab).trimEnd(),
    'all:',
    '  vars:',
    '    ansible_user: root',
    `    ansible_ssh_private_key_file: ${text(lab.keyFile)}`,
    `    ansible_ssh_common_args: ${text(lab.sshArgs)}`,
    ...(lab.vars === undefined || lab.vars.trim() === '' ? [] : [indent(lab.vars, 4)]),
    '  children:',
    ...group(
      'postgres',
      lab.nodes.filter((node) => !node.witness),
    ),
    ...group(
      'witness',
      lab.nodes.filter((node) => node.witness),
    ),
  ].join('\n')}\n`
}

/** Whether a file is a lab's own inventory, so that it may be replaced or removed. */
export const isInventoryOf = (file: string, lab: string): boolean =>
  existsSync(file) && readFileSync(file, 'utf8').startsWith(header(lab))

/** Refuses to replace a file that somebody else wrote. */
export function checkReplaceable(file: string, lab: string): void {
  if (!existsSync(file) || isInventoryOf(file, lab)) return
  throw new HactlError(
    problem('lab/inventory-exists', `${file} was not written by the lab "${lab}" and is left alone`, {
      hint: 'name another folder with --inventory-dir, or move the file away',
    }),
  )
}
