import { readFileSync, writeFileSync } from 'node:fs'
import { quoteAll } from '../../lib/quote.ts'
import { addressesOf } from '../names.ts'
import { inNetns, labNetns, labPaths, nodePaths } from './paths.ts'
import type { LabRecord } from './state.ts'

/** How ssh enters the lab's network: a small program inside its namespace carries the bytes. */
const proxyCommand = (lab: string): string => `${quoteAll(inNetns(labNetns(lab), 'nc', '-N'))} %h %p`

/** The ssh options that reach a lab's nodes, as one text for `ansible_ssh_common_args`. */
export const sshCommonArgs = (lab: string): string =>
  `-o ${quoteAll([`UserKnownHostsFile=${labPaths(lab).knownHosts}`])} -o ProxyCommand='${proxyCommand(lab)}'`

/** argv of ssh to an address in a lab; the command to run there is appended. */
export function sshArgv(lab: string, address: string, ...flags: readonly string[]): readonly string[] {
  const { key, knownHosts } = labPaths(lab)
  const options = [
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${knownHosts}`,
    `ProxyCommand=${proxyCommand(lab)}`,
    'LogLevel=ERROR',
  ].flatMap((option) => ['-o', option])
  // The user's own ssh configuration is not meant for these addresses.
  return ['ssh', ...flags, '-F', '/dev/null', '-i', key, ...options, `root@${address}`]
}

/** Writes the host keys of all nodes where ssh looks for them. */
export function writeKnownHosts(record: LabRecord): void {
  const lines = record.nodes.map(({ name, index }) => {
    const [type, key] = readFileSync(`${nodePaths(record.name, name).hostKey}.pub`, 'utf8').split(' ')
    return `${[name, ...addressesOf(index)].join(',')} ${type} ${key}\n`
  })
  writeFileSync(labPaths(record.name).knownHosts, lines.join(''))
}
