import type { ReplicationMode } from '../status.ts'
import type { Check } from './expect.ts'
import type { Outage } from './outage.ts'
import type { ReaderReport } from './staleness.ts'
import type { Gap, Latencies, Overlap } from './timing.ts'
import type { Divergence, Verdict } from './verdict.ts'
import type { WalLoss } from './wal.ts'
import type { Clash, Sample } from './watch.ts'

/** Acknowledged and failed writes in each step of time, for a time line. */
export interface Series {
  /** Start of the first step, milliseconds since 1970. */
  readonly from: number
  readonly stepMs: number
  readonly acknowledged: readonly number[]
  readonly failed: readonly number[]
}

/** One run of one scenario. All moments are milliseconds since 1970. */
export interface RunResult {
  readonly scenario: string
  /** In a merged result: the drill it was made in. */
  readonly drill?: string
  /** From 1. */
  readonly run: number
  readonly passed: boolean
  readonly beganAt: number
  readonly faultAt?: number
  readonly healedAt?: number
  readonly endedAt: number
  readonly primary: string
  readonly standby: string
  /** The primary when all was over. */
  readonly after?: string
  readonly checks: readonly Check[]
  /** Right after the failover, and again after everything had rejoined. */
  readonly verdicts: Readonly<Partial<Record<'failover' | 'rejoin', Verdict>>>
  readonly divergences: readonly Divergence[]
  /** Checksum of the tables of each member at the end. */
  readonly checksums: Readonly<Record<string, string>>
  readonly outage?: Outage
  /** WAL of the former primary that the new one does not have. */
  readonly wal?: WalLoss
  readonly gaps: readonly Gap[]
  readonly latencies: Latencies
  readonly errors: Readonly<Record<string, number>>
  readonly readers: readonly ReaderReport[]
  readonly overlaps: readonly Overlap[]
  readonly addressClashes: readonly Clash[]
  /** Two members out of recovery at once; not wrong by itself while only one acknowledges. */
  readonly primaryClashes: readonly Clash[]
  readonly rejoin?: { readonly ms: number; readonly helped: readonly string[] }
  /** What each member was, whenever it changed. */
  readonly members: readonly Sample[]
  readonly series: Series
  /** Load average over one minute of the machine hactl ran on, at the end of the run. */
  readonly load?: number
  /** File of the ledger, beside the result. */
  readonly ledger: string
}

/** What all runs of a scenario came to. */
export interface ScenarioSummary {
  readonly scenario: string
  readonly runs: number
  readonly passed: number
  readonly lost: number
  readonly ghosts: number
  readonly acknowledged: number
  /** Longest time without an acknowledged write, milliseconds. */
  readonly outageMs?: { readonly n: number; readonly p50: number; readonly p95: number; readonly max: number }
  /** Median of each part of the outage, milliseconds; the key names parts that could not be told apart with `+`. */
  readonly parts: Readonly<Record<string, number>>
}

/** A host as it was before anything was broken. */
export interface HostFacts {
  /** `Debian GNU/Linux 12 (bookworm)`. */
  readonly system: string
  readonly kernel: string
  readonly cpus: number
  readonly memoryMb: number
  /** Versions of the packages that matter, by name. */
  readonly packages: Readonly<Record<string, string>>
}

/** What a drill's numbers depend on: who ran it, on what, how, and how to run it again. */
export interface Origin {
  readonly drill: string
  readonly at: string
  readonly by: string
  readonly cluster: string
  readonly stack: string
  readonly mode: ReplicationMode
  readonly lab?: string
  readonly versions: { readonly hactl: string; readonly node: string; readonly postgres?: string }
  readonly clients: {
    readonly target: readonly string[]
    readonly readers: readonly string[]
    readonly rate: number
    readonly connections: number
    readonly connectTimeoutMs: number
    readonly answerTimeoutMs: number
  }
  /** The virtual addresses there are. */
  readonly addresses: Readonly<Partial<Record<'writer' | 'reader', string>>>
  readonly environment: {
    /** The machine hactl and the clients ran on, and in a lab all hosts. */
    readonly machine: Omit<HostFacts, 'packages'>
    /** By name; a host that could not be read is missing. */
    readonly hosts: Readonly<Record<string, HostFacts>>
  }
  /** Settings that outages and losses depend on: of the cluster variable, and of PostgreSQL on the primary. */
  readonly settings: Readonly<Record<'cluster' | 'postgres', Readonly<Record<string, string>>>>
  /** The words of the whole call. */
  readonly command: readonly string[]
  /** What follows `hactl drill SCENARIO` to make one run again. */
  readonly again: readonly string[]
  /** The seed of a random schedule. */
  readonly seed?: number
}

/** Version of the shape of a result: it changes when a reader of an older one would be misled. */
export const RESULT_FORMAT = 1

/** A whole drill; or several in one, then with the first one's origin at the top. */
export interface DrillResult extends Origin {
  readonly format: typeof RESULT_FORMAT
  /** The drills that a merged result is made of; each run names its own. */
  readonly merged?: readonly Origin[]
  readonly passed: boolean
  /** Why it ended before its last run. */
  readonly stopped?: string
  readonly scenarios: readonly ScenarioSummary[]
  /** Runs in which an acknowledged write was lost, and how likely that is at most, at 95 %. */
  readonly loss: { readonly runs: number; readonly withLoss: number; readonly atMost: number }
  readonly runs: readonly RunResult[]
  /** Scenarios that were asked for and that the place does not allow. */
  readonly skipped?: readonly { readonly scenario: string; readonly why: string }[]
}
