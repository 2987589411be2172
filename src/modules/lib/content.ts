import type { Static } from 'typebox'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import { defineModule } from '../../engine/module.ts'
import type { Module } from '../../engine/module.ts'
import { Secret } from '../../lib/secret.ts'
import type { Text } from '../../lib/secret.ts'
import { Type } from '../../lib/type.ts'
import { absolutePath, ownership, secretText } from '../args.ts'
import { fileTouches, notAFile, readFile, wantedAccess, writeSteps } from './files.ts'
import { readBeside, uploadSteps } from './stream.ts'
import type { Access, FileState } from './files.ts'

/** Arguments of `template` and `copy`: the same but for where `src` is looked up. */
const argsOf = (src: string) =>
  Type.Object({
    path: absolutePath('File on the host. A symlink is refused, not followed.'),
    src: Type.Optional(Type.String({ description: src })),
    content: Type.Optional(secretText('The content itself, instead of `src`.')),
    ...ownership,
    validate: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Command that checks the new file before it takes its place; `%s` is its path.',
        minItems: 1,
      }),
    ),
  })

type Args = Static<ReturnType<typeof argsOf>>

/** The engine has put the text of `src` here; only a task without both gets past it. */
function contentOf(args: Args): Text {
  if (args.content !== undefined) return args.content
  throw new HactlError(
    problem('file/no-content', `${args.path} has neither src nor content`, { hint: 'give one of the two' }),
    EXIT.usage,
  )
}

/** The local file to stream: the engine leaves `src` where it is no text. */
const streamed = ({ content, src }: Args): string | undefined => (content === undefined ? src : undefined)

/** Nobody but the owner and the group may read a secret, so a file that holds one is private by default. */
const accessFor = (args: Args, from: FileState): Access =>
  args.mode === undefined && args.content instanceof Secret && othersMay(from.mode ?? '0644')
    ? { ...args, mode: '0600' }
    : args

const othersMay = (mode: string): boolean => (Number.parseInt(mode, 8) & 0o007) !== 0

function refuse(from: FileState, args: Args): Diagnostic | undefined {
  if (args.validate && streamed(args) !== undefined) {
    return problem(
      'file/not-validated',
      `${args.src} is streamed, and cannot be validated before it is in its place`,
      {
        hint: 'leave out `validate`, and check the file with a `command` task behind it',
      },
    )
  }
  if (args.content instanceof Secret && args.mode !== undefined && othersMay(args.mode)) {
    return problem(
      'file/secret-not-private',
      `${args.path} holds a secret and mode ${args.mode} opens it to all`,
      { hint: 'use mode "0600", or "0640" with a group' },
    )
  }
  return notAFile(args.path, from.type)
}

/** A module that keeps a file's whole content, owner, group and mode. */
export const contentModule = (about: {
  readonly name: string
  readonly about: string
  readonly src: string
  readonly source: 'template' | 'file'
  readonly examples: readonly string[]
}): Module =>
  defineModule({
    name: about.name,
    about: about.about,
    args: argsOf(about.src),
    source: about.source,
    examples: about.examples,
    label: ({ path }) => path,
    current: (probe, args) => {
      const src = streamed(args)
      return src === undefined
        ? readFile(probe, args.path, contentOf(args), args)
        : readBeside(probe, args.path, src, args)
    },
    desired: (args, from): Partial<FileState> => ({
      ...(from.source === undefined ? { content: contentOf(args) } : { sha256: from.source }),
      ...wantedAccess(accessFor(args, from)),
    }),
    steps: (from, to, args) => {
      const src = streamed(args)
      return src === undefined
        ? writeSteps(args.path, from, to, args.validate)
        : uploadSteps(args.path, src, from, to)
    },
    refuse: (from, _to, args) => refuse(from, args),
    touches: ({ path }) => fileTouches(path),
    textFields: ['content'],
  })
