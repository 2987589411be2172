import type { CaseFile } from '../../cluster/doctor/case.ts'
import type { Evidence } from '../../cluster/doctor/finding.ts'
import type { Command } from '../../transport/transport.ts'
import type { EtcdView } from './view.ts'

/** The last complaints of etcd; they say why it is lost. */
export const ETCD_LOG: Command = {
  argv: ['journalctl', '-u', 'etcd', '-p', 'warning', '-n', '6', '-o', 'cat', '--no-pager'],
  timeoutMs: 10_000,
}

/** What etcd itself says of a problem. */
export const etcdEvidence = ({ peers }: EtcdView, { hosts }: CaseFile): readonly Evidence[] =>
  peers.flatMap(({ name, reachable, unit, reading }): readonly Evidence[] => {
    if (!reachable) return []
    const health = reading ? (reading.healthy ? 'healthy' : 'sees no leader') : 'does not answer'
    const last = reading?.healthy
      ? undefined
      : hosts.get(name)?.raw['etcdLog']?.stdout.trim().split('\n').at(-1)
    return [
      { host: name, source: 'etcd /health, systemctl', saw: `${health}; service ${unit || 'not there'}` },
      ...(last ? [{ host: name, source: 'journal of etcd', saw: last.slice(0, 300) }] : []),
    ]
  })
