import { poll } from '../../lib/poll.ts'
import { isStreaming, membersOf } from '../members.ts'
import type { ClusterStatus } from '../status.ts'
import type { Say, Site } from './site.ts'

/** How the cluster came back after a fault was healed. */
export interface Rejoin {
  readonly healthy: boolean
  /** Why not. */
  readonly why?: string
  readonly ms: number
  /** Runbooks that were needed, `repair-standby pg1`; none: it came back by itself. */
  readonly helped: readonly string[]
  readonly status?: ClusterStatus
}

interface Patience {
  /** How long the cluster may try by itself. */
  readonly aloneMs: number
  /** A cluster that asks for a repair for so long will not help itself. */
  readonly helplessMs: number
  /** How long after each runbook. */
  readonly helpedMs: number
  readonly signal: AbortSignal
}

/**
 * How long a cluster is waited for after a fault, every time multiplied. `aloneWithinS`: what it has to do without help, if
 * it can, so nobody helps it sooner.
 */
export const patienceOf = (
  { leaseS }: Site,
  factor: number,
  signal: AbortSignal,
  aloneWithinS = 0,
): Patience => ({
  aloneMs: Math.max((25 + leaseS) * factor, aloneWithinS) * 1000,
  helplessMs: Math.max(10 * factor, aloneWithinS) * 1000,
  helpedMs: 60_000 * factor,
  signal,
})

/** What is said of a healthy cluster all the same, such as old data that is kept, is harmless. */
const isWell = (status: ClusterStatus): boolean => status.health === 'healthy'

const whyNot = (status: ClusterStatus | undefined): string =>
  status?.problems.map(({ summary }) => summary).join('; ') || `it is ${status?.health ?? 'unreadable'}`

/** A member that has just started looks well until it finds that its WAL does not fit: it must stay well for so long. */
const STABLE_MS = 6000

/** How long something has been true without a break, in milliseconds; 0 when it is not. */
function stopwatch(): (isTrue: boolean) => number {
  let since: number | undefined
  return (isTrue) => {
    since = isTrue ? (since ?? performance.now()) : undefined
    return since === undefined ? 0 : performance.now() - since
  }
}

const names = ({ problems }: ClusterStatus, runbook: string): boolean =>
  problems.some(({ next = '' }) => next.includes(` ${runbook} `))

/** The runbook that makes a primary where the status says that none comes by itself. */
const reviverOf = (status: ClusterStatus, { drills: { revive } }: Site): string | undefined =>
  status.primary === undefined && revive !== undefined && names(status, revive) ? revive : undefined

/** Whether the status names one of the stack's repairs as the next command. */
const asksForHelp = (status: ClusterStatus, site: Site): boolean =>
  site.drills.repairs.some((repair) => names(status, repair)) || reviverOf(status, site) !== undefined

async function untilWell(
  site: Site,
  timeoutMs: number,
  { helplessMs, signal }: Patience,
): Promise<readonly [boolean, ClusterStatus | undefined]> {
  let last: ClusterStatus | undefined
  let force = true
  const [well, helpless] = [stopwatch(), stopwatch()]
  const read = async (): Promise<boolean | undefined> => {
    await site.reconnect(force)
    force = false
    last = await site.status()
    if (well(isWell(last)) >= STABLE_MS) return true
    return helpless(asksForHelp(last, site)) >= helplessMs ? false : undefined
  }
  return [(await poll(read, { timeoutMs, intervalMs: 1000, signal })) === true, last]
}

/** Members that a repair is for: they can be reached, and neither lead nor follow. */
const broken = (status: ClusterStatus): readonly string[] =>
  membersOf(status)
    .filter((member) => member.reachable && member.name !== status.primary && !isStreaming(member))
    .map(({ name }) => name)

async function help(site: Site, status: ClusterStatus, say: Say, round: number): Promise<readonly string[]> {
  const { repairs } = site.drills
  const reviver = reviverOf(status, site)
  const cleanup = reviver ?? site.drills.cleanup
  // Without a primary there is nothing to follow; what a failure has blocked may be let go on.
  const hosts = status.primary === undefined ? [] : broken(status)
  const helped: string[] = []
  for (const host of hosts) {
    const repair = repairs[Math.min(round, repairs.length - 1)]
    if (repair === undefined) continue
    say(`${host} does not come back by itself: ${repair}`)
    const { ok, why } = await site.runbook(repair, { on: host })
    helped.push(ok ? `${repair} ${host}` : `${repair} ${host} (failed: ${why ?? 'no reason given'})`)
  }
  if (hosts.length > 0 || cleanup === undefined) return helped
  say(`${reviver === undefined ? 'the cluster remembers failures' : 'nobody becomes primary'}: ${cleanup}`)
  const { ok, why } = await site.runbook(cleanup, {})
  return [...helped, ok ? cleanup : `${cleanup} (failed: ${why ?? 'no reason given'})`]
}

/** Waits until the cluster is healthy; where it does not come back by itself, with the runbooks of its stack. */
export async function rejoin(site: Site, say: Say, patience: Patience): Promise<Rejoin> {
  const began = performance.now()
  const helped: string[] = []
  let [well, status] = await untilWell(site, patience.aloneMs, patience)
  for (let round = 0; round < 4 && !well && status; round++) {
    helped.push(...(await help(site, status, say, round)))
    ;[well, status] = await untilWell(site, patience.helpedMs, patience)
  }
  return {
    healthy: well,
    ...(!well && { why: whyNot(status) }),
    ms: Math.round(performance.now() - began),
    helped,
    ...(status && { status }),
  }
}
