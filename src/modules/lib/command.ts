import { Type } from '../../lib/type.ts'

/** An argument that is a command; the engine makes an argument list of a script before a module sees it. */
export const commandOf = (description: string) =>
  Type.Unsafe<string | readonly string[]>({
    description: `${description} A list of arguments, text for \`sh -c\`, or \`{ script: FILE, args: […] }\`: a file below \`files/\` of the site or of hactl, which a shell runs on the host without leaving it there.`,
    type: ['string', 'array', 'object'],
    items: { type: 'string' },
    minItems: 1,
    minLength: 1,
    properties: {
      script: { type: 'string', description: 'File below `files/`.' },
      args: { type: 'array', items: { type: 'string' }, description: 'Its arguments.' },
    },
    required: ['script'],
    additionalProperties: false,
  })

/** A command as plans name it: a script by the name it is given (`sh -c SCRIPT name …`), all else by its first line. */
export function commandLabel(command: string | readonly string[]): string {
  if (typeof command !== 'string' && command[0] === 'sh' && command[1] === '-c' && command[3] !== undefined) {
    return command[3]
  }
  const text = typeof command === 'string' ? command : command.join(' ')
  return (text.split('\n', 1)[0] ?? '').slice(0, 60)
}
