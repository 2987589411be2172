import { HactlError, problem } from '../diag/diagnostic.ts'
import { Secret } from '../lib/secret.ts'
import type { Scope } from '../template/template.ts'
import type { RunOptions } from './context.ts'
import type { Action, Module } from './module.ts'
import type { Instance } from './tasks.ts'

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
  const content =
    kind === 'template' ? options.templates.render(text, scope, { file: file.path, line: 1, col: 1 }) : text
  return { ...rest, content: content instanceof Secret ? content : String(content) }
}
