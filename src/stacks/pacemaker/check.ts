import type { Diagnostic } from '../../diag/diagnostic.ts'
import { problem } from '../../diag/diagnostic.ts'
import { checkServer } from '../../cluster/check-server.ts'
import { at, checkAddresses, checkRoles, checkSettings } from '../../cluster/check.ts'
import type { Cluster } from '../../inventory/inventory.ts'
import { members } from '../../inventory/topology.ts'
import { allOf, known } from '../../inventory/unknown.ts'
import { nodesOf } from '../../parts/corosync/nodes.ts'
import { minWalSenderTimeout, settingSeconds, timingOf, timingRules } from './timing.ts'
import type { PacemakerVars } from './vars.ts'

/** The checked variable; the inventory has filled its defaults and proved its shape. */
export const varsOf = (cluster: Cluster): PacemakerVars => cluster.vars as unknown as PacemakerVars

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
  const [name, own] =
    Object.entries(vars.postgres.settings).find(([each]) => each.toLowerCase() === 'wal_sender_timeout') ?? []
  const seconds = own === undefined ? timing.walSenderTimeout : settingSeconds(own)
  if (seconds === undefined) return []
  const least = minWalSenderTimeout(timing.tokenMs, timing.stopEscalate)
  const path = name === undefined ? ['timing'] : ['postgres', 'settings', name]
  return timingRules(timing, seconds)
    .filter((rule) => !rule.holds)
    .map((rule) =>
      problem('pacemaker/timing', `timing "${vars.timing}": ${rule.name} does not hold`, {
        ...at(cluster, path, { detail: rule.why, hint: `remove the setting, or write at least ${least}s` }),
      }),
    )
}

function checkMembers(cluster: Cluster): Diagnostic[] {
  const hosts = members(cluster)
  if (hosts.length >= 2) return []
  const summary = `the cluster has ${hosts.length} member: high availability needs two or more`
  return [problem('pacemaker/too-few-members', summary, at(cluster, [], { hint: 'add hosts to its group' }))]
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
  checkAddresses,
  checkMembers,
  checkTiming,
  (each) => checkServer(each, varsOf(each).postgres),
  (each) => checkSettings(each, 'pacemaker', varsOf(each).postgres, { why: OWNED, allowed: ALLOWED }),
  (each) =>
    checkRoles(each, 'pacemaker', varsOf(each).postgres, [
      'postgres',
      ...known(() => [varsOf(each).replication.user]),
    ]),
]

/** Relations of this stack's own that a schema cannot say. */
export const check: Rule = allOf(...RULES)
