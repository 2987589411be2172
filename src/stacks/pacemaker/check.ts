import { isIP } from 'node:net'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import { problem } from '../../diag/diagnostic.ts'
import { at, checkRoles, checkSettings } from '../../cluster/check.ts'
import type { Cluster, Host } from '../../inventory/inventory.ts'
import { members, witnesses } from '../../inventory/topology.ts'
import { minWalSenderTimeout, settingSeconds, timingOf, timingRules } from './timing.ts'
import type { PacemakerVars } from './vars.ts'

/** The checked variable; the inventory has filled its defaults and proved its shape. */
export const varsOf = (cluster: Cluster): PacemakerVars => cluster.vars as unknown as PacemakerVars

/** Every host with a vote in Corosync: the members, then the witness. */
export const nodesOf = (cluster: Cluster): readonly Host[] => [...members(cluster), ...witnesses(cluster)]

/** Settings that belong to the cluster: another value breaks replication or hides a failure. */
const OWNED: Readonly<Record<string, string>> = {
  port: 'use cluster.postgres.port',
  data_directory: 'use cluster.postgres.data_dir',
  listen_addresses: 'the members must reach each other; restrict clients in cluster.postgres.hba',
  hot_standby: 'the agent asks standbys by SQL',
  wal_level: 'standbys need replica or logical',
  restart_after_crash: 'Pacemaker must see a crash',
  synchronous_standby_names: 'the agent sets it; choose cluster.replication.mode',
  primary_conninfo: 'the agent sets it',
  restore_command: 'use cluster.replication.restore_command',
  recovery_target_timeline: 'standbys must follow the latest timeline',
}

/** Values of owned settings that are fine all the same. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  wal_level: ['replica', 'logical'],
  hot_standby: ['on', 'true'],
  restart_after_crash: ['off', 'false'],
  recovery_target_timeline: ['latest'],
  listen_addresses: ['*'],
}

function checkTiming(cluster: Cluster): Diagnostic[] {
  const vars = varsOf(cluster)
  const timing = timingOf(vars.timing, nodesOf(cluster).length)
  const own = vars.postgres.settings['wal_sender_timeout']
  const seconds = own === undefined ? timing.walSenderTimeout : settingSeconds(own)
  if (seconds === undefined) return []
  const least = minWalSenderTimeout(timing.tokenMs, timing.stopEscalate)
  const path = own === undefined ? ['timing'] : ['postgres', 'settings', 'wal_sender_timeout']
  return timingRules(timing, seconds)
    .filter((rule) => !rule.holds)
    .map((rule) =>
      problem('pacemaker/timing', `timing "${vars.timing}": ${rule.name} does not hold`, {
        ...at(cluster, path, { detail: rule.why, hint: `remove the setting, or write at least ${least}s` }),
      }),
    )
}

const LATER = ['fencing', 'qdevice', 'lock'] as const

function checkGuard(cluster: Cluster): Diagnostic[] {
  const { guard } = varsOf(cluster)
  const found = LATER.filter((name) => guard?.[name] !== undefined).map((name) =>
    problem('pacemaker/guard-later', `guard.${name} is not in this release`, {
      ...at(cluster, ['guard', name], {
        hint: 'use three members, two and a witness, or two with guard: { none: "I accept two primaries after a cut" }',
      }),
    }),
  )
  if (nodesOf(cluster).length !== 2 || guard?.none !== undefined || found.length > 0) return found
  const summary = 'two members and no fencing, qdevice or lock: a cut link can lose commits'
  const hint = 'add a third member or a witness, or write guard: { none: "I accept split brain" }'
  return [problem('topology/no-guard', summary, at(cluster, ['guard'], { hint }))]
}

function checkMode(cluster: Cluster): Diagnostic[] {
  const { mode } = varsOf(cluster).replication
  if (mode === 'sync' || mode === 'async') return []
  return [
    problem('pacemaker/mode-later', `replication mode "${mode}" comes with a later release`, {
      ...at(cluster, ['replication', 'mode'], { hint: 'write sync or async' }),
    }),
  ]
}

function checkMembers(cluster: Cluster): Diagnostic[] {
  const hosts = members(cluster)
  const found: Diagnostic[] = []
  if (hosts.length < 2) {
    const summary = `the cluster has ${hosts.length} member: high availability needs two or more`
    found.push(
      problem('pacemaker/too-few-members', summary, at(cluster, [], { hint: 'add hosts to its group' })),
    )
  }
  for (const { name } of nodesOf(cluster).filter((host) => host.name !== host.name.toLowerCase())) {
    // The agent lower-cases node names and compares them with application_name.
    const hint = `call it ${name.toLowerCase()}`
    found.push(problem('pacemaker/upper-case', `the member name ${name} has capital letters`, { hint }))
  }
  return found
}

/** A witness is there to make the number of votes odd: what does not do that is refused or warned of. */
function checkWitness(cluster: Cluster): Diagnostic[] {
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

/** Addresses of a host for Corosync: `links`, or the address it is reached by. */
export const linksOf = (host: Host): readonly string[] => {
  const { links } = host.vars
  return Array.isArray(links) ? links.map(String) : [host.connection.address]
}

function checkLinks(cluster: Cluster): Diagnostic[] {
  const hosts = nodesOf(cluster)
  const counts = new Set(hosts.map((host) => linksOf(host).length))
  if (counts.size > 1) {
    const list = hosts.map((host) => `${host.name} ${linksOf(host).length}`).join(', ')
    const hint = 'give every member the same number of links, in the same order of networks'
    return [problem('pacemaker/links', `the members have different numbers of links: ${list}`, { hint })]
  }
  const tooMany = hosts.find((host) => linksOf(host).length > 2)
  if (!tooMany) return []
  return [problem('pacemaker/links', `${tooMany.name} has more than two links`, { hint: 'use one or two' })]
}

function checkFirewall(cluster: Cluster): Diagnostic[] {
  if (!varsOf(cluster).firewall.open_ports) return []
  const named = nodesOf(cluster).find((host) => linksOf(host).some((address) => isIP(address) === 0))
  if (!named) return []
  const summary = `firewall.open_ports needs the addresses of members, and ${named.name} has a name alone`
  const hint = `give ${named.name} its Corosync addresses as \`links\``
  return [problem('pacemaker/firewall-address', summary, at(cluster, ['firewall', 'open_ports'], { hint }))]
}

function checkVersion(cluster: Cluster): Diagnostic[] {
  const { version } = varsOf(cluster).postgres
  if ((version >= 10 && version <= 18) || version === 96) return []
  const hint = 'write 12 to 18 (96 stands for 9.6)'
  const summary = `PostgreSQL ${version} is not supported`
  return [problem('pacemaker/version', summary, at(cluster, ['postgres', 'version'], { hint }))]
}

type Rule = (cluster: Cluster) => readonly Diagnostic[]

const RULES: readonly Rule[] = [
  checkVersion,
  checkMembers,
  checkWitness,
  checkLinks,
  checkGuard,
  checkMode,
  checkTiming,
  (each) => checkSettings(each, 'pacemaker', varsOf(each).postgres, { why: OWNED, allowed: ALLOWED }),
  (each) => checkRoles(each, 'pacemaker', varsOf(each).postgres, ['postgres', varsOf(each).replication.user]),
  checkFirewall,
]

/** Every relation of this stack that a schema cannot say. */
export const check = (cluster: Cluster): readonly Diagnostic[] => RULES.flatMap((rule) => rule(cluster))
