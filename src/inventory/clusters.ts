import type { Diagnostic } from '../diag/diagnostic.ts'
import { problem } from '../diag/diagnostic.ts'
import { suggest } from '../lib/suggest.ts'
import { fillDefaults } from '../schema/build.ts'
import { describe } from '../schema/explain.ts'
import { NAMES, nameFault } from '../schema/names.ts'
import { checkSchema, countMisfits, unfitPaths } from '../schema/validate.ts'
import type { Path, Where } from '../schema/yaml.ts'
import { type Belonging, belonging, checkBelonging } from './belonging.ts'
import type { Cluster, Host, Vars } from './inventory.ts'
import { type Layer, type Sourced, isMap } from './layout.ts'
import { resolveVars } from './references.ts'
import { checkNames } from './names.ts'
import type { StackSpec } from './stack-spec.ts'
import { checkCluster } from './topology.ts'
import { guarded, known } from './unknown.ts'

export interface ClusterInput {
  /** Groups that carry a `cluster` variable themselves, with their merged variables. */
  readonly carriers: ReadonlyMap<string, Layer>
  readonly hosts: readonly Host[]
  /** Hosts listed in a group itself and in none below it. */
  readonly direct: (group: string) => ReadonlySet<string>
  readonly extra: Vars
  /** Undefined: the variable is taken as it is written. */
  readonly stacks?: readonly StackSpec[]
}

export interface Clusters {
  readonly clusters: readonly Cluster[]
  readonly diagnostics: readonly Diagnostic[]
}

/** Every `cluster` variable as a Cluster: checked against its stack, filled with defaults, with its hosts. */
export function readClusters(input: ClusterInput): Clusters {
  const diagnostics: Diagnostic[] = [...ambiguous(input)]
  const clusters: Cluster[] = []
  for (const [group, vars] of input.carriers) {
    const read = readCluster(input, group, vars)
    diagnostics.push(...read.diagnostics)
    if (!read.cluster) continue
    const { name, where } = read.cluster
    if (clusters.some((other) => other.name === name)) {
      const hint = 'give every cluster of the inventory its own name'
      diagnostics.push(
        problem('inventory/duplicate-cluster', `two clusters are called "${name}"`, {
          ...spot(where, ['name']),
          hint,
        }),
      )
    }
    clusters.push(read.cluster)
  }
  return { clusters, diagnostics }
}

const spot = (where: Cluster['where'], path: Path): Partial<Diagnostic> => {
  const at = where(path)
  return at ? { at } : {}
}

/** A host belongs to one cluster at most, else nobody could say which one a command acts on. */
function ambiguous({ carriers, hosts }: ClusterInput): Diagnostic[] {
  return hosts.flatMap((host) => {
    const groups = host.groups.filter((group) => carriers.has(group))
    const last = groups.at(-1)
    const sourced = last === undefined ? undefined : carriers.get(last)?.get('cluster')
    if (groups.length < 2 || !sourced) return []
    const summary = `the host "${host.name}" is in two clusters: those of the groups ${groups.join(' and ')}`
    const hint = 'put `cluster` on groups that share no host (never on "all" and on another group)'
    return [
      problem('inventory/two-clusters', summary, { at: sourced.source.where(sourced.path, 'key'), hint }),
    ]
  })
}

function readCluster(
  input: ClusterInput,
  group: string,
  vars: Layer,
): Clusters & { readonly cluster?: Cluster } {
  const sourced = vars.get('cluster') as Sourced
  const fileWhere: Where = (path, part) => sourced.source.where([...sourced.path, ...path], part)
  const fail = (diagnostic: Diagnostic): Clusters => ({ clusters: [], diagnostics: [diagnostic] })
  const resolved = resolveVars({ vars, extra: input.extra }, ['cluster'])
  const raw = resolved.vars['cluster']
  if (!isMap(raw)) {
    const summary = `cluster is ${describe(raw)}, but must be a map`
    const hint = 'write at least: cluster: { name: NAME, stack: STACK }'
    return fail(problem('inventory/wrong-type', summary, { at: fileWhere([], 'key'), hint }))
  }
  const make = (stack?: StackSpec): Made => makeCluster({ input, group, raw, where: fileWhere }, stack)
  const ask = (stack: StackSpec, made: Made): readonly Diagnostic[] =>
    judge({ ...made.cluster, vars: { ...made.cluster.vars, stack: stack.name } }, stack, made.belongs, {
      where: fileWhere,
      references: resolved.diagnostics,
    })
  const stack = input.stacks?.find((each) => each.name === raw['stack'])
  const made = make(stack)
  if (stack) return { clusters: [made.cluster], cluster: made.cluster, diagnostics: ask(stack, made) }
  const likely = likelyStacks(input.stacks ?? [], raw)
  const said = likely.map((each) => ask(each, make(each)))
  const identity = [
    ...(likely.length === 0 ? checkName(raw, fileWhere) : []),
    ...(input.stacks ? checkStack(raw, input.stacks, fileWhere) : []),
  ]
  const others =
    likely.length === 0
      ? [...resolved.diagnostics, ...noHosts(made.cluster, made.belongs), ...checkNames(made.cluster)]
      : saidByAll(said)
  return { clusters: [made.cluster], cluster: made.cluster, diagnostics: [...identity, ...others] }
}

interface Made {
  readonly cluster: Cluster
  readonly belongs: Belonging
}

interface Read {
  readonly input: ClusterInput
  readonly group: string
  readonly raw: Readonly<Record<string, unknown>>
  readonly where: Where
}

/** The cluster, as its stack takes it: with its defaults and its members. */
function makeCluster({ input, group, raw, where }: Read, stack?: StackSpec): Made {
  const belongs = belonging(
    input.hosts.filter((host) => host.groups.includes(group)),
    stack?.groups ?? { members: [] },
    input.direct(group),
  )
  const cluster: Cluster = {
    name: typeof raw['name'] === 'string' ? raw['name'] : group,
    stack: typeof raw['stack'] === 'string' ? raw['stack'] : '',
    group,
    vars: (stack ? fillDefaults(withIdentity(stack), raw) : raw) as Vars,
    hosts: belongs.hosts,
    members: belongs.members,
    voters: belongs.voters,
    where,
  }
  return { cluster, belongs }
}

interface Known {
  readonly where: Where
  /** What is wrong with the references to other variables. */
  readonly references: readonly Diagnostic[]
}

/** Everything that is wrong with a cluster of a stack. */
function judge(
  cluster: Cluster,
  stack: StackSpec,
  belongs: Belonging,
  { where, references }: Known,
): readonly Diagnostic[] {
  const { name, group } = cluster
  const schema = checkSchema(withIdentity(stack), cluster.vars, { area: 'inventory', where, name: 'cluster' })
  // What breaks the schema is unknown to the rules: those that need it say nothing, all others are told at once.
  const vars = guarded(cluster.vars, unfitPaths(withIdentity(stack), cluster.vars))
  const relations = [
    ...noHosts(cluster, belongs),
    ...checkBelonging(belongs, stack.groups, { name, group, at: where([], 'key') }),
    ...checkCluster(cluster, stack.addresses ?? []),
    ...checkNames(cluster),
    ...known(() => stack.check({ ...cluster, vars })),
  ]
  return [...references, ...schema.filter((each) => !isSaid(each, relations)), ...relations]
}

/** A relation says more about a value than its pattern does. */
const isSaid = ({ code, at }: Diagnostic, by: readonly Diagnostic[]): boolean =>
  code === 'inventory/wrong-value' &&
  by.some((other) => other.at?.line === at?.line && other.at?.col === at?.col)

function noHosts({ group, where, name }: Cluster, { hosts, strays }: Belonging): Diagnostic[] {
  if (hosts.length + strays.length > 0) return []
  const hint = `add hosts to the group "${group}"`
  return [problem('inventory/no-hosts', `the cluster "${name}" has no hosts`, { ...spot(where, []), hint })]
}

type Raw = Readonly<Record<string, unknown>>

/** Which stacks a variable may be meant for that names none, or one that is not there: by the word, else by its keys. */
function likelyStacks(stacks: readonly StackSpec[], raw: Raw): readonly StackSpec[] {
  const { stack } = raw
  const guess =
    typeof stack === 'string'
      ? suggest(
          stack,
          stacks.map(({ name }) => name),
        )
      : undefined
  if (guess !== undefined) return stacks.filter(({ name }) => name === guess)
  // Nothing that tells one stack from another: judged as one of them, it would be full of errors that nobody made.
  if (Object.keys(raw).every((key) => ['name', 'stack'].includes(key))) return []
  const misfits = (each: StackSpec): number =>
    countMisfits(withIdentity(each), fillDefaults(withIdentity(each), { ...raw, stack: each.name }))
  const counted = stacks.map((each) => [each, misfits(each)] as const)
  const least = Math.min(...counted.map(([, count]) => count))
  return counted.filter(([, count]) => count === least).map(([each]) => each)
}

/** What is wrong whichever of several stacks is meant. */
function saidByAll([first = [], ...others]: readonly (readonly Diagnostic[])[]): readonly Diagnostic[] {
  const key = ({ code, at }: Diagnostic): string => `${code} ${at?.file}:${at?.line}:${at?.col}`
  return first.filter((each) => others.every((list) => list.some((other) => key(other) === key(each))))
}

function checkName({ name }: Raw, where: Where): Diagnostic[] {
  if (name === undefined) {
    return [
      problem('inventory/missing-key', 'cluster has no "name"', {
        at: where([], 'key'),
        hint: 'add "name:", e.g. name: pgcluster',
      }),
    ]
  }
  if (typeof name === 'string' && !nameFault('cluster', name)) return []
  return [
    problem('inventory/cluster-name', `the cluster name is ${describe(name)}`, {
      at: where(['name']),
      hint: `allowed: ${NAMES.cluster.allowed}; write for example: name: pgcluster`,
    }),
  ]
}

function checkStack({ stack }: Raw, stacks: readonly StackSpec[], where: Where): Diagnostic[] {
  const names = stacks.map((each) => each.name)
  const list = `write one of: ${names.join(', ')}`
  if (stack === undefined) {
    return [
      problem('inventory/missing-key', 'cluster has no "stack"', {
        at: where([], 'key'),
        hint: `add "stack:"; ${list}`,
      }),
    ]
  }
  const guess = typeof stack === 'string' ? suggest(stack, names) : undefined
  const hint = guess === undefined ? list : `did you mean "${guess}"?`
  return [
    problem('inventory/unknown-stack', `no stack called ${describe(stack)}`, { at: where(['stack']), hint }),
  ]
}

const extended = new WeakMap<StackSpec, object>()

/** The stack's schema with the two keys every cluster has, for stacks that do not name them. */
function withIdentity(stack: StackSpec): object {
  const known = extended.get(stack)
  if (known) return known
  const identity = {
    name: { type: 'string', description: 'Name of the cluster.' },
    stack: { const: stack.name, description: 'What makes PostgreSQL highly available.' },
  }
  const required = [...new Set(['name', 'stack', ...(stack.vars.required ?? [])])]
  const made = { ...stack.vars, required, properties: { ...identity, ...stack.vars.properties } }
  extended.set(stack, made)
  return made
}
