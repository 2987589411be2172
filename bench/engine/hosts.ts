import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A lab host as the engines reach it: itself, or the relay that stands for it on the slow network. */
export interface Node {
  readonly name: string
  readonly address: string
  readonly port: number
}

export interface Lab {
  readonly name: string
  readonly nodes: readonly Node[]
  readonly key: string
  readonly knownHosts: string
}

/** Address of the lab's network on this side, where the relays listen. */
const RELAY = '10.77.0.1'
const FIRST_PORT = 22000

/** Runs a command and gives its output; throws with everything it said when it fails. */
export function must(argv: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(argv[0] ?? '', argv.slice(1), {
    encoding: 'utf8',
    maxBuffer: 1e8,
  })
  if (status !== 0) throw new Error(`${argv.join(' ')}: exit ${status}\n${stdout}${stderr}`)
  return stdout
}

/** The same command inside the lab's network. */
export const inLab = (lab: string, ...argv: string[]): string[] => [
  'nsenter',
  `--net=/run/netns/hactl-${lab}`,
  ...argv,
]

/** Makes a lab of `count` hosts, or takes the running one of that name. `work` takes the files made for it. */
export function openLab(hactl: string, name: string, count: number, made: boolean, work: string): Lab {
  if (made) {
    const size = ['--nodes', String(count), '--with', 'python3-apt']
    must(['node', hactl, 'lab', 'up', '--name', name, ...size, '--inventory-dir', join(work, 'lab')])
  }
  const state = JSON.parse(must(['node', hactl, 'lab', 'status', '--name', name, '--format', 'json']))
  const [lab] = Array.isArray(state) ? state : [state]
  const text = readFileSync(lab.inventory, 'utf8')
  const nodes = lab.nodes.map((n: { name: string; addresses: string[] }) => ({
    name: n.name,
    address: n.addresses[0],
    port: 22,
  })) as readonly Node[]
  const known = /UserKnownHostsFile=([^ '"]+)/.exec(text)?.[1] ?? ''
  const knownHosts = join(work, 'known_hosts')
  writeFileSync(knownHosts, keysByName(nodes, readFileSync(known, 'utf8')))
  return { name, nodes, knownHosts, key: /ansible_ssh_private_key_file: "?([^"\n]+)/.exec(text)?.[1] ?? '' }
}

/** Every host's key under its address and under the one of its relay. */
function keysByName(nodes: readonly Node[], text: string): string {
  const lines = text.split('\n').filter(Boolean)
  const keyOf = ({ name, address }: Node): string => {
    const own = lines.find((line) =>
      line
        .split(' ')[0]
        ?.split(',')
        .some((each) => each === name || each === address),
    )
    return (own ?? '').split(' ').slice(1).join(' ')
  }
  return nodes.map((node, i) => `${node.address},[${RELAY}]:${FIRST_PORT + i} ${keyOf(node)}\n`).join('')
}

/** Relays with a round trip of `latency` ms in front of all hosts, and the hosts as seen through them. */
export async function slowNetwork(
  lab: Lab,
  latency: number,
  root: string,
): Promise<{ nodes: readonly Node[]; relay: ChildProcess }> {
  const routes = lab.nodes.map((n, i) => `${FIRST_PORT + i}=${n.address}:22`)
  const script = join(import.meta.dirname, 'delay.ts')
  const argv = inLab(lab.name, 'node', '--import', 'tsx', script, RELAY, String(latency / 2), ...routes)
  const relay = spawn(argv[0] ?? '', argv.slice(1), { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((ready) => relay.stdout.once('data', ready))
  return { relay, nodes: lab.nodes.map((n, i) => ({ ...n, address: RELAY, port: FIRST_PORT + i })) }
}

/** CPU seconds that hosts have used since they were started. */
export function hostsCpu(lab: string, nodes: readonly Node[]): number {
  const top = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((dir) =>
    existsSync(join(dir, 'cgroup.controllers')),
  )
  let seconds = 0
  for (const { name } of nodes) {
    const file = join(top ?? '', 'hactl-lab', lab, name, 'cpu.stat')
    if (!existsSync(file)) continue
    seconds += Number(/usage_usec (\d+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? 0) / 1e6
  }
  return seconds
}
