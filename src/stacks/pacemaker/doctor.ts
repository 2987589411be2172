import { answersOf, type CaseFile } from '../../cluster/doctor/case.ts'
import type { Draft, Evidence } from '../../cluster/doctor/finding.ts'
import type { DoctorSite, RawHost, Rule, StackDoctor } from '../../cluster/doctor/site.ts'
import type { Problem } from '../../cluster/status.ts'
import type { Cluster } from '../../inventory/inventory.ts'
import type { Command } from '../../transport/transport.ts'
import { INFINITY } from '../../modules/pcs/crm-mon.ts'
import { factsOf } from './derive.ts'
import type { Facts } from './derive.ts'
import { catalog } from './doctor-codes.ts'
import { commandsOn, parseReading } from './readings.ts'
import type { Answers, HostReading } from './readings.ts'
import { judge } from './status.ts'
import { isolatedUntilMs, minWalSenderTimeout } from './timing.ts'
import { failureWords, viewOf } from './view.ts'
import type { View } from './view.ts'

const readingsOf = (facts: Facts, raw: ReadonlyMap<string, RawHost>): ReadonlyMap<string, HostReading> => {
  const hasAll = (name: string, answers: RawHost): answers is RawHost & Answers =>
    Object.keys(commandsOn(facts, name)).every((command) => command in answers)
  return new Map(
    [...raw].flatMap(([name, answers]) =>
      hasAll(name, answers) ? [[name, parseReading(answers)] as const] : [],
    ),
  )
}

const viewIn = ({ cluster, hosts }: CaseFile): View => {
  const facts = factsOf(cluster)
  return viewOf(facts, readingsOf(facts, answersOf({ hosts })))
}

const RUNBOOKS: DoctorSite['runbooks'] = {
  start: ['safe', 'starts what an operator stopped'],
  cleanup: ['safe', 'forgets failures and leftovers of moves, so that Pacemaker tries again'],
  'unstandby-node': ['safe', 'takes the member back into service'],
  'standby-node': ['interrupts', 'takes the member out of service; its PostgreSQL stops'],
  'repair-standby': ['interrupts', 'works on that member alone; refuses to discard commits'],
  'rebuild-standby': ['interrupts', 'copies that member anew; its old data is set aside, not deleted'],
  switchover: ['interrupts', 'a second or two without writes'],
  stop: ['interrupts', 'stops PostgreSQL everywhere'],
}

const COMMANDS: DoctorSite['runbooks'] = {
  'pcs property set maintenance-mode=false': ['interrupts', 'on a member: Pacemaker acts again at once'],
  'pcs node unmaintenance': ['interrupts', 'on a member: Pacemaker acts on that one again'],
}

function site(cluster: Cluster): DoctorSite {
  const { vars, hosts, timing, paths } = factsOf(cluster)
  return {
    members: hosts.map(({ name, connection }) => ({ name, address: connection.address })),
    port: vars.postgres.port,
    dataDir: paths.dataDir,
    binDir: paths.binDir,
    socketDir: paths.socketDir,
    replicationUser: vars.replication.user,
    passfile: paths.passfile,
    logFiles: [paths.logFile],
    logUnits: [],
    processes: ['postgres', 'pacemaker', 'corosync'],
    certificates: [{ path: '/etc/ssl/certs/ssl-cert-snakeoil.pem', what: "PostgreSQL's certificate" }],
    isSyncWanted: vars.replication.mode !== 'async',
    walSenderTimeout: {
      least: minWalSenderTimeout(timing.tokenMs, timing.stopEscalate),
      why: `an isolated primary lives up to ${isolatedUntilMs(timing.tokenMs, timing.stopEscalate) / 1000} s and must not give up its standby before`,
    },
    runbooks: RUNBOOKS,
    commands: COMMANDS,
  }
}

/** Members where Pacemaker has stopped trying. */
const givenUp: Rule = (file) => {
  const { members, crm, facts } = viewIn(file)
  const limit = facts.vars.failure.threshold
  return members.flatMap(({ name, failures, failure }): readonly Draft[] => {
    const counts = Object.entries(crm?.failCounts[name] ?? {}).filter(([, count]) => count >= limit)
    if (counts.length === 0) return []
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
          saw: `${id}: ${count >= INFINITY ? 'INFINITY' : count}, given up from ${limit} on (${failures} in all)`,
        })),
        next: [file.say.run('cleanup')],
      },
    ]
  })
}

/** Failures that Pacemaker counts and, without the operation they belong to, no longer shows. */
const COUNTS: Command = {
  argv: ['cibadmin', '--query', '--xpath', "//nvpair[starts-with(@name,'fail-count-')]"],
  timeoutMs: 10_000,
}

interface Count {
  readonly node: string
  readonly resource: string
  readonly saw: string
}

/** Counts that reach the limit, as the CIB has them. */
function countsIn(file: CaseFile, { crm, facts }: View): readonly Count[] {
  const texts = [...file.hosts.values()].map(({ raw }) => raw['counts']?.stdout ?? '')
  const text = texts.toSorted((a, b) => b.length - a.length)[0] ?? ''
  const found = text.matchAll(/id="status-(\d+)-fail-count-[^"]*" name="fail-count-([^"]*)" value="(\w+)"/g)
  return [...found].flatMap(([, id, operation = '', value = '']) => {
    const node = crm?.nodes.find((each) => each.id === id)?.name
    const isEnough = value === 'INFINITY' || Number(value) >= facts.vars.failure.threshold
    if (node === undefined || !isEnough) return []
    return [{ node, resource: operation.split('#')[0] ?? '', saw: `fail-count-${operation} = ${value}` }]
  })
}

const hidden: Rule = (file) => {
  const view = viewIn(file)
  return countsIn(file, view)
    .filter(({ node, resource }) => (view.crm?.failCounts[node]?.[resource] ?? 0) === 0)
    .map(({ node, resource, saw }) => ({
      severity: 'warning',
      code: 'failures/hidden',
      summary: `Pacemaker never starts ${resource} on ${node}: it still counts failures that it no longer shows.`,
      member: node,
      evidence: [{ host: node, source: 'cibadmin --query', saw }],
      next: [file.say.run('cleanup')],
    }))
}

/**
 * Nobody may be promoted, and the last primary, which has every commit, is kept out by its own lock file: no standby
 * confirmed commits when it died. Only when every member was read is it certain that no other went on.
 */
const lockedOut: Rule = (file) => {
  const { members, primaries, facts } = viewIn(file)
  if (primaries.length > 0 || members.some(({ reading }) => !reading)) return []
  const last = members.filter(
    ({ reading, attribute }) => reading?.lock && attribute(facts.agent.dataAttribute) === 'LATEST',
  )
  const [only] = last
  if (!only || last.length > 1) return []
  const lock = facts.agent.lockFile(facts.paths)
  return [
    {
      severity: 'critical',
      code: 'primary/locked-out',
      summary: `${only.name} was primary, has every commit, and is kept out by its lock file; no other may be promoted.`,
      detail: `No standby confirmed commits when it died. Nobody was promoted since, so ${only.name} can go on with its data.`,
      member: only.name,
      evidence: [
        { host: only.name, source: lock, saw: 'exists' },
        ...members.map(({ name, attribute }) => ({
          host: name,
          source: 'crm_mon --show-node-attributes',
          saw: `${facts.agent.dataAttribute} ${attribute(facts.agent.dataAttribute) ?? 'unset'}`,
        })),
      ],
      next: [file.say.exec(only.name, `rm ${lock}`), file.say.run('cleanup')],
    },
  ]
}

/** What the partition guard drops while its host keeps silent; it fails where there is nothing (nft(8)). */
const SILENCE: Command = { argv: ['nft', 'list', 'table', 'inet', 'hactl_partition'], timeoutMs: 10_000 }

/** Members that left the others to themselves: Corosync forms no lasting membership where only some hear each other. */
const silent: Rule = ({ hosts }) =>
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
const guard: Rule = ({ cluster }) => {
  const { vars, nodes } = factsOf(cluster)
  if (nodes.length !== 2 || vars.guard?.none === undefined) return []
  const summary =
    'Two members and no guard: after a cut both can become primary, and one side loses its commits.'
  const evidence: readonly Evidence[] = [{ source: 'inventory', saw: `guard.none: "${vars.guard.none}"` }]
  return [
    {
      severity: 'note',
      code: 'guard/none',
      summary,
      evidence,
      detail: 'The inventory accepts this. A third member or a witness ends it.',
    },
  ]
}

const AREAS = /^(failures|node|cluster|quorum|constraint|resource|primary|vip)\//

/** What Pacemaker itself says of it. */
function evidence({ code, member }: Problem, file: CaseFile): readonly Evidence[] {
  const { crm } = viewIn(file)
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

/** What the doctor needs to know of Corosync and Pacemaker. */
export const doctor: StackDoctor = {
  site,
  hosts: (cluster) => factsOf(cluster).nodes.map(({ name }) => name),
  commands: (cluster, host) => ({ ...commandsOn(factsOf(cluster), host), counts: COUNTS, silence: SILENCE }),
  judge: (cluster, raw, at) => judge(cluster, readingsOf(factsOf(cluster), raw), at),
  leader: (_, raw, cluster) => {
    const facts = factsOf(cluster)
    const { crm } = viewOf(facts, readingsOf(facts, raw))
    const promoted = crm?.resources.find(({ id, role }) => id === facts.agent.resource && role === 'Promoted')
    return promoted?.nodes[0]
  },
  rules: [givenUp, hidden, lockedOut, silent, guard],
  evidence,
  catalog,
}
