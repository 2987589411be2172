import type { Static } from 'typebox'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Probe } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import { absolutePath } from '../args.ts'
import { stat } from '../readings/stat.ts'
import { text } from '../readings/text.ts'
import { units } from '../readings/units.ts'
import { parseMembers, parseStatus, type EndpointStatus, type ListedMember } from './answers.ts'
import { clientArgs, ETCD, read, type Peer } from './etcdctl.ts'
import { clusterId, clusterOfLog, LOG_HEAD, PACKAGED } from './identity.ts'

export const memberArgs = Type.Object({
  ...clientArgs,
  name: Type.String({ description: "This host's member; it is one of `peers`." }),
  token: Type.String({ description: 'Token of the cluster (`ETCD_INITIAL_CLUSTER_TOKEN`).' }),
  data_dir: absolutePath('Data directory.'),
  settings: absolutePath("etcd's settings, as the unit reads them."),
  marker: absolutePath('A file that exists when this host has once been a member.'),
  restart: Type.Boolean({
    description:
      'Restart a running member whose settings or program have changed, and do nothing else; only while all others are healthy.',
    default: false,
  }),
  replace: Type.Boolean({
    description:
      'Whether a member without data takes the place of the one with its name, or joins as a new one.',
    default: false,
  }),
})
export type MemberArgs = Static<typeof memberArgs>

export type Data = 'absent' | 'this cluster' | "the package's own cluster" | 'another cluster' | 'damaged'

export interface MemberState {
  readonly [field: string]: unknown
  readonly data: Data
  readonly service: 'running' | 'stopped'
  /** Whether the running process has read what is on disk. */
  readonly settings: 'current' | 'outdated'
  /** What the other members know of this one; `nobody answers` when none does. */
  readonly known: 'member' | 'joining' | 'not a member' | 'nobody answers'
  /** The others, which answered, as the cluster lists all. */
  readonly listed: readonly ListedMember[]
  /** Other members that do not answer or have no leader. */
  readonly unhealthy: readonly string[]
  /** Whether this member answers and sees a leader. */
  readonly healthy: boolean
  /** Whether this host has been a member before. */
  readonly marked: boolean
  /** Whether anything was ever written to the package's own cluster, while it runs. */
  readonly used: boolean
  /** Peer URLs of this member as the cluster has them. */
  readonly peer_urls: readonly string[]
}

/** What the process has in its environment, and whether its program was replaced. */
const RUNNING = `pid=$(systemctl show --property=MainPID --value etcd.service)
[ "\${pid:-0}" != 0 ] || exit 0
readlink "/proc/$pid/exe"
tr '\\000' '\\n' <"/proc/$pid/environ" | grep '^ETCD_' || true`

/** Only read at the first start, or set by the unit itself. */
const FIRST_START = /^ETCD_(INITIAL_|NAME=|DATA_DIR=)/

const settingsIn = (lines: readonly string[]): string =>
  lines
    .filter((line) => line.startsWith('ETCD_') && !FIRST_START.test(line))
    .toSorted()
    .join('\n')

/** Nothing is outdated while there is no process. */
function isOutdated(running: string, onDisk: string): boolean {
  const [program = '', ...environment] = running.trim().split('\n')
  if (program === '') return false
  if (program.endsWith(' (deleted)')) return true
  return settingsIn(environment) !== settingsIn(onDisk.split('\n').map((line) => line.trim()))
}

/** Whose data it is. Without any answer, only a cluster that has never changed its members is known. */
function whose(dump: string, answers: readonly EndpointStatus[], all: MemberArgs): Data {
  if (dump.trim() === '') return 'absent'
  const cluster = clusterOfLog(dump)
  if (cluster === undefined) return 'damaged'
  const peerUrls = all.peers.map(({ peer }) => peer)
  const ours = answers[0]?.cluster ?? clusterId(peerUrls, all.token)
  if (cluster === PACKAGED) return "the package's own cluster"
  return cluster === ours ? 'this cluster' : 'another cluster'
}

const isHealthy = (answer: EndpointStatus | undefined): boolean =>
  answer !== undefined && answer.leader !== '0' && answer.errors.length === 0

function knownAs(own: ListedMember | undefined, listed: readonly ListedMember[] | undefined) {
  if (!listed) return 'nobody answers'
  if (!own) return 'not a member'
  return own.started ? 'member' : 'joining'
}

/** The package's own cluster listens on the loopback address, without TLS. */
async function wasUsed(probe: Probe): Promise<boolean> {
  const { stdout } = await read(probe, {}, ['http://127.0.0.1:2379'], 'endpoint', 'status', '-w', 'json')
  return (parseStatus(stdout)[0]?.revision ?? 1) > 1
}

/** What was read of this host and of the others, before it is judged. */
async function readings(probe: Probe, all: MemberArgs, self: string, others: readonly string[]) {
  // Whoever asks for the status needs no password, and with one gets no answer while there is no majority.
  const open = all.tls ? { tls: all.tls } : {}
  const none = { stdout: '' }
  const [unit, onDisk, marker, dump, running, mine, theirs, members] = await Promise.all([
    probe.ask(units, 'etcd'),
    probe.ask(text, all.settings),
    probe.ask(stat, all.marker),
    probe.run(['sh', '-c', LOG_HEAD, 'log', all.data_dir], {
      dependsOn: [`file:${all.data_dir}`, 'unit:etcd.service'],
    }),
    probe.run(['sh', '-c', RUNNING, 'running'], { dependsOn: ['unit:etcd.service', 'package:etcd-server'] }),
    read(probe, open, [self], 'endpoint', 'status', '-w', 'json'),
    others.length > 0 ? read(probe, open, others, 'endpoint', 'status', '-w', 'json') : none,
    others.length > 0 ? read(probe, all, others, 'member', 'list', '-w', 'json') : none,
  ])
  return {
    isUp: ['active', 'activating', 'reloading'].includes(unit.active),
    settings: onDisk.kind === 'text' ? onDisk.text : '',
    marked: marker.type !== 'absent',
    log: dump.stdout,
    process: running.stdout,
    mine: parseStatus(mine.stdout)[0],
    theirs: parseStatus(theirs.stdout),
    listed: parseMembers(members.stdout),
  }
}

/** The cluster's entry for this member, by name or by address: an announced one has no name yet. */
export const ownEntry = (listed: readonly ListedMember[] | undefined, { name, peer }: Peer) =>
  listed?.find((each) => each.name === name || each.peerUrls.includes(peer))

/** This member among all. Throws HactlError when it is none of them. */
export function selfOf({ peers, name }: Pick<MemberArgs, 'peers' | 'name'>): Peer {
  const self = peers.find((peer) => peer.name === name)
  if (self) return self
  const names = peers.map((peer) => peer.name).join(', ')
  throw new HactlError(
    problem('etcd/no-such-member', `${name} is none of the hosts of etcd: ${names}`, {
      hint: 'add it to the group `etcd` of the inventory first',
    }),
    EXIT.usage,
  )
}

/** The names of those that do not answer, or not well. */
const unhealthy = (peers: MemberArgs['peers'], answers: readonly EndpointStatus[]): readonly string[] =>
  peers
    .filter(({ client }) => !isHealthy(answers.find(({ endpoint }) => endpoint === client)))
    .map(({ name }) => name)

/** Reads everything that decides what may be done with this host's member. */
export async function readMember(probe: Probe, all: MemberArgs): Promise<MemberState> {
  const self = selfOf(all)
  const others = all.peers.filter(({ name }) => name !== all.name)
  const urls = others.map(({ client }) => client)
  const found = await readings(probe, all, self.client, urls)
  const { isUp, listed, mine, theirs } = found
  const own = ownEntry(listed, self)
  const data = whose(found.log, mine ? [...theirs, mine] : theirs, all)
  const isStray = data === "the package's own cluster"
  return {
    data,
    service: isUp ? 'running' : 'stopped',
    settings: isUp && isOutdated(found.process, found.settings) ? 'outdated' : 'current',
    known: knownAs(own, listed),
    listed: listed ?? [],
    unhealthy: unhealthy(others, theirs),
    healthy: isHealthy(mine),
    marked: found.marked,
    used: isStray && isUp && (await wasUsed(probe)),
    peer_urls: own?.peerUrls ?? [],
  }
}

/** What a change of a member may change, here and for the other members. */
export const memberTouches = ({ data_dir }: MemberArgs) => [...ETCD, `file:${data_dir}` as const]
