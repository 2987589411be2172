import type { TObject } from 'typebox'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import { defineModule } from '../../engine/module.ts'
import type { Module, ModuleSpec } from '../../engine/module.ts'
import { foretell, NotYet } from '../../engine/probe.ts'
import { mapText, reveal, Secret } from '../../lib/secret.ts'
import { Type } from '../../lib/type.ts'
import { ownership } from '../args.ts'
import { stat, type Stat } from '../readings/stat.ts'
import { text, type FileText } from '../readings/text.ts'
import { fileTouches, notAFile, readForEdit, wantedAccess, writeSteps } from './files.ts'
import type { FileState } from './files.ts'

/** Arguments that all modules share which change a part of a file. */
export const editArgs = {
  create: Type.Boolean({ description: 'Make the file when it does not exist.', default: false }),
  ...ownership,
}

/** The `path` of a module that edits; with a preset it may be left out. */
export const editPath = (preset?: string) =>
  Type.String({
    description: 'File to edit. A symlink is refused, not followed.',
    pattern: '^/',
    ...(preset !== undefined && { default: preset }),
  })

interface EditArgs {
  readonly path: string
  readonly create: boolean
  readonly owner?: string
  readonly group?: string
  readonly mode?: string
}

interface EditSpec<A extends EditArgs> {
  readonly name: string
  readonly about: string
  /** Schema of the arguments; the caller's `A` is its static type. */
  readonly args: TObject
  readonly examples: readonly string[]
  label?(args: A): string
  /** The text as it should be. Pure; applied to its own result it changes nothing. */
  edit(text: string, args: A): string
  /** Whether what is put in is secret, so that the diff shows nothing. */
  secret?(args: A): boolean
  refuse?(args: A, text: string): Diagnostic | undefined
}

/** A module that keeps a part of a text file and leaves the rest as it is. */
export function editModule<A extends EditArgs>(spec: EditSpec<A>): Module {
  const isSecret = (args: A): boolean => spec.secret?.(args) ?? false
  const typed: ModuleSpec<TObject, FileState> = {
    name: spec.name,
    about: spec.about,
    args: spec.args,
    examples: spec.examples,
    label: (given) => spec.label?.(own(given)) ?? own(given).path,
    async current(probe, given): Promise<FileState> {
      const args = own(given)
      const state = await readForEdit(probe, args.path, args, isSecret(args))
      if (state.type === 'absent' && !args.create) throw new NotYet(`${args.path} does not exist`)
      return state
    },
    desired: (given, from): Partial<FileState> => {
      const args = own(given)
      const old = from.content ?? (isSecret(args) ? new Secret('') : '')
      const content = mapText(old, (text) => spec.edit(text, args))
      // An absent file that would stay empty is not made.
      return from.type === 'absent' && reveal(content) === '' ? {} : { content, ...wantedAccess(args) }
    },
    steps: (from, to, given) => writeSteps(own(given).path, from, to),
    refuse: (from, _to, given) =>
      notAFile(own(given).path, from.type) ?? spec.refuse?.(own(given), reveal(from.content ?? '')),
    touches: (given) => fileTouches(own(given).path),
    predicts: (from, to, given) => {
      const { content } = to
      if (content === undefined || from.type !== 'file') return []
      const { path } = own(given)
      return [
        foretell<FileText>(text, path, () => ({ kind: 'text', text: reveal(content) })),
        foretell<Stat>(stat, path, (before) => ({
          ...before,
          ...wantedAccess(own(given)),
          size: Buffer.byteLength(reveal(content)),
        })),
      ]
    },
    textFields: ['content'],
  }
  return defineModule(typed)

  function own(given: unknown): A {
    return given as A
  }
}

/** Lines of a text without their ends. */
export const linesOf = (text: string): string[] => {
  if (text === '') return []
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n')
}

/** Lines as a text; every line is ended. */
export const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')

/** Where new lines go: behind the last line that matches, before the first, or at the end. */
export function placeFor(lines: readonly string[], after?: string, before?: string): number {
  if (after !== undefined) {
    const found = lines.findLastIndex((line) => new RegExp(after).test(line))
    if (found >= 0) return found + 1
  }
  if (before !== undefined) {
    const found = lines.findIndex((line) => new RegExp(before).test(line))
    if (found >= 0) return found
  }
  return lines.length
}
