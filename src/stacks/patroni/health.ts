import { critical, warning } from '../../cluster/problem.ts'
import { listed } from '../../cluster/say.ts'
import type { Commands } from '../../cluster/say.ts'
import type { Problem } from '../../cluster/status.ts'
import { vips } from './address-health.ts'
import { drift, tags } from './config-health.ts'
import type { Scheduled } from './dcs.ts'
import { alarms, lostMembers, membership, quorum } from '../../parts/etcd/health.ts'
import { versions } from './versions-health.ts'
import { freezes } from './guard.ts'
import { managers, primaries } from './primary-health.ts'
import { isStopped, reached } from './say.ts'
import type { Rule } from './say.ts'
import { standbys } from './standby-health.ts'
import { waitsForRestart } from './view.ts'
import type { Member, View } from './view.ts'

/** Every host of the cluster that a status needs, members or not. */
const hosts: Rule = ({ view }) => {
  const { facts, readings } = view
  const all = [...facts.hosts, ...facts.proxies].map(
    ({ name, connection }) => [name, connection.address] as const,
  )
  const every = new Map([...all, ...facts.dcs.peers.map(({ name, address }) => [name, address] as const)])
  return [...every]
    .filter(([name]) => !readings.has(name))
    .map(([name, address]) =>
      warning('host/unreachable', `${name} (${address}) cannot be reached by SSH.`, {
        member: name,
        next: `hactl ssh ${name}`,
      }),
    )
}

/** Members that really confirm commits now, and what is missing of what the inventory asks for. */
const sync: Rule = ({ view, run, watch }) => {
  const { mode, synchronous_nodes: wanted } = view.facts.vars.replication
  if (mode === 'async' || !view.primary) return []
  const confirming = view.members.filter(({ sender }) => /^(sync|quorum)$/.test(sender?.sync ?? ''))
  if (confirming.length >= wanted) return []
  const asked = (view.dcs?.sync ?? []).filter((name) => !confirming.some((member) => member.name === name))
  if (confirming.length === 0 && asked.length > 0) {
    const detail = 'They go on when it is back, or when Patroni gives it up at one of its next rounds.'
    const summary = `Commits wait for ${listed(asked)}, which does not stream.`
    return [
      warning('sync/waits', summary, {
        detail,
        next: watch,
        ...(asked[0] !== undefined && { member: asked[0] }),
      }),
    ]
  }
  if (confirming.length > 0) {
    const summary = `${confirming.length} of ${wanted} synchronous standbys confirm commits.`
    return [warning('sync/fewer', summary, { next: watch })]
  }
  if (mode === 'strict') {
    const summary = 'No synchronous standby: commits wait until there is one.'
    const isDown = view.members.some(({ server }) => !server)
    return [critical('sync/waits', summary, { next: isDown ? run('start') : watch })]
  }
  const summary = `No synchronous standby: if ${view.primary.name} fails now, nothing is promoted by itself.`
  return [warning('sync/degraded', summary, { next: watch })]
}

const paused: Rule = ({ view, run }) =>
  view.paused
    ? [
        warning('cluster/maintenance', 'The cluster is in maintenance mode: no failure is repaired.', {
          next: run('resume'),
        }),
      ]
    : []

/** What Patroni was told to do later. */
const scheduled: Rule = ({ view, run }) => [
  ...(view.dcs?.scheduled ? [switchoverAt(view.dcs.scheduled, run('cancel-switchover'))] : []),
  ...view.members.flatMap(({ name, entry }) =>
    entry?.restartAt === undefined
      ? []
      : [
          warning('restart/scheduled', `A restart of ${name} is scheduled for ${entry.restartAt}.`, {
            member: name,
          }),
        ],
  ),
]

const switchoverAt = ({ at, from, to }: Scheduled, cancel: string): Problem => {
  const words = [from && `from ${from}`, to && `to ${to}`].filter((word) => word !== undefined)
  const summary = `A switchover ${[...words, 'is scheduled for'].join(' ')} ${at}.`
  return warning('switchover/scheduled', summary, { detail: 'It can be cancelled:', next: cancel })
}

const slotName = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_')

/** Slots whose WAL the primary no longer keeps: the standby behind one cannot go on from where it is. */
const slots: Rule = ({ view, run, watch }) =>
  view.primaries.flatMap(({ name: on, server }) =>
    (server?.slots ?? []).flatMap(({ name, wal }) => {
      if (wal !== 'lost' && wal !== 'unreserved') return []
      const owner = view.members.find((member) => slotName(member.name) === name)
      const more = owner ? { member: owner.name } : {}
      if (wal === 'unreserved') {
        return [
          warning('slots/at-risk', `Slot ${name} on ${on} is about to lose its WAL.`, {
            ...more,
            next: watch,
          }),
        ]
      }
      const next = owner ? { next: run('rebuild-standby', `--on ${owner.name}`) } : {}
      return [warning('slots/lost', `Slot ${name} on ${on} has lost its WAL.`, { ...more, ...next })]
    }),
  )

const systemOf = ({ server, reading }: Member): string | undefined =>
  server?.system ?? reading?.control?.systemIdentifier ?? reading?.rest?.database_system_identifier

/** All members hold copies of one database system; the lock service knows which. */
const systems: Rule = ({ view, run }) => {
  const ids = view.members.flatMap((member) => {
    const id = systemOf(member)
    return id === undefined ? [] : [{ name: member.name, id }]
  })
  const right = view.dcs?.system ?? (view.primary && systemOf(view.primary)) ?? ids[0]?.id
  return ids
    .filter(({ id }) => id !== right)
    .map(({ name, id }) =>
      critical('cluster/system-ids', `${name} holds data of another database system: ${id}, not ${right}.`, {
        member: name,
        ...(name !== view.primary?.name && { next: run('rebuild-standby', `--on ${name}`) }),
      }),
    )
}

const watchdog: Rule = ({ view, apply }) =>
  view.facts.vars.patroni.watchdog === 'required'
    ? reached(view)
        .filter(({ reading }) => reading?.watchdog === false || reading?.rest?.watchdog_failed === true)
        .map(({ name }) =>
          warning('watchdog/missing', `${name} has no working watchdog: it is never promoted.`, {
            member: name,
            next: apply(),
          }),
        )
    : []

const notes: Rule = ({ view, run }) =>
  reached(view).flatMap((member) => {
    const { name, server, reading } = member
    const settings = server?.pending ?? []
    const why = settings.length > 0 ? ` for ${settings.join(', ')}` : ''
    return [
      ...(server && waitsForRestart(member)
        ? [
            warning('settings/pending-restart', `${name} needs a restart${why}.`, {
              member: name,
              next: run('restart'),
            }),
          ]
        : []),
      ...(reading?.aside ?? []).map((directory) =>
        warning('data/aside', `${name} keeps old data in ${directory}.`, { member: name }),
      ),
    ]
  })

/** Every rule of the status, those of etcd among this stack's own. */
export const RULES: readonly Rule[] = [
  hosts,
  quorum,
  primaries,
  vips,
  managers,
  systems,
  sync,
  standbys,
  slots,
  paused,
  lostMembers,
  alarms,
  membership,
  watchdog,
  freezes,
  drift,
  tags,
  versions,
  scheduled,
  notes,
]

/** Said, but the cluster is as good as new all the same. */
const HARMLESS = new Set([
  'data/aside',
  'settings/pending-restart',
  'switchover/scheduled',
  'restart/scheduled',
])

/** Every host was read, there is no data anywhere and nobody knows the cluster: only that is worth a line. */
export function bare(view: View, { apply }: Commands): Problem | undefined {
  const { members, dcs } = view
  if (members.some(({ reading }) => !reading || reading.data) || dcs?.initialized === true) return undefined
  const isBegun = members.some(({ reading }) => reading?.configured) || view.etcd.have > 0
  const summary = isBegun
    ? 'The deployment is not finished: no member has data yet.'
    : 'Nothing is deployed on these hosts yet.'
  return critical('cluster/not-deployed', summary, { next: apply() })
}

/** In mode strict no commit returns without a standby. */
const commitsNothing = ({ code, severity }: Problem): boolean =>
  code === 'sync/waits' && severity === 'critical'

/** There is an address for clients, and it leads to no primary. */
function isAstray({ addresses, primary, facts }: View): boolean {
  const writer = addresses.find(({ name }) => name === 'writer')
  if (!primary || !writer) return false
  const carriers =
    facts.vars.routing.by === 'haproxy' ? facts.proxies.map(({ name }) => name) : [primary.name]
  return !writer.on.some((name) => carriers.includes(name))
}

/** `down`: nothing can be written through the address that clients use. */
export function healthOf(view: View, problems: readonly Problem[]): 'healthy' | 'degraded' | 'down' {
  const { primary, members, dcs } = view
  // Not seen, but its lease lives: what it does is not known to be wrong.
  const isUnseen = dcs?.current === true && members.some(({ leads, reading }) => leads && !reading)
  if (!primary && !isUnseen) return 'down'
  if (isAstray(view) || problems.some(commitsNothing)) return 'down'
  return isStopped(view) || problems.some(({ code }) => !HARMLESS.has(code)) ? 'degraded' : 'healthy'
}
