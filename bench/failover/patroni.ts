import { addressOf, NODES, script, until, type Lab } from './lab.ts'
import { isWhole, leader, streaming } from './members.ts'
import type { System } from './systems.ts'

const CTL = 'patronictl -c /etc/patroni/config.yml'

function deploy(lab: Lab): void {
  for (const node of NODES) lab.sh(node, script('patroni-node.sh', { NAME: node, ADDRESS: addressOf(node) }))
  until('etcd answers', 60, () => lab.ask('pg1', 'ETCDCTL_API=3 etcdctl endpoint health') !== undefined)
  for (const node of NODES) lab.sh(node, 'systemctl restart --no-block patroni')
  until('all members stream', 120, () => isWhole(lab))
  const roles = "create role app login password 'app'"
  const psql = `cd /; runuser -u postgres -- psql -XqAtw -d postgres`
  lab.sh(leader(lab) ?? '', `${psql} -c "${roles}" -c "create database app owner app"`)
}

/** Patroni as its documentation starts with: its default times, asynchronous, clients that know all three members. */
export const patroni: System = {
  name: 'Patroni, defaults',
  packages: [
    'patroni',
    'python3-etcd',
    'etcd-server',
    'etcd-client',
    'postgresql-15',
    'postgresql-client-15',
  ],
  clients: NODES.map((node) => ({ host: addressOf(node), port: 5432 })),
  deploy,
  password: () => 'app',
  primary: leader,
  healthy: isWhole,
  switchover: (lab) => {
    const primary = leader(lab) ?? ''
    // `--leader` since Patroni 3, `--master` before.
    lab.sh(primary, `${CTL} switchover bench --leader ${primary} --force`)
  },
  mend: (lab) => {
    const primary = leader(lab)
    if (primary === undefined) return
    const present = streaming(lab, primary)
    for (const node of NODES)
      if (node !== primary && !present.includes(addressOf(node)))
        lab.ask(primary, `${CTL} reinit bench ${node} --force --wait`)
  },
  versions: (lab) =>
    lab.sh('pg1', "dpkg-query -W -f '${Package} ${Version}, ' patroni etcd-server").replace(/, $/, ''),
}
