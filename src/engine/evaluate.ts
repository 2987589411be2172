import { EXIT, HactlError, type Diagnostic } from '../diag/diagnostic.ts'
import { fillDefaults, fitTexts } from '../schema/build.ts'
import { checkSchema } from '../schema/validate.ts'
import { UndefinedVariable, type Scope } from '../template/template.ts'
import { checkAsserts, endsSession, isAwaited, readFact, reasonAgainst } from './conditions.ts'
import type { HostState, RunOptions, Session } from './context.ts'
import { differences, type Difference } from './diff.ts'
import type { Change } from './events.ts'
import { worse, worst, type Impact } from './impact.ts'
import type { Action, Module, State } from './module.ts'
import { NotYet, type Prediction, type Probe, type Resource } from './probe.ts'
import type { Foretold, View } from './prober.ts'
import { withScripts, withSource } from './source.ts'
import type { Step } from './step.ts'
import type { Instance } from './tasks.ts'

/** What the engine knows of a task on a host after reading. */
export type Evaluation =
  /** `says`: what the module `debug` shows. */
  | { readonly kind: 'ok'; readonly state?: State; readonly label: string; readonly says?: string }
  | { readonly kind: 'skip'; readonly because: string; readonly label: string }
  | Wanted
  /** Cannot be read before something else happened. */
  | { readonly kind: 'unknown'; readonly because: string; readonly label: string }
  | { readonly kind: 'failed'; readonly error: Diagnostic; readonly label: string }
  | { readonly kind: 'broken'; readonly error: HactlError; readonly label: string }

export interface Wanted {
  readonly kind: 'change'
  readonly label: string
  readonly changes: readonly Change[]
  readonly steps: readonly Step[]
  readonly impact: Impact
  /** Undefined: anything on the host. */
  readonly touched: readonly Resource[] | undefined
  /** What it makes of the answers it touches. */
  readonly predictions: readonly Prediction[]
  readonly timeoutMs: number
  readonly args: Readonly<Record<string, unknown>>
  /** Set for events: what decides that it has happened. */
  readonly action?: Action
}

export interface Evaluated {
  readonly evaluation: Evaluation
  readonly view: View
}

const STEP_TIMEOUT_MS = 600_000
const ACTION_TIMEOUT_MS = 60_000

/** Reads one task on its host and says what it would do. Rejects only with bugs. */
export async function evaluate(
  options: RunOptions,
  state: HostState,
  session: Session,
  instance: Instance,
  foretold?: Foretold,
): Promise<Evaluated> {
  const view = session.prober.view(foretold)
  const module = options.registry.modules.get(instance.task.module)
  if (!module) throw new Error(`module ${instance.task.module} vanished`)
  let label = instance.task.module
  if (instance.waits !== undefined)
    return { evaluation: { kind: 'unknown', because: instance.waits, label }, view }
  if (instance.turn?.of === 0)
    return { evaluation: { kind: 'skip', because: 'there is nothing to loop over', label }, view }
  try {
    const skip = await skipReason(options, instance, view.probe)
    if (skip !== undefined) return { evaluation: { kind: 'skip', because: skip, label }, view }
    await checkAsserts(options, instance, view.probe)
    const args = await renderArgs(options, instance, module, view.probe)
    label = labelOf(module, args)
    const action = module.kind === 'module' ? module.spec.event?.(args) : module
    const evaluation =
      module.kind === 'module' && action === undefined
        ? await readModule(module, args, label, instance, view.probe)
        : await readAction(action as Action, args, label, instance, view.probe)
    return { evaluation: patient(evaluation, options.patience), view }
  } catch (error) {
    return { evaluation: fromError(error, label, instance), view }
  }
}

const patient = (evaluation: Evaluation, factor = 1): Evaluation =>
  evaluation.kind === 'change' ? { ...evaluation, timeoutMs: evaluation.timeoutMs * factor } : evaluation

function fromError(error: unknown, label: string, instance: Instance): Evaluation {
  if (error instanceof NotYet) return { kind: 'unknown', because: error.why, label }
  if (error instanceof UndefinedVariable && isAwaited(instance, error.root)) {
    return { kind: 'unknown', because: `${error.root} is known after apply`, label }
  }
  if (!(error instanceof HactlError)) throw error
  const first = error.diagnostics[0]
  if (!first || endsSession(error)) return { kind: 'broken', error, label }
  const refused = error.exit === EXIT.refused && { refuses: true as const }
  return { kind: 'failed', error: { ...first, ...refused, at: first.at ?? instance.task.source }, label }
}

async function skipReason(
  options: RunOptions,
  instance: Instance,
  probe: Probe,
): Promise<string | undefined> {
  for (const { predicate, at } of instance.when) {
    const reason = await reasonAgainst(options, instance, predicate, probe, at)
    if (reason !== undefined) return reason
  }
  return undefined
}

const FACT = /\bfacts\.([a-z_]+(?:\.[a-z_]+)*)/g

/** What the arguments of a task, as written, have in common on all hosts. */
interface Written {
  readonly facts: readonly string[]
  /** No templates in them: rendered and checked once for all hosts. */
  readonly plain: boolean
  /** A command among them is a file. */
  readonly scripts: boolean
  checked?: Readonly<Record<string, unknown>>
  /** They were right on another host; a host differs only in the content that comes from a file, which is any text. */
  sound?: true
}

const written = new WeakMap<object, Written>()

function writtenOf(raw: object): Written {
  const known = written.get(raw)
  if (known) return known
  const text = JSON.stringify(raw)
  const facts = [...new Set([...text.matchAll(FACT)].map((match) => match[1] ?? ''))]
  const scripts = text.includes('"script":')
  const made = { facts, plain: !text.includes('{{') && !scripts, scripts }
  written.set(raw, made)
  return made
}

/** Facts named in the arguments are read first: templates cannot wait. */
async function factsIn(
  options: RunOptions,
  names: readonly string[],
  probe: Probe,
  instance: Instance,
): Promise<Scope> {
  if (names.length === 0) return {}
  const facts: Record<string, unknown> = {}
  const values = await Promise.all(names.map((name) => readFact(options, name, probe, instance)))
  names.forEach((name, index) => setPath(facts, name.split('.'), values[index]))
  return { facts }
}

function setPath(
  target: Record<string, unknown>,
  [key = '', ...rest]: readonly string[],
  value: unknown,
): void {
  if (rest.length === 0) target[key] = value
  else setPath((target[key] ??= {}) as Record<string, unknown>, rest, value)
}

async function renderArgs(
  options: RunOptions,
  instance: Instance,
  module: Module | Action,
  probe: Probe,
): Promise<Readonly<Record<string, unknown>>> {
  const { task } = instance
  const known = writtenOf(task.args)
  if (known.checked) return known.checked
  const facts = await factsIn(options, known.facts, probe, instance)
  const scope: Scope = known.facts.length === 0 ? instance.scope : { ...instance.scope, ...facts }
  const origin = (path: readonly (string | number)[]) => task.whereArg(path)
  const raw = options.templates.renderAll(task.args, scope, origin) as Record<string, unknown>
  const rendered = known.scripts ? withScripts(options, instance, raw) : raw
  const withContent = withSource(options, instance, module, rendered, scope)
  const filled = fillDefaults(module.spec.args, withContent)
  const args = fitTexts(module.spec.args, filled, task.args) as Readonly<Record<string, unknown>>
  const where = (path: readonly (string | number)[]) => task.whereArg(path)
  const found =
    known.sound === true
      ? []
      : checkSchema(module.spec.args, args, { area: 'playbook', where, name: task.module })
  if (found.some((d) => d.severity === 'error')) throw new HactlError(found)
  if (known.plain) known.sound = true
  if (known.plain && withContent === rendered) known.checked = args
  return args
}

function labelOf(module: Module | Action, args: Readonly<Record<string, unknown>>): string {
  const { spec } = module
  const own = spec.label?.(args)
  if (own !== undefined) return own === '' ? spec.name : `${spec.name}[${own}]`
  for (const key of ['name', 'path', 'key', 'host', 'names']) {
    const value = args[key]
    if (typeof value === 'string' || typeof value === 'number') return `${spec.name}[${value}]`
    if (Array.isArray(value) && value.length > 0) return `${spec.name}[${value.join(' ')}]`
  }
  return spec.name
}

async function readModule(
  module: Module,
  args: Readonly<Record<string, unknown>>,
  label: string,
  instance: Instance,
  probe: Probe,
): Promise<Evaluation> {
  const { spec } = module
  const from = await spec.current(probe, args)
  const to = spec.desired(args, from)
  const found = differences(from, to)
  const says = spec.says?.(args)
  if (found.length === 0) return { kind: 'ok', state: from, label, ...(says !== undefined && { says }) }
  const refused = spec.refuse?.(from, to, args)
  if (refused) return { kind: 'failed', error: { at: instance.task.source, ...refused }, label }
  const steps = spec.steps(from, to, args)
  const impact = worst(steps.map((step) => step.impact ?? 'none'))
  const changes = found.map((difference) =>
    toChange(difference, impact, spec.fieldImpact?.(difference.field, from, args)),
  )
  return {
    kind: 'change',
    label,
    changes,
    steps,
    impact: worse(impact, worst(changes.map((change) => change.impact ?? 'none'))),
    touched: spec.touches?.(args, from),
    predictions: spec.predicts?.(from, to, args) ?? [],
    timeoutMs: instance.task.timeoutMs ?? spec.timeoutMs ?? STEP_TIMEOUT_MS,
    args,
  }
}

const toChange = ({ field, from, to }: Difference, step: Impact, own: Impact | undefined): Change => ({
  field,
  from,
  to,
  ...(own !== undefined && own !== step && { impact: own }),
})

async function readAction(
  action: Action,
  args: Readonly<Record<string, unknown>>,
  label: string,
  instance: Instance,
  probe: Probe,
): Promise<Evaluation> {
  const { spec } = action
  if (spec.event !== true && (await spec.done(probe, args))) return { kind: 'ok', label }
  const steps = spec.steps(args)
  return {
    kind: 'change',
    label,
    changes: [],
    steps,
    impact: worst(steps.map((step) => step.impact ?? 'none')),
    touched: steps.length === 0 ? [] : spec.touches?.(args),
    predictions: [],
    timeoutMs: instance.task.timeoutMs ?? spec.timeoutMs ?? ACTION_TIMEOUT_MS,
    args,
    action,
  }
}
