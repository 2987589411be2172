import { critical, warning } from '../../cluster/problem.ts'
import type { Problem } from '../../cluster/status.ts'
import { INFINITY } from '../../modules/pcs/crm-mon.ts'
import { lastPrimary } from './last-primary.ts'
import { isStopped } from './say.ts'
import type { Rule } from './say.ts'
import { standbyProblem, unfinished } from './standby-health.ts'
import { failureWords, pausedOf } from './view.ts'
import type { Member, View } from './view.ts'

const everybody = ({ members, witnesses }: View): readonly Member[] => [...members, ...witnesses]
const reached = (view: View): readonly Member[] => everybody(view).filter((member) => member.reading)
const names = (members: readonly { readonly name: string }[]): string =>
  members.map(({ name }) => name).join(', ')

const hosts: Rule = ({ view }) =>
  everybody(view)
    .filter((member) => !member.reading)
    .map((member) =>
      warning('host/unreachable', `${member.name} (${member.address}) cannot be reached by SSH.`, {
        member: member.name,
        next: `hactl ssh ${member.name}`,
      }),
    )

const clusterStack: Rule = ({ view, run }) => {
  const silent = reached(view).filter((member) => !member.reading?.crm)
  if (silent.length === 0) return []
  const next = run('start')
  return view.crm
    ? [warning('cluster/not-running', `Pacemaker does not run on ${names(silent)}.`, { next })]
    : [critical('cluster/not-running', 'Pacemaker runs on no member that can be reached.', { next })]
}

/** Without its witness a cluster goes on, and may lose nobody else. */
const witnessAway = (name: string, { view, run }: Parameters<Rule>[0]): Problem => {
  const all = view.crm?.nodes ?? []
  const here = all.filter(({ online }) => online).length
  const isLast = view.crm?.quorum === true && here - 1 <= all.length / 2
  return warning('node/offline', `The witness ${name} is not in the cluster.`, {
    member: name,
    ...(isLast && {
      detail: `Quorum ${here} of ${all.length}: one more loss stops everything until it is back.`,
    }),
    next: run('start'),
  })
}

/** A host of the inventory that Corosync does not know does not vote, though everything runs. */
const strangers: Rule = ({ view: { crm, witnesses } }) =>
  witnesses
    .filter(({ name }) => crm && !crm.nodes.some((node) => node.name === name))
    .map(({ name }) =>
      warning('node/offline', `The witness ${name} is not in the cluster.`, {
        member: name,
        detail: 'Corosync does not know it: it has no vote.',
        next: 'hactl apply INVENTORY',
      }),
    )

const nodes: Rule = ({ view, run }) =>
  (view.crm?.nodes ?? []).flatMap((node) => {
    if (node.unclean) {
      const summary = `The cluster does not know what ${node.name} does: it is unclean and has not been fenced.`
      return [critical('node/unclean', summary, { member: node.name })]
    }
    if (node.online && !node.pending) return []
    if (view.witnesses.some(({ name }) => name === node.name)) return [witnessAway(node.name, { view, run })]
    return [warning('node/offline', `${node.name} is not in the cluster.`, { member: node.name })]
  })

const quorum: Rule = ({ view }) => {
  if (!view.crm || view.crm.quorum) return []
  const online = view.crm.nodes.filter((node) => node.online)
  const summary = `No quorum: ${online.length} of ${view.crm.nodes.length} members see each other.`
  return [critical('quorum/lost', summary, { detail: 'PostgreSQL is stopped until a majority is back.' })]
}

const primaries: Rule = ({ view, run }) => {
  if (view.primaries.length > 1) {
    const list = view.primaries.map(({ name, server }) => `${name} (timeline ${server?.timeline ?? '?'})`)
    const detail = 'Stop writes on the older timeline first; nothing is repaired automatically.'
    return [critical('primary/two', `Two primaries accept writes: ${list.join(' and ')}.`, { detail })]
  }
  if (view.primary) return []
  if (isStopped(view)) {
    return [critical('cluster/stopped', 'PostgreSQL was stopped by an operator.', { next: run('start') })]
  }
  const last = lastPrimary(view)
  const detail = `${last ?? ''} has every commit: nobody was promoted after it was.`
  return [
    critical('primary/none', 'There is no primary: nothing can be written.', {
      ...(last !== undefined && { detail }),
      next: run(last === undefined ? 'cleanup' : 'start'),
    }),
  ]
}

const sync: Rule = ({ view }) => {
  if (view.facts.vars.replication.mode !== 'sync' || !view.primary) return []
  const sync = view.members.find(({ sender }) => sender?.sync === 'sync')
  if (sync?.server) return []
  if (sync) {
    const detail = 'They go on when it is back, or when the primary gives it up after wal_sender_timeout.'
    return [
      warning('sync/waits', `Commits wait for ${sync.name}, which does not answer.`, {
        detail,
        member: sync.name,
      }),
    ]
  }
  const summary = `No sync standby: if ${view.primary.name} fails now, nothing can be promoted automatically.`
  return [warning('sync/degraded', summary)]
}

const standbys: Rule = ({ view, run }) =>
  view.members
    .filter((member) => member.server?.recovery !== false && view.primaries.length > 0)
    .flatMap((member) => standbyProblem(member, { view, run }) ?? [])

const failures: Rule = ({ view, run }) =>
  everybody(view)
    .filter((member) => member.failures > 0)
    .map(({ name, failures: count, failure, reading, server }) => {
      const what = count >= INFINITY ? 'given up there' : `${count} counted`
      const [task, reason] = failure ? failureWords(failure) : []
      const last = task === undefined ? '' : ` Last: ${task}, ${reason}.`
      // Forgetting them lets the cluster try again; the lock would only be counted once more.
      const isLocked = reading?.lock === true && !server
      return warning('failures/counted', `Failures on ${name}: ${what}.${last}`, {
        member: name,
        ...(!isLocked && { next: run('cleanup') }),
      })
    })

const blocked: Rule = ({ view, run }) =>
  (view.crm?.resources ?? [])
    .filter((instance) => instance.blocked)
    .map(({ id, nodes: on }) =>
      critical('resource/blocked', `${id} is blocked on ${on.join(', ')}: a stop or demote failed there.`, {
        next: run('cleanup'),
      }),
    )

const paused: Rule = ({ view, run }) => [
  ...(view.crm?.maintenance
    ? [
        warning('cluster/maintenance', 'The cluster is in maintenance mode: no failure is repaired.', {
          next: 'pcs property set maintenance-mode=false',
        }),
      ]
    : []),
  ...view.members.flatMap((member) => {
    const why = pausedOf(member)
    if (why === undefined) return []
    // In standby mode a copy that was cut off is not started from.
    if (member.reading?.unfinished) return [unfinished(member, run)]
    const next = member.node?.standby
      ? run('unstandby-node', `--on ${member.name}`)
      : `pcs node unmaintenance ${member.name}`
    return [warning('node/paused', `${member.name} is in ${why}.`, { member: member.name, next })]
  }),
]

const bans: Rule = ({ view, run }) =>
  (view.crm?.bans ?? [])
    .filter(({ id }) => id.startsWith('cli-'))
    .map(({ resource, node }) =>
      warning('constraint/leftover', `A leftover of a move keeps ${resource} away from ${node}.`, {
        member: node,
        next: run('cleanup'),
      }),
    )

const vips: Rule = ({ view, run }) =>
  view.addresses.flatMap(({ name, address, on }) => {
    const label = `${name === 'writer' ? 'Writer' : 'Reader'} VIP ${address}`
    const say = name === 'writer' ? critical : warning
    if (on.length > 1) return [critical(`vip/${name}-twice`, `${label} is on ${on.join(' and ')} at once.`)]
    if (on.length === 0) {
      return isStopped(view)
        ? []
        : [say(`vip/${name}-missing`, `${label} is on no member.`, { next: run('cleanup') })]
    }
    if (name === 'writer' && view.primary && on[0] !== view.primary.name) {
      return [
        critical('vip/writer-misplaced', `${label} is on ${on[0]}, but the primary is ${view.primary.name}.`),
      ]
    }
    return []
  })

const notes: Rule = ({ view }) =>
  reached(view).flatMap(({ name, server, reading }) => [
    ...(server && server.pending.length > 0
      ? [
          warning('settings/pending-restart', `${name} needs a restart for ${server.pending.join(', ')}.`, {
            member: name,
            next: 'hactl apply INVENTORY --allow restart-primary',
          }),
        ]
      : []),
    ...(reading?.aside ?? []).map((directory) =>
      warning('data/aside', `${name} keeps old data in ${directory}.`, { member: name }),
    ),
  ])

const RULES: readonly Rule[] = [
  hosts,
  clusterStack,
  quorum,
  nodes,
  strangers,
  primaries,
  blocked,
  vips,
  sync,
  standbys,
  failures,
  paused,
  bans,
  notes,
]

/** Said, but the cluster is as good as new all the same. */
const HARMLESS = new Set(['data/aside', 'settings/pending-restart'])

/** Every problem, worst first, with the inventory's file in its commands. Pure. */
export function problemsOf(view: View, inventory: string): readonly Problem[] {
  const run = (runbook: string, options?: string): string =>
    ['hactl run', runbook, inventory, ...(options === undefined ? [] : [options])].join(' ')
  if (isBare(view)) {
    const summary = 'Nothing is deployed on these hosts yet.'
    return [critical('cluster/not-deployed', summary, { next: `hactl apply ${inventory}` })]
  }
  const found = RULES.flatMap((rule) => rule({ view, run })).map((problem) => ({
    ...problem,
    ...(problem.next !== undefined && { next: problem.next.replace('INVENTORY', inventory) }),
  }))
  return found.toSorted((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'))
}

/** Every member was read and none has data or knows PostgreSQL as a resource: only that is worth a line. */
const isBare = ({ members, crm, facts }: View): boolean =>
  members.every(({ reading }) => reading && !reading.data) &&
  !(crm?.resources.some(({ id }) => id === facts.agent.resource) ?? false)

/** `down`: nothing can be written through the writer VIP. */
export function healthOf(view: View, problems: readonly Problem[]): 'healthy' | 'degraded' | 'down' {
  const writer = view.addresses.find(({ name }) => name === 'writer')
  if (!view.primary || !writer?.on.includes(view.primary.name)) return 'down'
  return problems.some(({ code }) => !HARMLESS.has(code)) ? 'degraded' : 'healthy'
}
