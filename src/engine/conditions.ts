import { EXIT, HactlError, problem, type Span } from '../diag/diagnostic.ts'
import { suggest } from '../lib/suggest.ts'
import type { Scope } from '../template/template.ts'
import type { RunOptions } from './context.ts'
import type { Fact } from './module.ts'
import { NotYet, type Probe } from './probe.ts'
import { lookupPath } from './scope.ts'
import type { Instance } from './tasks.ts'
import { whyNot, type Predicate } from './when.ts'

/** Whether an error means that the host is gone, or the user wants to stop: nothing more can be asked of it. */
export const endsSession = ({ exit }: HactlError): boolean =>
  exit === EXIT.unreachable || exit === EXIT.interrupted

/** Whether a variable will be known, or known better, behind tasks that have not been carried out. */
export const isAwaited = ({ pending, partial }: Instance, root: string): boolean =>
  pending.has(root) || partial.has(root)

/** Why a condition does not hold for an instance; undefined when it does. */
export async function reasonAgainst(
  options: RunOptions,
  instance: Instance,
  predicate: Predicate,
  probe: Probe,
  at: (path: readonly (string | number)[]) => Span,
): Promise<string | undefined> {
  const rendered = options.templates.renderAll(predicate, instance.scope, at)
  try {
    return await whyNot(rendered as Predicate, {
      variable: (path, mayMiss) => variableOf(instance, path, mayMiss),
      fact: (name) => readFact(options, name, probe, instance),
    })
  } catch (error) {
    if (!(error instanceof HactlError) || endsSession(error)) throw error
    throw new HactlError(
      error.diagnostics.map((each) => ({ ...each, at: each.at ?? at([]) })),
      error.exit,
    )
  }
}

function variableOf(instance: Instance, path: string, mayMiss: boolean): unknown {
  const { scope, pending, partial } = instance
  const root = path.split('.')[0] ?? path
  if (pending.has(root)) throw new NotYet(`${root} is known after apply`)
  const value = lookupPath(scope, path)
  // In a plan a result is known only in part: what it does not hold yet counts as different from everything.
  if (value !== undefined || mayMiss || partial.has(root)) return value
  const known = Object.hasOwn(scope, root) ? childrenOf(scope, path) : Object.keys(scope)
  const close = suggest(path.split('.').at(-1) ?? '', known) ?? suggest(root, known)
  const hint = close ? `did you mean "${close}"?` : `known here: ${known.toSorted().join(', ')}`
  throw new HactlError(
    problem('playbook/unknown-variable', `the condition names "${path}", which is not defined`, {
      hint: `${hint}; for what may be missing add defined: true`,
    }),
  )
}

/** Names below the deepest part of a path that exists. */
function childrenOf(scope: Scope, path: string): readonly string[] {
  const parts = path.split('.')
  for (let length = parts.length - 1; length > 0; length--) {
    const value = lookupPath(scope, parts.slice(0, length).join('.'))
    if (typeof value === 'object' && value !== null) return Object.keys(value)
  }
  return []
}

/** The module `assert`: all that is asserted must hold. */
export async function checkAsserts(options: RunOptions, instance: Instance, probe: Probe): Promise<void> {
  const { task } = instance
  if (task.asserts === undefined) return
  const at = (path: readonly (string | number)[]) => task.whereArg(['that', ...path])
  const reason = await reasonAgainst(options, instance, task.asserts, probe, at)
  if (reason === undefined) return
  const said = task.args['fail_msg']
  const text =
    typeof said === 'string'
      ? options.templates.renderText(said, instance.scope, task.whereArg(['fail_msg']))
      : undefined
  throw new HactlError(
    problem('task/assert', String(text ?? reason), {
      at: task.source,
      ...(text !== undefined && { detail: reason }),
    }),
  )
}

/** Reads a fact by its name. Throws HactlError when there is none. */
export async function readFact(
  options: RunOptions,
  name: string,
  probe: Probe,
  instance: Instance,
): Promise<unknown> {
  const fact: Fact | undefined = options.registry.facts.get(name)
  if (fact) return fact.read(probe, instance.scope)
  const known = [...options.registry.facts.keys()].toSorted().join(', ')
  throw new HactlError(
    problem('playbook/unknown-fact', `no fact called "${name}"`, { hint: `known: ${known}` }),
  )
}
