import type { Endpoint } from '../../src/cluster/drill/client-config.ts'
import { hactlSystem } from './hactl.ts'
import type { Lab } from './lab.ts'
import { paf, pgsql } from './pacemaker.ts'
import { patroni } from './patroni.ts'

/** A highly available PostgreSQL on three lab hosts, as one way to set it up makes it. */
export interface System {
  readonly name: string
  readonly packages: readonly string[]
  /** Variables of hactl's inventory, for systems that hactl deploys. */
  readonly vars?: string
  /** Where clients connect: one address, or all members in turn. */
  readonly clients: readonly Endpoint[]
  /** From bare hosts to three members that replicate, with the role and the database `app`. */
  deploy(lab: Lab): void
  /** The password of the role `app`. */
  password(lab: Lab): string
  primary(lab: Lab): string | undefined
  /** Whether one member leads and both others stream from it. */
  healthy(lab: Lab): boolean
  /** The planned way to move the primary. */
  switchover(lab: Lab): void
  /** Brings a member back that did not come back by itself. */
  mend(lab: Lab): void
  versions(lab: Lab): string
}

export const SYSTEMS: readonly System[] = [
  hactlSystem('hactl pacemaker', 'lab-pacemaker/cluster.yml', [
    'corosync',
    'pacemaker',
    'pacemaker-cli-utils',
    'pcs',
    'resource-agents',
  ]),
  hactlSystem('hactl patroni', 'lab-patroni/cluster.yml', [
    'patroni',
    'python3-etcd',
    'etcd-server',
    'etcd-client',
  ]),
  patroni,
  pgsql,
  paf,
]
