/** What a command can do to service and data; `can-lose-data` is said of everything hactl cannot vouch for. */
export type Risk = 'safe' | 'interrupts' | 'can-lose-data'

/** One command an operator can type next. */
export interface NextCommand {
  readonly command: string
  readonly risk: Risk
  /** What it does, or spares, in a few words. */
  readonly about: string
}

/** One thing that was read: where, from what, and what it said. */
export interface Evidence {
  /** Undefined: of the cluster as a whole. */
  readonly host?: string
  /** A command, file or view: `pg_stat_replication`, `df /var/lib/postgresql`. */
  readonly source: string
  readonly saw: string
}

export type Severity = 'critical' | 'warning' | 'note'

/** What a rule says, before it is ranked. */
export interface Draft {
  readonly severity: Severity
  /** `area/what`, stable for scripts; every one is in the catalog. */
  readonly code: string
  /** One sentence. */
  readonly summary: string
  readonly detail?: string
  readonly member?: string
  readonly evidence: readonly Evidence[]
  /** Commits, rows or bytes that only one side has, one line each. */
  readonly atRisk?: readonly string[]
  /** Commands, the first one first. */
  readonly next?: readonly string[]
}

/** One line of a diagnosis, with what follows from it. */
export interface Finding extends Omit<Draft, 'next'> {
  readonly next: readonly NextCommand[]
  /** Findings that this one explains: they pass when it is mended. */
  readonly consequences: readonly Finding[]
}

/** What `hactl doctor` says about one cluster. */
export interface Diagnosis {
  readonly cluster: string
  readonly stack: string
  /** Exit code 0, 1 or 2. */
  readonly verdict: 'well' | 'warnings' | 'broken'
  readonly hosts: { readonly read: readonly string[]; readonly unread: readonly string[] }
  /** Most important first; root causes only, the rest is below them. */
  readonly findings: readonly Finding[]
  /** ISO time of the reading. */
  readonly at: string
}
