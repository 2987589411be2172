import type { ClusterStatus } from '../../cluster/status.ts'
import type { Probe } from '../../engine/probe.ts'
import type { Cluster } from '../../inventory/inventory.ts'
import { factsOf } from './derive.ts'

// Interim, replaced by the status reader.
export async function status(cluster: Cluster, probes: ReadonlyMap<string, Probe>): Promise<ClusterStatus> {
  const facts = factsOf(cluster)
  const roles = await Promise.all(
    facts.members.map(async (name) => {
      const result = await probes
        .get(name)
        ?.run([
          'sh',
          '-c',
          'runuser -u postgres -- psql -XAtqw -p "$1" -d postgres -c "select pg_is_in_recovery()" 2>/dev/null || true',
          'x',
          String(facts.vars.postgres.port),
        ])
      return [name, result?.stdout.trim() ?? ''] as const
    }),
  )
  const primary = roles.find(([, role]) => role === 'f')?.[0]
  return {
    cluster: cluster.name,
    stack: cluster.stack,
    postgres: {},
    replication: { wanted: facts.vars.replication.mode },
    health: primary === undefined ? 'down' : 'healthy',
    ...(primary !== undefined && { primary }),
    bootstrap: {
      seed: primary ?? facts.members[0] ?? '',
      managed: roles.some(([, role]) => role !== ''),
      serving: facts.members,
      restart: 'standbys-first',
      moves: '',
    },
    members: roles.map(([name, role]) => ({
      name,
      address: '',
      role: role === 'f' ? 'primary' : role === 't' ? 'standby' : 'unknown',
      running: role !== '',
      reachable: true,
    })),
    addresses: [],
    guards: [],
    problems: [],
    at: new Date().toISOString(),
  }
}
