import { critical, warning } from '../../cluster/problem.ts'
import { at } from '../../cluster/check.ts'
import type { Problem, ReplicationMode } from '../../cluster/status.ts'
import { problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import type { Cluster } from '../../inventory/inventory.ts'
import { varsOf } from './derive.ts'
import type { GuardReading } from './readings.ts'
import { listed } from '../../cluster/say.ts'
import { isManaged } from './say.ts'
import type { Rule } from './say.ts'
import type { Member } from './view.ts'

/** One member, as far as a freeze is concerned. */
export interface FreezeCase {
  /** Patroni's version, e.g. `3.0.2`; undefined while it does not run. */
  readonly version?: string
  readonly api: 'etcd' | 'etcd3'
  readonly mode: ReplicationMode
  readonly watchdog: 'off' | 'automatic' | 'required'
  /** Whether the host has a watchdog device. */
  readonly device: boolean
  /** What the running Patroni's guard says; undefined: it was started without. */
  readonly guard?: GuardReading
  /** Whether hactl's fence runs. */
  readonly fence: boolean
}

export interface Hole extends Pick<Problem, 'severity' | 'code' | 'detail'> {
  /** What is wrong on a member whose name is left out: `Patroni 3.0.2 can …`. */
  readonly what: string
}

/** The first version that asks whose the leader key is before it writes it (pull requests 2689 and 2693). */
const SOUND = [3, 0, 3] as const

/** Whether this version's leader lock on the etcd v3 interface can be taken back by a member that was frozen. */
export function hasLockFault(version: string, api: 'etcd' | 'etcd3'): boolean {
  if (api === 'etcd') return false
  const numbers = version.split('.').map((part) => Number.parseInt(part, 10) || 0)
  const differs = SOUND.findIndex((wanted, index) => (numbers[index] ?? 0) !== wanted)
  return differs !== -1 && (numbers[differs] ?? 0) < (SOUND[differs] ?? 0)
}

function lockHole({ version, api, guard }: FreezeCase): readonly Hole[] {
  if (version === undefined || guard?.lock === 'mended' || guard?.lock === 'sound') return []
  if (!hasLockFault(version, api)) return []
  const what = `Patroni ${version} can take its lock back after a freeze: commits acknowledged since the failover are then lost`
  const detail = 'The guard that mends it is not at work in the Patroni that runs.'
  return [{ severity: 'critical', code: 'freeze/lock', what, detail }]
}

/** A device counts when Patroni uses it; hactl's fence when Patroni feeds it. */
function fenceHole(given: FreezeCase): readonly Hole[] {
  const isFenced = given.guard?.lease === 'on' && given.fence
  if (given.version === undefined || isFenced || (given.device && given.watchdog !== 'off')) return []
  const isKept = given.mode !== 'async'
  const what = isKept
    ? 'nothing stops PostgreSQL when Patroni hangs: two primaries are possible, the old one acknowledges no commit'
    : 'nothing stops PostgreSQL when Patroni hangs: it acknowledges commits that are lost'
  return [{ severity: isKept ? 'warning' : 'critical', code: 'freeze/no-fence', what }]
}

/** The ways in which a freeze can lose commits on a member, or leave two primaries. Pure. */
export const freezeHoles = (given: FreezeCase): readonly Hole[] => [...lockHole(given), ...fenceHole(given)]

const caseOf = ({ reading }: Member, mode: ReplicationMode, watchdog: FreezeCase['watchdog']): FreezeCase => {
  const version = reading?.rest?.patroni?.version
  return {
    api: 'etcd3',
    mode,
    watchdog,
    device: reading?.watchdog === true,
    fence: reading?.fence === 'active',
    ...(version !== undefined && { version }),
    ...(reading?.guard && { guard: reading.guard }),
  }
}

/** What a freeze could do to this cluster, each thing once with the members it is true of. */
export const freezes: Rule = ({ view, apply }) => {
  const { replication, patroni } = view.facts.vars
  const found = view.members
    .filter(isManaged)
    .flatMap((member) =>
      freezeHoles(caseOf(member, replication.mode, patroni.watchdog)).map(
        (hole) => [member.name, hole] as const,
      ),
    )
  return [...new Set(found.map(([, { what }]) => what))].flatMap((what) => {
    const same = found.filter(([, hole]) => hole.what === what)
    const names = same.map(([name]) => name)
    const [, hole] = same[0] ?? []
    if (!hole) return []
    const say = hole.severity === 'critical' ? critical : warning
    const off = 'Write patroni: { guard: { freeze: true } } into the inventory first.'
    const detail = [
      ...(hole.detail === undefined ? [] : [hole.detail]),
      ...(patroni.guard.freeze ? [] : [off]),
    ]
    return [
      say(hole.code, `On ${listed(names)}, ${what}.`, {
        next: apply(),
        ...(names.length === 1 && { member: names[0] ?? '' }),
        ...(detail.length > 0 && { detail: detail.join(' ') }),
      }),
    ]
  })
}

/** What the inventory alone says: the version of Patroni is that of the hosts' packages, not known here. */
export function checkFreeze(cluster: Cluster): readonly Diagnostic[] {
  const { patroni } = varsOf(cluster)
  if (patroni.guard.freeze) return []
  return [
    problem('patroni/freeze', 'guard.freeze is off: after a freeze, acknowledged commits can be lost', {
      ...at(cluster, ['patroni', 'guard', 'freeze'], {
        detail:
          'Patroni before 3.0.3 (Debian 11 and 12) then takes its lock back from the member that replaced it. ' +
          'A watchdog device closes this for a hanging Patroni, not for a paused virtual machine.',
        hint: 'write freeze: true, or make sure that every member has Patroni 3.0.3 or newer and a watchdog',
      }),
      severity: 'warning',
    }),
  ]
}
