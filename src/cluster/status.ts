/** What `hactl status` says about one cluster; every stack fills the same fields. */
export interface ClusterStatus {
  readonly cluster: string
  readonly stack: string
  readonly postgres: { readonly version?: string }
  /** The replication the inventory asks for and the one in force right now. */
  readonly replication: { readonly wanted: ReplicationMode; readonly actual?: ReplicationMode }
  readonly health: 'healthy' | 'degraded' | 'down'
  /** The one primary; absent when there is none, or more than one. For `{{ status.primary }}` in playbooks. */
  readonly primary?: string
  /** The standby a switchover would promote when none is named. */
  readonly candidate?: string
  /**
   * For a first deploy: whose data the others are copied from, and whether a cluster manager runs PostgreSQL
   * already (also said when a member could not be read: nothing is made anew then).
   */
  readonly bootstrap?: {
    readonly seed: string
    readonly managed: boolean
    /** Members that no operator has taken out of service. */
    readonly serving: readonly string[]
    /** While nobody is primary: the member whose data is certainly the newest. */
    readonly latest?: string
    /** Who restarts first for the settings of the inventory; refused: no order is right, with what changes. */
    readonly restart?: 'standbys-first' | 'primary-first' | 'refused'
    readonly moves?: string
    /** The same for the settings that wait for a restart now, which need not be the inventory's. */
    readonly pending?: {
      readonly order: 'standbys-first' | 'primary-first' | 'refused'
      readonly moves: string
    }
  }
  readonly members: readonly MemberStatus[]
  readonly addresses: readonly VirtualAddress[]
  /** How clients reach the primary: connection strings without passwords, libpq's first. */
  readonly clients?: readonly string[]
  readonly quorum?: { readonly have: number; readonly of: number; readonly ok: boolean }
  /** What keeps two primaries apart, one sentence each, e.g. `fencing ready on 3`. */
  readonly guards: readonly string[]
  readonly problems: readonly Problem[]
  /** ISO time of the reading. */
  readonly at: string
}

export type ReplicationMode = 'async' | 'sync' | 'strict' | 'quorum'
export type Role = 'primary' | 'standby' | 'witness' | 'unknown'

export interface MemberStatus {
  readonly name: string
  readonly address: string
  readonly role: Role
  /** PostgreSQL answers. */
  readonly running: boolean
  readonly reachable: boolean
  /** `sync, streaming`, `potential`, `refused to start` …; absent for a primary. */
  readonly replication?: string
  readonly timeline?: number
  /** Bytes behind the primary's WAL. */
  readonly lagBytes?: number
  /** End of WAL written (primary) or received (standby), `0/3000148`. */
  readonly lsn?: string
  /** Failures counted by the cluster manager. */
  readonly failures?: number
  /** Excluded from the cluster by an operator (standby mode, maintenance, nofailover). */
  readonly paused?: string
  readonly pendingRestart?: boolean
}

export interface VirtualAddress {
  readonly name: 'writer' | 'reader'
  readonly address: string
  /** Members that carry it; more than one is a fault. */
  readonly on: readonly string[]
}

export interface Problem {
  readonly severity: 'critical' | 'warning'
  /** `area/what`, stable for scripts. */
  readonly code: string
  readonly summary: string
  readonly detail?: string
  /** The next safe command. */
  readonly next?: string
  readonly member?: string
}
