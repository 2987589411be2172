import type { Cluster } from '../../inventory/inventory.ts'
import type { ControlData } from '../../modules/postgres/controldata.ts'
import type { WalPast } from '../../modules/postgres/wal-past.ts'
import type { Commands } from '../say.ts'
import type { ClusterStatus } from '../status.ts'
import type { DoctorSite, RawHost } from './site.ts'

export interface Disk {
  readonly path: string
  readonly device: string
  readonly mount: string
  readonly sizeKb: number
  readonly freeKb: number
  /** Share of inodes in use, percent. */
  readonly inodes?: number
}

export interface PidFile {
  readonly pid: number
  /** Name, state letter and folder of that process; undefined: there is none. */
  readonly process?: { readonly name: string; readonly state: string; readonly folder: string }
}

export interface RunLock {
  /** JSON of the owner as the lock has it. */
  readonly owner: string
  readonly alive: boolean
}

/** What the files, processes and file systems of a host say. */
export interface HostFacts {
  readonly disks: readonly Disk[]
  /** Where it is nearly full: folders with their kB, and big files with theirs, the largest first. */
  readonly fills: readonly { readonly path: string; readonly kb: number }[]
  /** Owner and mode of the data directory, `postgres 700`. */
  readonly owner?: string
  readonly signals: readonly string[]
  readonly pidFile?: PidFile
  /** Processes of PostgreSQL or the manager that are stopped (state T). */
  readonly stopped: readonly string[]
  readonly lock?: RunLock
  readonly control?: ControlData
  /** Timeline history files of the data directory: name → text. */
  readonly histories: ReadonlyMap<string, string>
  readonly wal?: { readonly count: number; readonly first: string; readonly last: string }
}

export interface Sender {
  readonly name: string
  readonly state: string
  readonly sync: string
  readonly flush: string | null
}

export interface Slot {
  readonly name: string
  readonly active: boolean
  readonly wal: string | null
  /** Bytes of WAL it keeps. */
  readonly held: number | null
}

/** What a running server says of itself, beyond the status. */
export interface ServerFacts {
  readonly recovery: boolean
  readonly timeline: number | null
  readonly lsn: string | null
  readonly started: string
  readonly receiver: {
    readonly status: string
    readonly host: string | null
    readonly end: string | null
  } | null
  readonly upstream: string | null
  readonly senders: readonly Sender[]
  readonly slots: readonly Slot[]
  readonly settings: Readonly<Record<string, string>>
  readonly pending: readonly { readonly name: string; readonly now: string }[]
  readonly hbaErrors: readonly { readonly line: number; readonly error: string }[]
  readonly fileErrors: readonly {
    readonly name: string | null
    readonly error: string
    readonly file: string
    readonly line: number
  }[]
  readonly archiver: {
    readonly failing: boolean
    readonly wal: string | null
    readonly since: string | null
  } | null
  /** Sessions whose commit waits for a standby. */
  readonly waiting: number
  readonly history: string | null
}

export interface CertificateFacts {
  readonly path: string
  readonly notBefore: number
  readonly notAfter: number
  readonly issuer: string
  /** What `openssl verify` says against the CA; undefined: it fits, or there is none to check with. */
  readonly misfit?: string
}

/** A login as the standby's receiver does it. */
export interface Login {
  readonly to: string
  readonly ok: boolean
  readonly said: string
}

/** Everything that was read of one host; what could not be read is missing. */
export interface HostCase {
  readonly name: string
  readonly raw: RawHost
  /** Seconds its clock is ahead of the controller's, and how sure that is. */
  readonly clock?: { readonly ahead: number; readonly within: number }
  readonly addresses: readonly { readonly device: string; readonly address: string }[]
  readonly facts?: HostFacts
  readonly server?: ServerFacts
  /** Why PostgreSQL gave no answer. */
  readonly refusal?: string
  readonly log: readonly { readonly file: string; readonly line: string }[]
  /** Peer → whether a packet comes back, and what PostgreSQL there answers. */
  readonly peers: ReadonlyMap<
    string,
    { readonly silent: boolean; readonly answer: 'accepts' | 'rejects' | 'none' }
  >
  readonly certificates: readonly CertificateFacts[]
  readonly login?: Login
  readonly past?: WalPast
}

/** The answers of all hosts that could be read, as a stack's own reader takes them. */
export const answersOf = ({ hosts }: Pick<CaseFile, 'hosts'>): ReadonlyMap<string, RawHost> =>
  new Map([...hosts].map(([name, { raw }]) => [name, raw]))

/** What rules judge. */
export interface CaseFile {
  readonly cluster: Cluster
  readonly site: DoctorSite
  readonly status: ClusterStatus
  /** The primary that the manager leads, as far as it says. */
  readonly leader?: string
  /** Hosts that could be read. */
  readonly hosts: ReadonlyMap<string, HostCase>
  /** Why a host could not be: host → what SSH said. */
  readonly unread: ReadonlyMap<string, string>
  /** ISO time of the reading. */
  readonly at: string
  readonly say: Commands
}
