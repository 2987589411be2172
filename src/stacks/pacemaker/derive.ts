import { dirname } from 'node:path'
import type { Cluster, Host } from '../../inventory/inventory.ts'
import { members, witnesses } from '../../inventory/topology.ts'
import { nodesOf } from '../../parts/corosync/nodes.ts'
import type { Agent, AgentInput } from './agents/agent.ts'
import { AGENTS } from './agents/index.ts'
import { varsOf } from './check.ts'
import { constraintsOf } from './constraints.ts'
import { hbaOf, pathsOf, settingsOf } from './postgres.ts'
import { clientHints, timingOf } from './timing.ts'
import type { Timing } from './timing.ts'

/** Everything the rest of the stack needs of a cluster, made once. */
export interface Facts extends AgentInput {
  /** The members: what holds data. */
  readonly hosts: readonly Host[]
  /** Hosts that only vote. */
  readonly witnesses: readonly Host[]
  /** Both: every node of Corosync. */
  readonly nodes: readonly Host[]
  readonly agent: Agent
}

/** The variable, its times, paths and agent. */
export function factsOf(cluster: Cluster): Facts {
  const vars = varsOf(cluster)
  const hosts = members(cluster)
  const nodes = nodesOf(cluster)
  return {
    vars,
    hosts,
    witnesses: witnesses(cluster),
    nodes,
    members: hosts.map((host) => host.name),
    timing: timingOf(vars.timing, nodes.length),
    paths: pathsOf(vars),
    agent: AGENTS[vars.agent],
  }
}

/** The interface of a virtual address: named when it is the same on every member, else IPaddr2 finds it by subnet. */
const nicOf = (hosts: readonly Host[]): Readonly<Record<string, string>> => {
  const names = new Set(hosts.map(({ vars }) => (typeof vars['nic'] === 'string' ? vars['nic'] : undefined)))
  const [only] = names
  return names.size === 1 && only !== undefined ? { nic: only } : {}
}

const vipOf = (address: string, hosts: readonly Host[]) => {
  const [ip = '', prefix = '24'] = address.split('/')
  return {
    ip,
    attributes: { ip, cidr_netmask: prefix, ...nicOf(hosts), arp_count: '3', arp_interval: '100' },
  }
}

const vipOperations = (timing: Timing) => [
  { name: 'start', interval: '0s', timeout: '20s' },
  { name: 'monitor', interval: `${timing.monitorVip}s`, timeout: '15s', 'on-fail': 'restart' },
  { name: 'stop', interval: '0s', timeout: '20s', 'on-fail': 'block' },
]

/** By member that gives the first data: what every member's data is worth then. */
const dataStatus = ({ members: names, agent }: Facts) =>
  Object.fromEntries(
    names.map((seed) => [
      seed,
      Object.fromEntries(
        names.map((name) => [name, { [agent.dataAttribute]: name === seed ? 'LATEST' : 'DISCONNECT' }]),
      ),
    ]),
  )

/**
 * Values of this stack's own for playbooks and templates. What is fixed or plain stays in the playbook; what
 * depends on versions, times, the agent or the number of members is computed here.
 */
export function derive(cluster: Cluster): Readonly<Record<string, unknown>> {
  const facts = factsOf(cluster)
  const { vars, hosts, timing, paths, agent } = facts
  return {
    first: hosts[0]?.name ?? '',
    others: hosts.slice(1).map((host) => host.name),
    // The port as text too: arguments of commands are texts.
    pg: { ...paths, port: String(vars.postgres.port) },
    settings: settingsOf(vars, timing),
    hba: hbaOf(vars, hosts),
    times: timing,
    hints: clientHints(timing),
    agent_files: agent.files,
    // What the agent's service is told, by member.
    pgd: Object.fromEntries(hosts.map((host) => [host.name, agent.config(facts, hosts, host)])),
    agent_folders: [...new Set(['/etc/hactl', ...agent.files.map(({ path }) => dirname(path))])],
    database: {
      resource: agent.resource,
      clone: agent.clone,
      type: agent.type,
      attributes: agent.attributes(facts),
      operations: agent.operations(facts),
      clone_meta: agent.cloneMeta(facts),
      status: agent.statusAttribute,
      data: agent.dataAttribute,
      lock: agent.lockFile(paths),
    },
    writer: { ...vipOf(vars.writer_vip.address, hosts), operations: vipOperations(timing) },
    reader: vars.reader_vip
      ? { ...vipOf(vars.reader_vip.address, hosts), operations: vipOperations(timing) }
      : null,
    constraints: constraintsOf(agent, vars.reader_vip !== undefined, facts.witnesses),
    data_status: dataStatus(facts),
  }
}
