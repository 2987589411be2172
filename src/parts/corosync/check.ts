import { at, atHost } from '../../cluster/check.ts'
import { problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import type { Cluster } from '../../inventory/inventory.ts'
import { witnesses } from '../../inventory/topology.ts'
import { allOf } from '../../inventory/unknown.ts'
import { linksOf, nodesOf } from './nodes.ts'
import type { CorosyncVars } from './vars.ts'

type Rule = (cluster: Cluster) => readonly Diagnostic[]

/** The keys of the checked variable that this part reads. */
export const corosyncVars = (cluster: Cluster): CorosyncVars => cluster.vars as unknown as CorosyncVars

/** Two votes have no majority without each other. */
const guards: Rule = (cluster) => {
  if (nodesOf(cluster).length !== 2 || corosyncVars(cluster).guard?.none !== undefined) return []
  const summary = 'two members and nothing that tells them apart: a cut link can lose commits'
  const hint = 'add a third member or a witness, or write guard: { none: "I accept split brain" }'
  return [problem('topology/no-guard', summary, at(cluster, ['guard'], { hint }))]
}

/** Agents lower-case node names before they compare them. */
const letters: Rule = (cluster) =>
  nodesOf(cluster)
    .filter(({ name }) => name !== name.toLowerCase())
    .map((host) =>
      problem('pacemaker/upper-case', `the member name ${host.name} has capital letters`, {
        ...atHost(host),
        hint: `call it ${host.name.toLowerCase()}`,
      }),
    )

/** A witness is there to make the number of votes odd: what does not do that is refused or warned of. */
const voters: Rule = (cluster) => {
  const found = witnesses(cluster)
  const votes = nodesOf(cluster).length
  if (found.length > 1) {
    const names = found.map(({ name }) => name).join(', ')
    const hint =
      'keep one: it makes the votes of two members odd; a host that is to survive more must hold data'
    return [
      problem('pacemaker/witnesses', `the group "witness" has ${found.length} hosts: ${names}`, {
        ...at(cluster, [], { hint }),
      }),
    ]
  }
  if (found.length === 0 || votes % 2 === 1 || votes < 4) return []
  const summary = `${votes - 1} members and a witness have ${votes} votes: an even number stands no more failures than ${votes - 1}`
  const hint = `remove the witness: ${votes - 1} members have a majority without it`
  return [{ ...problem('pacemaker/even-votes', summary, at(cluster, [], { hint })), severity: 'warning' }]
}

const links: Rule = (cluster) => {
  const hosts = nodesOf(cluster)
  const counts = new Set(hosts.map((host) => linksOf(host).length))
  const found: Diagnostic[] = []
  if (counts.size > 1) {
    const list = hosts.map((host) => `${host.name} ${linksOf(host).length}`).join(', ')
    const hint = 'give every member the same number of links, in the same order of networks'
    const summary = `the members have different numbers of links: ${list}`
    found.push(problem('pacemaker/links', summary, at(cluster, [], { hint })))
  }
  const tooMany = hosts.find((host) => linksOf(host).length > 2)
  if (!tooMany) return found
  return [
    ...found,
    problem('pacemaker/links', `${tooMany.name} has more than two links`, {
      ...atHost(tooMany, 'links'),
      hint: 'use one or two',
    }),
  ]
}

/** What Corosync and Pacemaker need of an inventory beyond its schema. Pure. */
export const checkCorosync: Rule = allOf(letters, voters, links, guards)
