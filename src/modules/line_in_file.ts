import type { Static } from 'typebox'
import { problem } from '../diag/diagnostic.ts'
import { Secret, reveal } from '../lib/secret.ts'
import { Type } from '../lib/type.ts'
import { secretText } from './args.ts'
import { editArgs, editModule, editPath, linesOf, placeFor, textOf } from './lib/edit.ts'

const regex = (description: string) => Type.Optional(Type.String({ description, format: 'regex' }))

const args = Type.Object({
  path: editPath(),
  line: secretText('The whole line, without its end.'),
  match: regex(
    'Regular expression (JavaScript): the last line that matches is replaced by `line`; with `absent` every line that matches goes.',
  ),
  state: Type.Enum(['present', 'absent'], {
    description: 'Whether the line is in the file.',
    default: 'present',
  }),
  insert_after: regex('A new line goes behind the last line that matches; else to the end.'),
  insert_before: regex('A new line goes before the first line that matches; else to the end.'),
  ...editArgs,
})
type Args = Static<typeof args>

/** One line of a text file. */
export const lineInFile = editModule<Args>({
  name: 'line_in_file',
  about: 'Keep one line in a text file, or keep it out, and leave the other lines alone.',
  args,
  examples: [
    `line_in_file:
  path: /etc/ssh/sshd_config
  match: "^#?PermitRootLogin"
  line: PermitRootLogin prohibit-password`,
  ],
  secret: ({ line }) => line instanceof Secret,
  edit(text, { line, match, state, insert_after, insert_before }) {
    const lines = linesOf(text)
    const wanted = reveal(line)
    const matches = (each: string): boolean => match !== undefined && new RegExp(match).test(each)
    if (state === 'absent') {
      const left = lines.filter((each) => each !== wanted && !matches(each))
      return left.length === lines.length ? text : textOf(left)
    }
    const found = lines.findLastIndex(matches)
    if (found >= 0) return lines[found] === wanted ? text : textOf(lines.with(found, wanted))
    if (lines.includes(wanted)) return text
    return textOf(lines.toSpliced(placeFor(lines, insert_after, insert_before), 0, wanted))
  },
  refuse: ({ path, line }) =>
    reveal(line).includes('\n')
      ? problem('file/not-one-line', `the line for ${path} has a line end in it`, {
          hint: 'use block_in_file for more than one line',
        })
      : undefined,
})
