import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { poll } from '../../lib/poll.ts'
import type { Connect } from '../../transport/transport.ts'
import { membersOf } from '../members.ts'
import type { ClusterStatus } from '../status.ts'
import { checkHere, heal, inject, undoLeftOver, type Stage } from './act.ts'
import type { Cast } from './cast.ts'
import type { ClientConfig } from './client-config.ts'
import { startClient, type DrillClient } from './client.ts'
import { collect, type Course } from './evidence.ts'
import { patient, type Fault } from './fault.ts'
import type { Ledger } from './ledger.ts'
import { openLine, type Line } from './line.ts'
import { patienceOf, rejoin } from './rejoin.ts'
import type { RunResult, Verdict } from './result.ts'
import type { Say, Site } from './site.ts'
import { caughtUp, makeTables, readMembers, readTables, removeTables } from './tables.ts'
import { errorKinds } from './timing.ts'
import { compare } from './verdict.ts'
import { endOnDisk, lastSeen } from './wal.ts'
import { startWatch, type Watch } from './watch.ts'

export interface DrillOptions {
  readonly client: Omit<ClientConfig, 'ledger' | 'user' | 'password' | 'database'>
  /** Folder of the result. */
  readonly dir: string
  /** Every time allowed to the cluster is multiplied by this: for hosts that are slow or busy. */
  readonly patience: number
  /** How long the timers on the hosts wait that undo a fault over ssh by themselves, seconds; default: the fault's own. */
  readonly undoAfterS?: number
  /** Leaves the tables, so that the ledger can be compared again. */
  readonly keep: boolean
  readonly connect: Connect
  readonly say: Say
  /** Aborted: the fault is healed, and the run ends. */
  readonly signal: AbortSignal
}

/** A run under way. */
export interface Running {
  readonly site: Site
  readonly fault: Fault
  readonly options: DrillOptions
  readonly stage: Stage
  readonly client: DrillClient
  readonly watch: Watch
}

export const now = (): number => performance.timeOrigin + performance.now()

/** Refuses a cluster that is not healthy: what a drill would find there says nothing about the fault. */
export function requireHealthy(status: ClusterStatus): Cast {
  const { primary, candidate, health, problems } = status
  const members = membersOf(status)
  const standby = candidate ?? members.find(({ role, running }) => role === 'standby' && running)?.name
  if (health === 'healthy' && primary !== undefined && standby !== undefined) {
    const others = members.filter(({ name }) => name !== primary && name !== standby).map(({ name }) => name)
    const vips = status.addresses.map(({ address }) => address)
    return { primary, standby, others, vips }
  }
  throw new HactlError(
    problem('refused/not-healthy', `${status.cluster} is ${health}: a drill starts on a healthy cluster`, {
      detail: problems.map(({ summary }) => summary).join('\n'),
      hint: 'hactl status names what to mend',
    }),
    EXIT.refused,
  )
}

const recent = (ledger: Ledger, ms: number): number => {
  const from = now() - ms
  let count = 0
  for (const { result, answeredAt = 0 } of ledger.writes.values())
    if (result === 'ack' && answeredAt >= from) count += 1
  return count
}

/** Whether writes flow: at least half the rate over the last second and a half. */
export const flows = ({ client, options }: Pick<Running, 'client' | 'options'>): boolean =>
  recent(client.ledger(), 1500) >= options.client.rate * 0.75

/** How long writes must flow before anything is broken: what is measured later is compared with this time. */
const WARM_MS = 3000

async function warm(running: Pick<Running, 'client' | 'options'>): Promise<void> {
  const { client, options } = running
  let since: number | undefined
  const ready = await poll(
    async () => {
      if (client.failure() !== undefined) return false
      since = flows(running) ? (since ?? now()) : undefined
      return since !== undefined && now() - since > WARM_MS ? true : undefined
    },
    { timeoutMs: 30_000 * options.patience, intervalMs: 100, signal: options.signal },
  )
  if (ready === true) return
  const kinds = Object.entries(errorKinds(client.ledger())).map(([kind, count]) => `${kind}: ${count}`)
  throw new HactlError(
    problem('drill/no-writes', 'the clients cannot write at the wanted rate', {
      detail: client.failure() ?? kinds.join('\n'),
      hint: 'check roles and pg_hba rules for the clients, or give a lower --rate',
    }),
    EXIT.failed,
  )
}

/** The member that is primary now, as the last looks saw it: one that is not the former primary first. */
export function primaryNow({ watch, stage }: Pick<Running, 'watch' | 'stage'>): string | undefined {
  const primaries = [...watch.latest().values()].filter(({ state }) => state === 'primary')
  const other = primaries.find(({ host }) => host !== stage.cast.primary)
  return (other ?? primaries[0])?.host
}

/** Waits until writes flow again and the expected member is primary, and stay so; false when they do not in time. */
async function untilBack(running: Running): Promise<boolean> {
  const { fault, stage, options } = running
  if (fault.fixed) {
    await wait(fault.holdMs, undefined, { signal: options.signal })
    return flows(running)
  }
  const { backWithinS, primary } = fault.expect
  // From here on, not from the fault: a runbook that makes it takes its own time. The gap itself is judged later.
  const deadline = now() + (backWithinS === undefined ? fault.holdMs : backWithinS * 1000)
  let since: number | undefined
  const held = await poll(
    async () => {
      const isBack = flows(running) && (primary !== 'moves' || stage.moved())
      since = isBack ? (since ?? now()) : undefined
      if (since !== undefined && now() - since >= fault.holdMs) return true
      if (since === undefined && now() > deadline) return false
      return undefined
    },
    { timeoutMs: deadline - now() + 3 * fault.holdMs, intervalMs: 150, signal: options.signal },
  )
  return held === true
}

/** Compares the ledger so far with the tables of the new primary, while clients go on. */
async function compareNow(running: Running): Promise<Verdict | undefined> {
  const { site, stage, client } = running
  const primary = primaryNow(running)
  const line = primary === undefined ? undefined : stage.lines.get(primary)
  if (line === undefined) return undefined
  const until = now()
  const read = await readTables(site, line)
  return read && compare(client.ledger(), read.snapshot, until)
}

async function afterwards(running: Running, course: Course): Promise<Course> {
  const { site, fault, options, stage } = running
  const { say, signal } = options
  say(`${fault.name}: healing`)
  const healedAt = now()
  // As long as nobody mends it, its disk tells how far the former primary had come.
  const seen = lastSeen(running.watch.samples(), stage.cast.primary)
  const moved = stage.moved()
  const stuck = await heal(stage, fault)
  const walEnd = seen && moved ? await endOnDisk(site, stage.lines.get(seen.member), seen) : seen
  if (stuck.length > 0) say(`${fault.name}: could not be undone on ${stuck.join(', ')}; a timer there will`)
  const patience = patienceOf(site, options.patience, signal, fault.expect.aloneWithinS)
  const back = await rejoin(site, say, patience).catch((error: unknown) => {
    // Somebody ended the drill behind its first comparison, which is not lost with the rest.
    if (!signal.aborted || course.failover === undefined) throw error
    return { healthy: false, why: 'the drill was interrupted', ms: Math.round(now() - healedAt), helped: [] }
  })
  const pending = back.healthy ? await site.pending() : { changes: -1 }
  return { ...course, healedAt, rejoin: back, pending, ...(walEnd && { walEnd }) }
}

async function course(running: Running, beganAt: number): Promise<Course> {
  const { fault, stage, options } = running
  let faultAt = now()
  options.say(`${fault.name}: ${fault.about}`)
  await inject(stage, fault, () => (faultAt = now()))
  const back = await untilBack(running)
  options.say(`${fault.name}: ${back ? 'writes go on' : 'no writes yet'}; comparing`)
  const failover = back ? await compareNow(running) : undefined
  return afterwards(running, { beganAt, faultAt, back, ...(failover && { failover }) })
}

/** A connection to a host that was switched off meanwhile is found dead by its first use; the second makes it anew. */
async function revive(line: Line): Promise<void> {
  const alive = async () => ((await line.run([{ argv: ['true'] }], 5000)) ? true : undefined)
  await poll(alive, { timeoutMs: 20_000, intervalMs: 200 })
}

async function conclude(running: Running, made: Course): Promise<Omit<RunResult, 'ledger' | 'run'>> {
  const { site, client, watch, stage, options, fault } = running
  const stoppedAt = now()
  const ledger = await client.stop()
  const samples = await watch.stop()
  const primary = made.rejoin?.status?.primary ?? primaryNow(running)
  await Promise.all([...stage.lines.values()].map(revive))
  const tables = await readMembers(site, stage.lines, primary, 20_000 * options.patience)
  const lead = primary === undefined ? undefined : stage.lines.get(primary)
  const cleaned = options.keep || (lead !== undefined && (await removeTables(site, lead)))
  return collect(site, fault, stage, { ...made, ledger, samples, stoppedAt, tables, cleaned })
}

async function setUp({ site, cast, lines }: Stage, options: DrillOptions): Promise<void> {
  const primary = lines.get(cast.primary)
  if (!primary) throw new Error(`${cast.primary} is no member`)
  await makeTables(site, primary, options.client.connections)
  const standbys = [...lines].filter(([name]) => name !== cast.primary)
  await Promise.all(standbys.map(([, line]) => caughtUp(site, primary, line, 10_000)))
}

/** Options with the clients that a fault asks for. */
function busier(options: DrillOptions, { busy }: Fault): DrillOptions {
  const { client } = options
  if (busy === undefined) return options
  const [rate, connections] = [client.rate * busy.rate, client.connections * busy.connections]
  return { ...options, client: { ...client, rate, connections } }
}

/** Lines to hosts; the acts of a drill and the readings of its end use them. */
const linesTo = (hosts: Site['members'], options: DrillOptions): ReadonlyMap<string, Line> =>
  new Map(hosts.map(({ name, connection }) => [name, openLine(connection, options.connect)]))

/** Clients and looks start; whatever was started is in `stop`. */
function open(
  stage: Omit<Stage, 'moved'>,
  { options, ledgerName, stop }: Opening,
): Pick<Running, 'client' | 'watch' | 'stage'> {
  const { site, cast } = stage
  const { user, password, database } = site
  const ledger = join(options.dir, ledgerName)
  const client = startClient({ ...options.client, ledger, user, password, database }, site.clientPrefix)
  stop.push(() => client.stop())
  const watch = startWatch(site, options.connect)
  stop.push(() => watch.stop())
  return { client, watch, stage: { ...stage, moved: () => isPrimaryElsewhere(watch, cast) } }
}

interface Opening {
  readonly options: DrillOptions
  readonly ledgerName: string
  readonly stop: (() => Promise<unknown>)[]
}

/**
 * One run: healthy, tables made and clients warm, the fault, back or not, compared, healed, rejoined, compared again.
 * Whatever happens, the fault is healed and clients are ended. Throws HactlError when the run could not be made, with
 * the code `drill/cannot-here` when this place does not allow it.
 */
export async function runDrill(
  site: Site,
  wanted: Fault,
  given: DrillOptions,
  ledgerName: string,
): Promise<RunResult> {
  const beganAt = now()
  const { patience: factor, undoAfterS } = given
  const fault = patient(wanted, {
    factor,
    leaseS: site.leaseS,
    ...(site.profile !== undefined && { profile: site.profile }),
    ...(undoAfterS !== undefined && { undoAfterS }),
  })
  const options = busier(given, fault)
  const cast = requireHealthy(await site.status())
  const lines = linesTo(site.members, options)
  const all = new Map([...linesTo(site.voters, options), ...lines])
  const setting = { site, cast, lines, all, undos: [], moved: () => false, signal: options.signal }
  const stop: (() => Promise<unknown>)[] = []
  try {
    await undoLeftOver(all)
    await checkHere(setting, fault)
    await setUp(setting, options)
    const running: Running = { site, fault, options, ...open(setting, { options, ledgerName, stop }) }
    await warm(running)
    // From here on something may be broken: what has no result is healed all the same.
    try {
      const result = await conclude(running, await course(running, beganAt))
      return { ...result, run: 1, ledger: ledgerName }
    } catch (error) {
      await heal(running.stage, fault)
      await tidy(running)
      throw error
    }
  } finally {
    await Promise.all(stop.map((end) => end().catch(() => undefined)))
    await Promise.all([...all.values()].map((line) => line.close()))
  }
}

/** Removes the tables of a run that was cut off, where that can be done; the next drill does it otherwise. */
async function tidy(running: Running): Promise<void> {
  const line = running.stage.lines.get(primaryNow(running) ?? '')
  if (line && !running.options.keep) await removeTables(running.site, line)
}

const isPrimaryElsewhere = (watch: Watch, cast: Cast): boolean =>
  [...watch.latest().values()].some(({ host, state }) => state === 'primary' && host !== cast.primary)
