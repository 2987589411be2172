import { resolve } from 'node:path'
import type { Outcome, Site } from '../../cluster/drill/site.ts'
import { isRefused, refusal } from '../../cluster/require.ts'
import type { ClusterStatus } from '../../cluster/status.ts'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { EngineEvent } from '../../engine/events.ts'
import { release, stateDirOf, type LockOwner } from '../../engine/lock.ts'
import type { Host } from '../../inventory/inventory.ts'
import { members, witnesses } from '../../inventory/topology.ts'
import type { PostgresVars } from '../../cluster/vars.ts'
import type { Driver } from '../../lab/driver.ts'
import { DRIVERS } from '../../lab/drivers.ts'
import { isInventoryOf } from '../../lab/inventory-file.ts'
import { only } from '../../lib/only.ts'
import { reveal } from '../../lib/secret.ts'
import { openBench, type Bench, type BenchOptions } from '../bench.ts'
import type { Caller } from '../caller.ts'
import { lockAll } from '../lock.ts'
import { readParams } from '../params.ts'
import { phase } from '../phase.ts'
import { planWith } from '../plan.ts'
import { deployment, findRunbook, readPlaybook } from '../playbooks.ts'
import { prepare } from '../runbook.ts'
import { neededOf, refreshStatus } from '../status.ts'
import type { Target } from '../target.ts'

/** A lab and what drives it. */
export interface LabOf {
  readonly driver: Driver
  readonly name: string
}

/** The lab whose inventory a file is; undefined when no lab of this machine wrote it. */
export async function labOf(file: string): Promise<LabOf | undefined> {
  for (const driver of DRIVERS) {
    for (const { name, inventory } of await driver.list())
      if (resolve(inventory) === resolve(file) && isInventoryOf(file, name)) return { driver, name }
  }
  return undefined
}

/** Who writes: the owner of the first database that logs in with a password. */
export function loginOf(target: Required<Target>): Pick<Site, 'user' | 'password' | 'database'> {
  const { roles, databases } = target.cluster.vars['postgres'] as PostgresVars
  for (const { name: database, owner } of databases) {
    const role = roles.find(({ name, login }) => name === owner && login)
    if (role?.password !== undefined) return { user: role.name, password: reveal(role.password), database }
  }
  throw new HactlError(
    problem('drill/no-database', 'clients need a database whose owner has a password', {
      hint: 'add one under cluster.postgres.databases, its owner under cluster.postgres.roles',
    }),
  )
}

/** Hosts without data that vote: the witnesses, and those of the stack's own group. */
export function votersOf({ cluster, stack }: Pick<Required<Target>, 'cluster' | 'stack'>): readonly Host[] {
  const own = members(cluster)
  const voting = stack.drills?.voters?.(cluster) ?? []
  return [...new Set([...witnesses(cluster), ...voting])].filter((host) => !own.includes(host))
}

const profileOf = (timing: unknown): Pick<Site, 'profile'> =>
  typeof timing === 'string' ? { profile: timing } : {}

const placeOf = ({ name, connection }: Host) => ({ name, connection })

/** The opened cluster of a drill. */
export interface OpenSite {
  readonly site: Site
  readonly close: () => Promise<void>
}

interface Opening {
  readonly target: Required<Target>
  readonly lab: LabOf | undefined
  readonly owner: LockOwner
  readonly options: BenchOptions
  readonly emit: (event: EngineEvent) => void
  readonly caller: Caller
}

const quiet = (): void => undefined

/** Sessions that can be made anew, with the cluster's lock held by all of them. */
async function openLocked({ target, owner, options, caller }: Opening) {
  const stateDir = stateDirOf(target.cluster.name)
  const open = async (): Promise<Bench> => {
    const bench = await openBench(target, options, caller)
    try {
      await lockAll(bench, stateDir, owner, quiet)
      return bench
    } catch (error) {
      await bench.opened.close()
      throw error
    }
  }
  let bench = await open()
  return {
    stateDir,
    bench: () => bench,
    again: async () => {
      await bench.opened.close()
      bench = await open()
    },
    close: async () => {
      const sessions = [...bench.opened.sessions.values()]
      await Promise.all(sessions.map((session) => release(session, stateDir, owner.run)))
      await bench.opened.close()
    },
  }
}

type Locked = Awaited<ReturnType<typeof openLocked>>

/** The first error of a run, in one line. */
function whyOf(events: readonly EngineEvent[]): string {
  for (const event of events) {
    if (event.kind === 'task-result' && 'error' in event.result) {
      // What a command says tells more than the command.
      const { summary, detail } = event.result.error
      return `${event.task.host}: ${event.task.name}: ${detail?.split('\n')[0] ?? summary}`
    }
    if (event.kind === 'host-unreachable') return `${event.host} cannot be reached`
  }
  return 'it was interrupted'
}

/** Runs a runbook under the lock of the drill. What its requirements refuse is an outcome, not an error. */
async function runbook(
  { target, emit }: Opening,
  locked: Locked,
  name: string,
  given: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const bench = locked.bench()
  try {
    const { playbook, registry } = await findRunbook(target, name)
    const params = readParams(
      playbook,
      given,
      target.cluster.hosts.map((host) => host.name),
    )
    const { vars, verdicts } = await prepare(bench, playbook, params)
    if (isRefused(verdicts)) return { ok: false, why: refusal(playbook.name, verdicts).summary }
    const events: EngineEvent[] = []
    const both = (event: EngineEvent): void => {
      events.push(event)
      emit(event)
    }
    const { stateDir } = locked
    const summary = await phase(bench, {
      playbook,
      registry,
      mode: 'apply',
      emit: both,
      allowed: 'switchover',
      vars,
      stateDir,
    })
    return summary.outcome === 'done' ? { ok: true } : { ok: false, why: whyOf(events) }
  } catch (error) {
    if (!(error instanceof HactlError) || error.exit === EXIT.interrupted) throw error
    return { ok: false, why: error.diagnostics.map(({ summary }) => summary).join('; ') }
  }
}

async function pending(
  { target }: Opening,
  locked: Locked,
): Promise<{ readonly changes: number; readonly why?: string }> {
  const bench = locked.bench()
  for (const session of bench.opened.sessions.values()) session.prober.invalidate(undefined)
  const { playbook, registry } = await readPlaybook(deployment(target, {}))
  const { scope: vars } = await neededOf(bench, playbook.needs)
  const { summary, events } = await planWith(bench, playbook, registry, vars)
  const changes = summary.changed + summary.unknown
  if (summary.outcome !== 'done') return { changes: changes || 1, why: whyOf(events) }
  const names = events.flatMap((event) =>
    event.kind === 'task-result' && event.result.status === 'changed'
      ? [`${event.task.host} ${event.task.repr}`]
      : [],
  )
  return {
    changes,
    ...(names.length > 0 && { why: `${changes} changes pending: ${names.slice(0, 5).join(', ')}` }),
  }
}

/** Opens a cluster for a drill and takes its lock. Throws HactlError. */
export async function openSite(opening: Opening): Promise<OpenSite> {
  const { target, lab } = opening
  const { cluster, stack, vars } = target
  if (!stack.drills)
    throw new HactlError(problem('drill/no-data', `the stack ${stack.name} has no drills yet`), EXIT.usage)
  const locked = await openLocked(opening)
  let last: ClusterStatus | undefined
  const { socketDir, dataDir, binDir } = (
    vars['cluster'] as { readonly pg: Pick<Site, 'socketDir' | 'dataDir' | 'binDir'> }
  ).pg
  const site: Site = {
    cluster: cluster.name,
    stack: stack.name,
    members: members(cluster).map(placeOf),
    voters: votersOf(target).map(placeOf),
    port: (cluster.vars['postgres'] as PostgresVars).port,
    socketDir,
    dataDir,
    binDir,
    quorumPorts: stack.drills.quorum?.(cluster) ?? {},
    ...only({ leads: stack.drills.leads?.(cluster) }),
    ...profileOf(cluster.vars['timing']),
    leaseS: stack.drills.lease?.(cluster) ?? 0,
    ...loginOf(target),
    drills: stack.drills,
    ...(lab && {
      lab: {
        inject: (fault, nodes, options) => lab.driver.inject(lab.name, { fault, nodes, options }),
        heal: () => lab.driver.heal(lab.name, [], quiet),
      },
    }),
    clientPrefix: lab ? lab.driver.clientExec(lab.name) : [],
    status: async () => (last = await refreshStatus(locked.bench())),
    reconnect: async (force) => {
      const isWhole = last?.hosts.every(({ reachable }) => reachable) === true
      last = undefined
      if (force || !isWhole) await locked.again()
    },
    runbook: (name, params) => runbook(opening, locked, name, params),
    pending: () => pending(opening, locked),
  }
  return { site, close: locked.close }
}
