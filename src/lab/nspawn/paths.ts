import { join, resolve } from 'node:path'

/** Where labs, images and the package cache live. */
export const labHome = (): string => resolve(process.env['HACTL_LAB_DIR'] ?? '/var/lib/hactl/lab')

/** The network namespace of a lab's switches, from which the nodes are reached. */
export const labNetns = (lab: string): string => `hactl-${lab}`
/** The network namespace of the lab's client. A lab name has no dot, so no lab can be called like it. */
export const clientNetns = (lab: string): string => `hactl-${lab}.client`
export const netnsFile = (netns: string): string => `/run/netns/${netns}`

/** argv prefix that runs a program in a network namespace. Unlike `ip netns exec` it leaves the mounts alone. */
export const inNetns = (netns: string, ...argv: readonly string[]): readonly string[] => [
  'nsenter',
  `--net=${netnsFile(netns)}`,
  ...argv,
]

export interface NodePaths {
  readonly dir: string
  readonly disk: string
  /** Where the node's disk is mounted; holds the upper side of its root. */
  readonly data: string
  readonly root: string
  readonly hostKey: string
  readonly console: string
}

export const nodePaths = (lab: string, node: string): NodePaths => {
  const dir = join(labPaths(lab).nodes, node)
  return {
    dir,
    disk: join(dir, 'disk.img'),
    data: join(dir, 'data'),
    root: join(dir, 'root'),
    hostKey: join(dir, 'ssh_host_ed25519_key'),
    console: join(dir, 'console.log'),
  }
}

export interface LabPaths {
  readonly dir: string
  readonly state: string
  readonly nodes: string
  readonly snapshots: string
  readonly key: string
  readonly knownHosts: string
  readonly inventory: string
  readonly relayLog: string
}

export const labPaths = (lab: string): LabPaths => {
  const dir = join(labHome(), 'labs', lab)
  return {
    dir,
    state: join(dir, 'state.json'),
    nodes: join(dir, 'nodes'),
    snapshots: join(dir, 'snapshots'),
    key: join(dir, 'id_ed25519'),
    knownHosts: join(dir, 'known_hosts'),
    inventory: join(dir, 'inventory.yml'),
    relayLog: join(dir, 'relay.log'),
  }
}
