import type { CaseFile } from '../../cluster/doctor/case.ts'
import type { Draft, Evidence } from '../../cluster/doctor/finding.ts'
import type { DoctorSite } from '../../cluster/doctor/site.ts'
import type { Problem } from '../../cluster/status.ts'
import { INFINITY } from '../../modules/pcs/crm-mon.ts'
import { descendants, parseXml } from '../../modules/pcs/xml.ts'
import type { XmlElement } from '../../modules/pcs/xml.ts'
import { failureOf, failureWords } from './view.ts'
import type { CorosyncView } from './view.ts'

/** A rule over everything that was read and the manager's view of it. */
type Judge = (file: CaseFile, view: CorosyncView) => readonly Draft[]

/** What the runbooks about the manager do. */
export const RUNBOOKS: DoctorSite['runbooks'] = {
  start: ['safe', 'starts what an operator stopped'],
  cleanup: ['safe', 'forgets failures and leftovers of moves, so that Pacemaker tries again'],
  'unstandby-node': ['safe', 'takes the member back into service'],
  'standby-node': ['interrupts', 'takes the member out of service; its PostgreSQL stops'],
  stop: ['interrupts', 'stops PostgreSQL everywhere'],
}

/** Commands of the manager itself that the status names. */
export const COMMANDS: DoctorSite['runbooks'] = {
  'pcs property set maintenance-mode=false': ['interrupts', 'on a member: Pacemaker acts again at once'],
  'pcs node unmaintenance': ['interrupts', 'on a member: Pacemaker acts on that one again'],
}

/** Beginnings of the names of processes that must not be frozen. */
export const PROCESSES = ['pacemaker', 'corosync'] as const

/** Members where Pacemaker has stopped trying. */
export const givenUp: Judge = (file, { nodes, managed }) =>
  nodes.flatMap((node): readonly Draft[] => {
    const { name } = node
    const counts = Object.entries(node.failCounts).filter(([, count]) => count >= managed.threshold)
    if (counts.length === 0) return []
    const failure = failureOf(node, managed.resource)
    const [task, reason] = failure ? failureWords(failure) : []
    const last = task === undefined ? '' : ` Last: ${task}, ${reason}.`
    return [
      {
        severity: 'warning',
        code: 'failures/given-up',
        summary: `Pacemaker has given up ${counts.map(([id]) => id).join(', ')} on ${name}: the fail count reached its limit.${last}`,
        member: name,
        evidence: counts.map(([id, count]) => ({
          host: name,
          source: 'crm_mon --failcounts',
          saw: `${id}: ${count >= INFINITY ? 'INFINITY' : count}, given up from ${managed.threshold} on`,
        })),
        next: [file.say.run('cleanup')],
      },
    ]
  })

interface Count {
  readonly node: string
  readonly resource: string
  readonly saw: string
}

const PREFIX = 'fail-count-'

/** What `cibadmin --xpath` found: elements in one that holds them, or a single one. */
const pairsIn = (text: string): readonly XmlElement[] =>
  text.trim().startsWith('<') ? descendants(parseXml(text), 'nvpair') : []

/** Counts that reach the limit, as the CIB has them: `status-ID-fail-count-RESOURCE#OPERATION`. */
function countsIn(file: CaseFile, { crm, managed }: CorosyncView): readonly Count[] {
  const texts = [...file.hosts.values()].map(({ raw }) => raw['counts']?.stdout ?? '')
  const text = texts.toSorted((a, b) => b.length - a.length)[0] ?? ''
  return pairsIn(text).flatMap(({ attrs: { id = '', name = '', value = '' } }) => {
    const number = /^status-(\d+)-/.exec(id)?.[1]
    const node = crm?.nodes.find((each) => each.id === number)?.name
    const isEnough = value === 'INFINITY' || Number(value) >= managed.threshold
    if (node === undefined || !name.startsWith(PREFIX) || !isEnough) return []
    const operation = name.slice(PREFIX.length)
    return [{ node, resource: operation.split('#')[0] ?? '', saw: `${name} = ${value}` }]
  })
}

/** Failures that are counted and not shown: nothing is started there, and nobody sees why. */
export const hidden: Judge = (file, view) =>
  countsIn(file, view)
    .filter(({ node, resource }) => (view.crm?.failCounts[node]?.[resource] ?? 0) === 0)
    .map(({ node, resource, saw }) => ({
      severity: 'warning',
      code: 'failures/hidden',
      summary: `Pacemaker never starts ${resource} on ${node}: it still counts failures that it no longer shows.`,
      member: node,
      evidence: [{ host: node, source: 'cibadmin --query', saw }],
      next: [file.say.run('cleanup')],
    }))

/** Members that left the others to themselves: Corosync forms no lasting membership where only some hear each other. */
export const silent: Judge = ({ hosts }) =>
  [...hosts].flatMap(([name, { raw }]): readonly Draft[] => {
    const rest = /expires \S+/.exec(raw['silence']?.stdout ?? '')?.[0]
    if (rest === undefined) return []
    return [
      {
        severity: 'warning',
        code: 'node/silent',
        summary: `${name} reaches only some of the other hosts, and keeps silent towards Corosync for their sake.`,
        detail: 'It comes back by itself once it reaches all of them, and tries again every few minutes.',
        member: name,
        evidence: [
          { host: name, source: 'nft list table inet hactl_partition', saw: `ports of Corosync, ${rest}` },
        ],
      },
    ]
  })

/** Two members vote one to one: a cut leaves no majority, and only a guard tells them apart. */
export const guard: Judge = (_, { nodes, managed: { noGuard } }) => {
  if (nodes.length !== 2 || noGuard === undefined) return []
  const summary =
    'Two members and no guard: after a cut both can become primary, and one side loses its commits.'
  return [
    {
      severity: 'note',
      code: 'guard/none',
      summary,
      evidence: [{ source: 'inventory', saw: `guard.none: "${noGuard}"` }],
      detail: 'The inventory accepts this. A third member or a witness ends it.',
    },
  ]
}

/** Every rule of this part. */
export const DOCTOR_RULES: readonly Judge[] = [givenUp, hidden, silent, guard]

const AREAS = /^(failures|node|cluster|quorum|constraint|resource|primary|vip)\//

/** What Pacemaker itself says of a problem. */
export function evidenceOf({ code, member }: Problem, { crm }: CorosyncView): readonly Evidence[] {
  if (!crm || !AREAS.test(code)) return []
  const said = (saw: string): Evidence => ({ source: 'crm_mon', saw })
  const online = crm.nodes.map(({ name, online: isOnline, standby, maintenance }) =>
    [name, isOnline ? 'online' : 'offline', standby && 'standby', maintenance && 'maintenance']
      .filter(Boolean)
      .join(' '),
  )
  const nodes = said(`${crm.quorum ? 'quorum' : 'no quorum'}; ${online.join(', ')}`)
  const failed = crm.failures
    .filter(({ node }) => member === undefined || node === member)
    .slice(-3)
    .map(({ operation, node, reason, status }) => said(`${operation} on ${node}: ${reason || status}`))
  switch (code.split('/')[0]) {
    case 'failures':
    case 'resource':
      return failed
    case 'constraint':
      return crm.bans.map(({ id, resource, node }) => said(`${id}: ${resource} away from ${node}`))
    case 'vip':
      return crm.resources
        .filter(({ id }) => id.startsWith('vip'))
        .map(({ id, role, nodes: on }) => said(`${id}: ${role} on ${on.join(', ') || 'no node'}`))
    default:
      return [nodes, ...(crm.maintenance ? [said('maintenance-mode=true')] : [])]
  }
}
