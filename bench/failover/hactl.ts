import type { ClusterStatus } from '../../src/cluster/status.ts'
import { VIP, type Lab } from './lab.ts'
import type { System } from './systems.ts'
import { membersOf } from '../../src/cluster/members.ts'

/** `hactl status` exits with 1 or 2 for a cluster that is not healthy, and prints all the same. */
function status(lab: Lab): ClusterStatus | undefined {
  try {
    return JSON.parse(lab.hactl('status', lab.inventory, '--format', 'json')) as ClusterStatus
  } catch (error) {
    const json = /\n(\{[\s\S]*\n\})/.exec(error instanceof Error ? error.message : '')?.[1]
    return json === undefined ? undefined : (JSON.parse(json) as ClusterStatus)
  }
}

/** A cluster that hactl deploys from one of its shipped inventories: profile `fast`, mode `sync`. */
export function hactlSystem(name: string, vars: string, packages: readonly string[]): System {
  return {
    name,
    vars,
    packages: [...packages, 'postgresql-15', 'postgresql-client-15'],
    clients: [{ host: VIP, port: 5432 }],
    deploy: (lab) => {
      lab.hactl('secrets', 'generate', lab.inventory)
      lab.hactl('apply', lab.inventory, '--yes')
    },
    password: (lab) => {
      const text = lab.hactl('secrets', 'show', '--reveal', '-i', lab.inventory)
      return /^app_password: (.*)$/m.exec(text)?.[1] ?? ''
    },
    primary: (lab) => status(lab)?.primary,
    healthy: (lab) => status(lab)?.health === 'healthy',
    switchover: (lab) => void lab.hactl('run', 'switchover', lab.inventory, '--yes'),
    mend: (lab) => {
      const seen = status(lab)
      const lost = (seen ? membersOf(seen) : []).filter(
        ({ role, replication }) => role !== 'primary' && replication?.state !== 'streaming',
      )
      for (const { name: node } of lost) {
        const run = (runbook: string) => lab.tried('run', runbook, lab.inventory, '--yes', '--on', node)
        if (!run('repair-standby')) run('rebuild-standby')
      }
    },
    versions: (lab) => lab.hactl('--version').trim(),
  }
}
