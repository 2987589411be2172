import { answersOf } from '../cluster/doctor/case.ts'
import type { DoctorSite, RawHost, StackDoctor } from '../cluster/doctor/site.ts'
import type { StackDrills } from '../cluster/drill/site.ts'
import type { Asked, Part, PartDoctor } from '../cluster/part.ts'
import { readHosts } from '../cluster/read-hosts.ts'
import { commandsFor, judged } from '../cluster/say.ts'
import type { Commands, Rule } from '../cluster/say.ts'
import { statusSchema } from '../cluster/status-schema.ts'
import type { ClusterStatus, Health, Problem } from '../cluster/status.ts'
import type { Probe } from '../engine/probe.ts'
import type { Cluster } from '../inventory/inventory.ts'
import { known } from '../inventory/unknown.ts'
import type { Stack } from './stack.ts'

/** Answers of all hosts that could be read. */
type Raw = ReadonlyMap<string, RawHost>

/** What a stack says of its servers to the doctor, and whom its manager leads. */
interface OwnDoctor<View> extends PartDoctor<View> {
  readonly site?: (cluster: Cluster) => Partial<DoctorSite>
  readonly leader?: (view: View) => string | undefined
}

/** A stack: its parts, and what is its own. */
export interface StackSpec<View>
  extends
    Pick<Stack, 'name' | 'about' | 'vars' | 'groups' | 'addresses' | 'init'>,
    Omit<Part<View>, 'name' | 'doctor' | 'drills'> {
  readonly parts: readonly Part<View>[]
  /** Hosts that are read; default: all of the cluster. */
  readonly hosts?: (cluster: Cluster) => readonly string[]
  /** Everything that was read, put together. Pure. */
  readonly view: (cluster: Cluster, raw: Raw) => View
  /** Said instead of everything else, of a cluster that is not there. */
  readonly instead?: (view: View, commands: Commands) => Problem | undefined
  /** All rules of the status in their order; default: those of the parts. */
  readonly rules?: readonly Rule<View>[]
  readonly health: (view: View, problems: readonly Problem[]) => Health
  readonly report: (
    view: View,
    problems: readonly Problem[],
  ) => Omit<ClusterStatus, 'cluster' | 'stack' | 'health' | 'problems' | 'at'>
  /** What a deploy must know. Pure. */
  readonly deployment?: (view: View) => object
  readonly doctor?: OwnDoctor<View>
  readonly drills?: Partial<StackDrills>
}

/** A doctor's site without a server of PostgreSQL: hosts are looked at, servers are not. */
const NO_SERVER: DoctorSite = {
  members: [],
  port: 0,
  dataDir: '',
  binDir: '',
  socketDir: '',
  replicationUser: '',
  passfile: '',
  logFiles: [],
  logUnits: [],
  processes: [],
  certificates: [],
  isSyncWanted: false,
  runbooks: {},
}

const NO_DRILLS: StackDrills = { managers: [], units: [], repairs: [], marks: [] }

/** What several say under different names, in one. */
const together = <T extends object>(all: readonly (T | undefined)[]): T => Object.assign({}, ...all) as T

/** The doctor of a stack, from what it and its parts say. */
function doctorOf<View>(
  spec: StackSpec<View>,
  own: OwnDoctor<View>,
  reads: Pick<StackDoctor, 'hosts' | 'commands' | 'judge'>,
): StackDoctor {
  const all: readonly PartDoctor<View>[] = [...spec.parts.flatMap(({ doctor }) => doctor ?? []), own]
  return {
    ...reads,
    site: (cluster) => ({
      ...NO_SERVER,
      ...own.site?.(cluster),
      processes: all.flatMap(({ processes = [] }) => processes),
      runbooks: together(all.map(({ runbooks }) => runbooks)),
      commands: together(all.map(({ risks }) => risks)),
    }),
    commands: (cluster, host) =>
      together([reads.commands(cluster, host), ...all.map(({ commands }) => commands?.(cluster, host))]),
    leader: (_, raw, cluster) => own.leader?.(spec.view(cluster, raw)),
    rules: all.flatMap(({ rules = [] }) =>
      rules.map((rule) => (file) => rule(file, spec.view(file.cluster, answersOf(file)))),
    ),
    evidence: (problem, file) => {
      const view = spec.view(file.cluster, answersOf(file))
      return all.flatMap(({ evidence }) => evidence?.(problem, view, file) ?? [])
    },
    catalog: all.flatMap(({ catalog = [] }) => catalog),
  }
}

/** The keys in the order of the schema: what people read is in one order for all stacks. */
const inOrder = (status: ClusterStatus): ClusterStatus =>
  Object.fromEntries(
    Object.keys(statusSchema.properties).flatMap((key) =>
      key in status ? [[key, status[key as keyof ClusterStatus]]] : [],
    ),
  ) as unknown as ClusterStatus

/** The status of a view: every rule, or what is said instead of them. Pure, so captured output can be tested. */
export function judgeView<View>(
  spec: StackSpec<View>,
  cluster: Cluster,
  view: View,
  at: string,
): ClusterStatus {
  const rules = spec.rules ?? spec.parts.flatMap((part) => part.rules ?? [])
  const say = commandsFor(cluster.where(['name'])?.file ?? 'INVENTORY')
  const instead = spec.instead?.(view, say)
  const problems = instead ? [instead] : judged(rules, view, say)
  const own = { cluster: cluster.name, stack: spec.name, health: spec.health(view, problems), problems, at }
  return inOrder({ ...own, ...spec.report(view, problems) })
}

/** Everything that is asked of one host, in one round trip. */
async function readHost(probe: Probe, asked: Asked): Promise<RawHost> {
  const answers = Object.entries(asked).map(
    async ([name, { argv, ...options }]) => [name, await probe.run(argv, options)] as const,
  )
  return Object.fromEntries(await Promise.all(answers))
}

/** Puts a stack together: checks, computed values, status, doctor and drills are what it and its parts say. */
export function defineStack<View>(spec: StackSpec<View>): Stack {
  const { parts, name, about, vars, groups, addresses, init, doctor, drills, deployment } = spec
  const all: readonly Pick<Part<View>, 'commands' | 'check' | 'derive'>[] = [...parts, spec]
  const commands = (cluster: Cluster, host: string): Asked =>
    together(all.map((each) => each.commands?.(cluster, host)))
  const hosts = spec.hosts ?? ((cluster) => cluster.hosts.map((host) => host.name))
  const judge: StackDoctor['judge'] = (cluster, raw, at) =>
    judgeView(spec, cluster, spec.view(cluster, raw), at)
  const read = (cluster: Cluster, probes: ReadonlyMap<string, Probe>): Promise<Raw> =>
    readHosts(hosts(cluster), probes, (probe) => readHost(probe, commands(cluster, probe.host)))
  return {
    name,
    about,
    vars,
    groups,
    init,
    ...(addresses && { addresses }),
    check: (cluster) => all.flatMap((each) => known(() => each.check?.(cluster) ?? [])),
    derive: (cluster) => together(all.map((each) => each.derive?.(cluster))),
    status: async (cluster, probes) => judge(cluster, await read(cluster, probes), new Date().toISOString()),
    ...(deployment && {
      deployment: async (cluster, probes) => deployment(spec.view(cluster, await read(cluster, probes))),
    }),
    doctor: doctorOf(spec, doctor ?? {}, { hosts, commands, judge }),
    ...(drills && { drills: { ...NO_DRILLS, ...together([...parts.map((part) => part.drills), drills]) } }),
  }
}
