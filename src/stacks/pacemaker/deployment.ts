import { restartOrder } from '../../cluster/restart-order.ts'
import { only } from '../../lib/only.ts'
import type { Deployment } from '../../parts/postgres/deployment.ts'
import { lastPrimary } from './last-primary.ts'
import { settingsOf } from './postgres.ts'
import { isManaged, pausedOf } from '../../parts/corosync/view.ts'
import type { View } from './view.ts'

/**
 * Whose data the others are copied from: the primary; else the member that was shut down as one (a deploy that was
 * interrupted); else one that has data at all; else the first.
 */
export function deploymentOf(view: View): Deployment {
  const { facts, members } = view
  const withData = members.filter((member) => member.reading?.data)
  const latest = lastPrimary(view)
  const seed = view.primary ?? members.find(({ name }) => name === latest) ?? withData[0] ?? members[0]
  // What cannot be read may hold data: nothing is made anew then.
  const isUnsure = members.some((member) => !member.reading)
  const managed = isUnsure || isManaged(view)
  const serving = members.filter((member) => pausedOf(member) === undefined).map(({ name }) => name)
  const wanted = settingsOf(facts.vars, facts.timing)
  const order = restartOrder(view.primary?.server?.limits ?? {}, wanted)
  return { seed: seed?.name ?? '', managed, serving, ...only({ latest }), ...order }
}
