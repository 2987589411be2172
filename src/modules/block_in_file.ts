import type { Static } from 'typebox'
import { problem } from '../diag/diagnostic.ts'
import { reveal, Secret } from '../lib/secret.ts'
import { Type } from '../lib/type.ts'
import { secretText } from './args.ts'
import { editArgs, editModule, editPath, linesOf, placeFor, textOf } from './lib/edit.ts'

interface Marks {
  readonly begin: string
  readonly end: string
}

const marksOf = (comment: string, name: string): Marks => ({
  begin: `${comment} BEGIN hactl ${name}`,
  end: `${comment} END hactl ${name}`,
})

/** Position of the marked lines, markers included; undefined when there is no whole block. */
function find(lines: readonly string[], { begin, end }: Marks): { start: number; count: number } | undefined {
  const start = lines.indexOf(begin)
  const stop = start < 0 ? -1 : lines.indexOf(end, start)
  return stop < 0 ? undefined : { start, count: stop - start + 1 }
}

const regex = (description: string) => Type.Optional(Type.String({ description, format: 'regex' }))

const args = Type.Object({
  path: editPath(),
  name: Type.String({
    description: 'Name in the marker lines; one file may hold several blocks.',
    pattern: '^[A-Za-z0-9_.-]+$',
  }),
  block: secretText('The lines.'),
  comment: Type.String({
    description: 'What starts a comment in this file.',
    default: '#',
    pattern: '^\\S+$',
  }),
  state: Type.Enum(['present', 'absent'], {
    description: 'Whether the block is in the file; `absent` removes its markers too.',
    default: 'present',
  }),
  insert_after: regex('A new block goes behind the last line that matches; else to the end.'),
  insert_before: regex('A new block goes before the first line that matches; else to the end.'),
  ...editArgs,
})
type Args = Static<typeof args>

/** Some lines of a text file between two marker lines. */
export const blockInFile = editModule<Args>({
  name: 'block_in_file',
  about: 'Keep some lines between two marker lines in a text file, and leave the rest alone.',
  args,
  examples: [
    `block_in_file:
  path: /etc/security/limits.conf
  name: postgresql
  block: |
    postgres soft nofile 65536
    postgres hard nofile 65536`,
  ],
  secret: ({ block }) => block instanceof Secret,
  edit(text, { name, block, comment, state, insert_after, insert_before }) {
    const lines = linesOf(text)
    const marks = marksOf(comment, name)
    const found = find(lines, marks)
    const wanted = [marks.begin, ...linesOf(reveal(block)), marks.end]
    if (state === 'absent') return found ? textOf(lines.toSpliced(found.start, found.count)) : text
    const { start, count } = found ?? { start: placeFor(lines, insert_after, insert_before), count: 0 }
    const next = textOf(lines.toSpliced(start, count, ...wanted))
    return next === `${text}\n` ? text : next
  },
  refuse({ path, name, comment }, text) {
    const lines = linesOf(text)
    const marks = marksOf(comment, name)
    const has = (mark: string): number => lines.filter((line) => line === mark).length
    return has(marks.begin) === has(marks.end) && has(marks.begin) <= 1
      ? undefined
      : problem('file/broken-markers', `${path} holds half of the block "${name}", or two of it`, {
          hint: `put "${marks.begin}" and "${marks.end}" in order by hand`,
        })
  },
})
