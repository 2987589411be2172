import { restartOrder } from '../../cluster/restart-order.ts'
import type { ControlData } from '../../modules/postgres/controldata.ts'
import type { Config } from '../../modules/patroni/documents.ts'
import type { Deployment } from '../../parts/postgres/deployment.ts'
import { settingsOf } from './postgres.ts'
import { only } from './view.ts'
import type { Member, View } from './view.ts'

/**
 * The member that was shut down as primary on the newest timeline: nobody has a commit that it has not. Undefined while
 * a server runs, when a member cannot be read (it may be ahead), or when the last primary was not shut down cleanly.
 */
function latestOf({ members }: View): string | undefined {
  if (members.some(({ reading, server }) => !reading || server)) return undefined
  const controls = members.flatMap(({ name, reading }) =>
    reading?.control ? [{ name, control: reading.control }] : [],
  )
  const newest = Math.max(...controls.map(({ control }) => control.timeline))
  const last = controls.filter(({ control }) => control.timeline === newest && control.state === 'shut down')
  return last.length === 1 ? last[0]?.name : undefined
}

/** Newer timeline first, then the later end of WAL; data that pg_controldata cannot read comes last. */
function byProgress(a: ControlData | undefined, b: ControlData | undefined): number {
  const timelines = (b?.timeline ?? 0) - (a?.timeline ?? 0)
  if (timelines !== 0) return timelines
  const [own, other] = [a?.lsn ?? 0n, b?.lsn ?? 0n]
  return own === other ? 0 : own < other ? 1 : -1
}

/**
 * Whose data the others are copied from: the primary's; else the leader's; else that of the member that was shut down
 * as primary; else of the one that has most; else it is made on the first.
 */
function seedOf({ primary, members }: View, latest: string | undefined): Member | undefined {
  const withData = members
    .filter(({ reading }) => reading?.data)
    .toSorted((a, b) => byProgress(a.reading?.control, b.reading?.control))
  return (
    primary ??
    members.find(({ leads, reading }) => leads && reading) ??
    members.find(({ name }) => name === latest) ??
    withData[0] ??
    members[0]
  )
}

/** Who restarts first for the settings that members wait for now: those of the lock service, not of the inventory. */
function pendingOrder({ primary, dcs }: View) {
  const { parameters } = (dcs?.config?.['postgresql'] ?? {}) as { readonly parameters?: Config }
  const { restart, moves } = restartOrder(primary?.server?.limits ?? {}, parameters ?? {})
  return { order: restart, moves }
}

/** What a deploy must know before it touches anything. */
export function deploymentOf(view: View): Deployment {
  const { facts, members, dcs } = view
  const latest = latestOf(view)
  const seed = seedOf(view, latest)
  // What cannot be read may hold data, and the entry of data may exist unread: nothing is made anew then.
  const isUnsure = members.some(({ reading }) => !reading || (reading.data && dcs === undefined))
  const order = restartOrder(view.primary?.server?.limits ?? {}, settingsOf(facts.vars, facts.timing))
  return {
    seed: seed?.name ?? '',
    managed: isUnsure || dcs?.initialized === true,
    serving: members.map(({ name }) => name),
    ...only({ latest }),
    ...order,
    pending: pendingOrder(view),
  }
}
