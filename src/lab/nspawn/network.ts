import { existsSync, readlinkSync } from 'node:fs'
import type { FaultRequest } from '../driver.ts'
import { CLIENT, NETWORKS } from '../names.ts'
import { must, run } from '../run.ts'
import { clientNetns, inNetns, labNetns, netnsFile } from './paths.ts'
import { ruleset } from './rules.ts'

const isNamespace = async (netns: string): Promise<boolean> =>
  existsSync(netnsFile(netns)) && (await run(inNetns(netns, 'true'))).code === 0

/** Whether a namespace of this lab exists, usable or not. */
export const hasNetwork = (lab: string): boolean =>
  [labNetns(lab), clientNetns(lab)].some((netns) => existsSync(netnsFile(netns)))

async function makeNamespace(netns: string): Promise<void> {
  // What is left of an interrupted "ip netns add" is a plain file.
  if (existsSync(netnsFile(netns)) && !(await isNamespace(netns))) await run(['ip', 'netns', 'del', netns])
  if (!existsSync(netnsFile(netns))) await must(['ip', 'netns', 'add', netns])
  await must(['ip', '-n', netns, 'link', 'set', 'lo', 'up'])
}

async function makeBridges(netns: string): Promise<void> {
  for (const [index, network] of NETWORKS.entries()) {
    const bridge = `br${index}`
    if ((await run(['ip', '-n', netns, 'link', 'show', bridge])).code !== 0) {
      await must([
        'ip',
        '-n',
        netns,
        'link',
        'add',
        bridge,
        'type',
        'bridge',
        'stp_state',
        '0',
        'forward_delay',
        '0',
        'mcast_snooping',
        '0',
      ])
    }
    await must(['ip', '-n', netns, 'addr', 'replace', `${network}.1/24`, 'dev', bridge])
    await must(['ip', '-n', netns, 'link', 'set', bridge, 'up'])
  }
}

async function makeClient(lab: string): Promise<void> {
  const [netns, client] = [labNetns(lab), clientNetns(lab)]
  await makeNamespace(client)
  if ((await run(['ip', '-n', client, 'link', 'show', 'eth0'])).code !== 0) {
    await run(['ip', '-n', netns, 'link', 'del', 'client'])
    await must([
      'ip',
      '-n',
      netns,
      'link',
      'add',
      'client',
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      client,
    ])
  }
  await must(['ip', '-n', netns, 'link', 'set', 'client', 'master', 'br0', 'up'])
  await must(['ip', '-n', client, 'addr', 'replace', `${CLIENT}/24`, 'dev', 'eth0'])
  await must(['ip', '-n', client, 'link', 'set', 'eth0', 'up'])
}

/** Makes the lab's switches and its client; what exists already stays. No route leads to this machine's network. */
export async function makeNetwork(lab: string): Promise<void> {
  await makeNamespace(labNetns(lab))
  await makeBridges(labNetns(lab))
  await makeClient(lab)
}

/** Processes of this machine inside the lab's two namespaces (relay, client programs), without our own ancestors. */
export async function networkPids(lab: string): Promise<readonly number[]> {
  const pids: number[] = []
  for (const netns of [labNetns(lab), clientNetns(lab)]) {
    if (!(await isNamespace(netns))) continue
    const { stdout } = await run(['ip', 'netns', 'pids', netns])
    pids.push(
      ...stdout
        .split('\n')
        .filter((line) => line !== '')
        .map(Number),
    )
  }
  const own = ownNamespace()
  return pids.filter(
    (pid) => pid > 1 && pid !== process.pid && pid !== process.ppid && namespaceOf(pid) !== own,
  )
}

const namespaceOf = (pid: number): string => {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`)
  } catch {
    return ''
  }
}
const ownNamespace = (): string => namespaceOf(process.pid)

/** Removes the lab's namespaces with every bridge, link and rule in them. */
export async function removeNetwork(lab: string): Promise<void> {
  for (const netns of [clientNetns(lab), labNetns(lab)]) {
    if (existsSync(netnsFile(netns))) await must(['ip', 'netns', 'del', netns])
  }
}

const nodeLinks = (node: string): readonly string[] => NETWORKS.map((_, index) => `${node}.${index}`)

/** Pulls a node's cables: nothing it still sends arrives anywhere. */
export async function pullLinks(lab: string, node: string): Promise<void> {
  await Promise.all(
    nodeLinks(node).map((link) => run(['ip', '-n', labNetns(lab), 'link', 'set', link, 'down'])),
  )
}

/** Removes a dead node's cables; the kernel does so too, but later than the next start may come. */
export async function dropLinks(lab: string, node: string): Promise<void> {
  await Promise.all(nodeLinks(node).map((link) => run(['ip', '-n', labNetns(lab), 'link', 'del', link])))
}

/** Puts the packet filter of exactly these faults in place. */
export async function applyRules(
  lab: string,
  faults: readonly FaultRequest[],
  nodes: readonly string[],
): Promise<void> {
  await must(inNetns(labNetns(lab), 'nft', '-f', '-'), { input: ruleset(faults, nodes) })
}
