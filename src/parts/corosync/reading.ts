import { parseCrmMon } from '../../modules/pcs/crm-mon.ts'
import type { ClusterMonitor } from '../../modules/pcs/crm-mon.ts'
import type { Command, CommandResult } from '../../transport/transport.ts'

/** What the cluster manager of a host says of the whole cluster. */
export const MONITOR: Command = {
  argv: [
    'crm_mon',
    '--output-as=xml',
    '--inactive',
    '--show-node-attributes',
    '--failcounts',
    '--neg-locations',
  ],
  timeoutMs: 10_000,
}

/** The answer to `MONITOR`; undefined where Pacemaker does not run. */
export const monitorIn = ({ code, stdout }: CommandResult): ClusterMonitor | undefined =>
  code === 0 ? parseCrmMon(stdout) : undefined

/** Failures that Pacemaker counts and, without the operation they belong to, no longer shows. */
export const COUNTS: Command = {
  argv: ['cibadmin', '--query', '--xpath', "//nvpair[starts-with(@name,'fail-count-')]"],
  timeoutMs: 10_000,
}

/** What the partition guard drops while its host keeps silent; it fails where there is nothing (nft(8)). */
export const SILENCE: Command = {
  argv: ['nft', 'list', 'table', 'inet', 'hactl_partition'],
  timeoutMs: 10_000,
}
