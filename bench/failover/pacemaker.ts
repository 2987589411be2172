import { addressOf, NODES, script, until, VIP, type Lab } from './lab.ts'
import { isWhole, leader, sql, streaming } from './members.ts'
import type { System } from './systems.ts'

const [FIRST, ...OTHERS] = NODES

interface Agent {
  readonly name: string
  readonly packages: readonly string[]
  /** Files of `plain/`. */
  readonly node: string
  readonly cib: string
  readonly clone: string
  readonly version: string
  /** Whether standbys are copied before the cluster knows the resource, which must find them as they shall be. */
  readonly copyFirst: boolean
}

const member = (agent: Agent, node: string, role: string, source: string): string =>
  script(agent.node, { ROLE: role, SOURCE: source, VIP, NAME: node })

function deploy(lab: Lab, agent: Agent): void {
  for (const node of NODES) lab.sh(node, script('corosync.sh'))
  const hosts = NODES.map((node) => `${node} addr=${addressOf(node)}`).join(' ')
  const links = NODES.map((node) => `${node} addr=${addressOf(node)} addr=10.77.1.1${node.slice(2)}`).join(
    ' ',
  )
  lab.sh(
    FIRST,
    `pcs host auth ${hosts} -u hacluster -p hacluster && pcs cluster setup bench ${links} --start --enable`,
  )
  until('all nodes are online', 60, () =>
    (lab.ask(FIRST, 'crm_mon -1') ?? '').includes(`Online: [ ${NODES.join(' ')} ]`),
  )
  lab.sh(FIRST, member(agent, FIRST, 'primary', ''))
  const copy = (source: string) => {
    for (const node of OTHERS) lab.sh(node, member(agent, node, 'standby', source))
  }
  if (agent.copyFirst) copy(addressOf(FIRST))
  else
    for (const node of OTHERS)
      lab.sh(node, `${member(agent, node, 'prepared', '')}\npcs node standby ${node}`)
  lab.sh(FIRST, script(agent.cib, { VIP }))
  until('the first member leads', 90, () => sql(lab, FIRST, 'select pg_is_in_recovery()') === 'f')
  if (!agent.copyFirst) {
    copy(addressOf(FIRST))
    for (const node of OTHERS) lab.sh(node, `pcs node unstandby ${node}`)
  }
  until('both standbys stream', 90, () => isWhole(lab))
}

/** Copies every member anew that does not stream, as an operator of such a cluster does. */
function mend(lab: Lab, agent: Agent): void {
  const primary = leader(lab)
  if (primary === undefined) return void lab.ask(FIRST, 'pcs resource cleanup')
  const present = streaming(lab, primary)
  for (const node of NODES.filter((each) => each !== primary && !present.includes(addressOf(each)))) {
    lab.sh(node, `crm_standby -N ${node} -v on; crm_resource --wait --timeout 60 || true`)
    lab.sh(node, member(agent, node, 'standby', addressOf(primary)))
    lab.sh(node, `crm_standby -N ${node} -D; pcs resource cleanup`)
  }
}

const standby = (lab: Lab, primary: string): string | undefined => {
  const text = sql(
    lab,
    primary,
    "select host(client_addr) from pg_stat_replication order by sync_state = 'sync' desc limit 1",
  )
  return NODES.find((node) => addressOf(node) === text)
}

const system = (agent: Agent): System => ({
  name: agent.name,
  packages: [
    'corosync',
    'pacemaker',
    'pacemaker-cli-utils',
    'pcs',
    'resource-agents',
    'postgresql-15',
    'postgresql-client-15',
    ...agent.packages,
  ],
  clients: [{ host: VIP, port: 5432 }],
  deploy: (lab) => deploy(lab, agent),
  password: () => 'app',
  primary: leader,
  healthy: (lab) =>
    isWhole(lab) &&
    lab.ask(leader(lab) ?? FIRST, `ip -4 -o addr show to ${VIP}/32 | grep -q . && echo here`) === 'here',
  switchover: (lab) => {
    const to = standby(lab, leader(lab) ?? '') ?? ''
    lab.sh(
      FIRST,
      `crm_resource --move --promoted -r ${agent.clone} -N ${to} && crm_resource --wait --timeout 60; crm_resource --clear -r ${agent.clone}`,
    )
  },
  mend: (lab) => mend(lab, agent),
  versions: (lab) =>
    lab
      .sh(FIRST, `dpkg-query -W -f '\${Package} \${Version}, ' pacemaker ${agent.version}`)
      .replace(/, $/, ''),
})

/** The packaged agent, in sync mode. */
export const pgsql = system({
  name: 'pgsql agent',
  packages: [],
  node: 'pgsql-node.sh',
  cib: 'pgsql-cib.sh',
  clone: 'pgsql-clone',
  version: 'resource-agents',
  copyFirst: false,
})

/** PostgreSQL Automatic Failover. */
export const paf = system({
  name: 'PAF',
  packages: ['resource-agents-paf'],
  node: 'paf-node.sh',
  cib: 'paf-cib.sh',
  clone: 'pgsqld-clone',
  version: 'resource-agents-paf',
  copyFirst: true,
})
