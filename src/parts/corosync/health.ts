import { critical, warning } from '../../cluster/problem.ts'
import type { Rule, Say } from '../../cluster/say.ts'
import type { Problem } from '../../cluster/status.ts'
import { failureOf, failuresOn, failureWords, pausedOf } from './view.ts'
import type { CorosyncView } from './view.ts'

type Judge = Rule<CorosyncView>

const names = (all: readonly { readonly name: string }[]): string => all.map(({ name }) => name).join(', ')

/** Hosts that cannot be read. */
export const hosts: Judge = ({ view }) =>
  view.nodes
    .filter(({ reachable }) => !reachable)
    .map(({ name, address }) =>
      warning('host/unreachable', `${name} (${address}) cannot be reached by SSH.`, {
        member: name,
        next: `hactl ssh ${name}`,
      }),
    )

/** Pacemaker itself does not run. */
export const running: Judge = ({ view, run }) => {
  const silent = view.nodes.filter(({ reachable, answers }) => reachable && !answers)
  if (silent.length === 0) return []
  const next = run('start')
  return view.crm
    ? [warning('cluster/not-running', `Pacemaker does not run on ${names(silent)}.`, { next })]
    : [critical('cluster/not-running', 'Pacemaker runs on no member that can be reached.', { next })]
}

/** A majority of votes is there. */
export const quorum: Judge = ({ view }) => {
  if (!view.crm || view.crm.quorum) return []
  const online = view.crm.nodes.filter((node) => node.online)
  const summary = `No quorum: ${online.length} of ${view.crm.nodes.length} members see each other.`
  return [critical('quorum/lost', summary, { detail: 'PostgreSQL is stopped until a majority is back.' })]
}

/** Without its witness a cluster goes on, and may lose nobody else. */
const witnessAway = (name: string, { view, run }: Say<CorosyncView>): Problem => {
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

/** Nodes that are not in the cluster, or nobody knows what they do. */
export const nodes: Judge = (say) =>
  (say.view.crm?.nodes ?? []).flatMap((node) => {
    if (node.unclean) {
      const summary = `The cluster does not know what ${node.name} does: it is unclean and has not been fenced.`
      return [critical('node/unclean', summary, { member: node.name })]
    }
    if (node.online && !node.pending) return []
    const seen = say.view.nodes.find(({ name }) => name === node.name)
    if (seen?.votesOnly) return [witnessAway(node.name, say)]
    return [warning('node/offline', `${node.name} is not in the cluster.`, { member: node.name })]
  })

/** A host of the inventory that Corosync does not know does not vote, though everything runs. */
export const strangers: Judge = ({ view: { crm, nodes: all }, apply }) =>
  all
    .filter(({ name, votesOnly }) => votesOnly && crm && !crm.nodes.some((node) => node.name === name))
    .map(({ name }) =>
      warning('node/offline', `The witness ${name} is not in the cluster.`, {
        member: name,
        detail: 'Corosync does not know it: it has no vote.',
        next: apply(),
      }),
    )

/** What a stop or demote that failed left alone. */
export const blocked: Judge = ({ view, run }) =>
  (view.crm?.resources ?? [])
    .filter((instance) => instance.blocked)
    .map(({ id, nodes: on }) =>
      critical('resource/blocked', `${id} is blocked on ${on.join(', ')}: a stop or demote failed there.`, {
        next: run('cleanup'),
      }),
    )

/** Failures that are counted, of each resource by itself. */
export const failures: Judge = ({ view, run }) =>
  view.nodes.flatMap((node) =>
    failuresOn(node).map(({ what, count, givenUp }) => {
      const failure = failureOf(node, what)
      const [task, reason] = failure ? failureWords(failure) : []
      const last = task === undefined ? '' : ` Last: ${task}, ${reason}.`
      const summary = `Failures of ${what} on ${node.name}: ${givenUp ? 'given up there' : `${count} counted`}.${last}`
      return warning('failures/counted', summary, { member: node.name, next: run('cleanup') })
    }),
  )

/** What an operator has taken out of the manager's hands. */
export const paused: Judge = ({ view, run }) => [
  ...(view.crm?.maintenance
    ? [
        warning('cluster/maintenance', 'The cluster is in maintenance mode: no failure is repaired.', {
          next: 'pcs property set maintenance-mode=false',
        }),
      ]
    : []),
  ...view.nodes
    .filter(({ votesOnly }) => !votesOnly)
    .flatMap((each) => {
      const why = pausedOf(each)
      if (why === undefined) return []
      const next = each.node?.standby
        ? run('unstandby-node', `--on ${each.name}`)
        : `pcs node unmaintenance ${each.name}`
      return [warning('node/paused', `${each.name} is in ${why}.`, { member: each.name, next })]
    }),
]

/** Constraints that a move left behind. */
export const bans: Judge = ({ view, run }) =>
  (view.crm?.bans ?? [])
    .filter(({ id }) => id.startsWith('cli-'))
    .map(({ resource, node }) =>
      warning('constraint/leftover', `A leftover of a move keeps ${resource} away from ${node}.`, {
        member: node,
        next: run('cleanup'),
      }),
    )
