import { HactlError, problem } from '../diag/diagnostic.ts'
import { programWith } from '../lib/program.ts'
import type { Scope } from '../template/template.ts'
import type { RunOptions } from './context.ts'
import type { Action, Module } from './module.ts'
import type { Instance } from './tasks.ts'

type Rendered = Readonly<Record<string, unknown>>

const isScript = (value: unknown): value is { readonly script: string; readonly args?: unknown } =>
  typeof value === 'object' &&
  value !== null &&
  'script' in value &&
  typeof value.script === 'string' &&
  Object.keys(value).every((key) => key === 'script' || key === 'args')

/**
 * Commands of a task that are given as a file, `{ script: FILE, args: […] }`: the argument list that runs its text in a
 * shell, with nothing left on the host. Throws HactlError when there is no such file.
 */
export function withScripts(options: RunOptions, instance: Instance, args: Rendered): Rendered {
  const made = Object.entries(args).map(([key, value]) => {
    if (!isScript(value)) return [key, value]
    const at = instance.task.whereArg([key, 'script'])
    const file = options.lookup('file', value.script, instance.task.file)
    if (file?.text === undefined) {
      throw new HactlError(problem('playbook/no-source', `there is no script "${value.script}"`, { at }))
    }
    const words: readonly unknown[] = Array.isArray(value.args) ? value.args : []
    const texts = words.map((word) => (['number', 'boolean'].includes(typeof word) ? String(word) : word))
    return [key, programWith(file.text, value.script, texts as readonly string[])]
  })
  return Object.fromEntries(made) as Rendered
}

/**
 * `src` of a module that takes content: looked up, rendered for a template, given as `content`. A file that is no text
 * stays a `src`, now the path where it was found. Throws HactlError when there is no such file, or a template is no text.
 */
export function withSource(
  options: RunOptions,
  instance: Instance,
  module: Module | Action,
  args: Record<string, unknown>,
  scope: Scope,
): Readonly<Record<string, unknown>> {
  const kind = module.kind === 'module' ? module.spec.source : undefined
  const src = args['src']
  if (kind === undefined || typeof src !== 'string') return args
  const file = options.lookup(kind, src, instance.task.file)
  if (!file) {
    const at = instance.task.whereArg(['src'])
    throw new HactlError(problem('playbook/no-source', `there is no ${kind} "${src}"`, { at }))
  }
  const { text } = file
  if (text === undefined) {
    if (kind === 'file') return { ...args, src: file.path }
    const at = instance.task.whereArg(['src'])
    throw new HactlError(
      problem('playbook/not-text', `${file.path} is no text in UTF-8 of at most 1 MiB`, { at }),
    )
  }
  const { src: _src, ...rest } = args
  if (kind === 'file') return { ...rest, content: text }
  return { ...rest, content: options.templates.renderText(text, scope, { file: file.path, line: 1, col: 1 }) }
}
