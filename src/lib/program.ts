import { readFileSync } from 'node:fs'

const FILES = new URL('../../files/', import.meta.url)
const known = new Map<string, string>()

/** A shell program without its lines of comment, which need not travel. */
export const bare = (text: string): string => text.replaceAll(/^\s*#.*\n/gm, '').trimEnd()

/** Arguments that run a text of this program's own with a POSIX shell; nothing of it is left on the host. */
export const shellWith = (text: string, name: string, args: readonly string[]): readonly string[] => [
  'sh',
  '-c',
  bare(text),
  name.replace(/^.*\//, '').replace(/\.sh$/, ''),
  ...args,
]

/** The same for a program of any kind: one whose name ends in `.py` is run by Python. */
export const programWith = (text: string, name: string, args: readonly string[]): readonly string[] =>
  name.endsWith('.py') ? ['python3', '-c', bare(text), ...args] : shellWith(text, name, args)

/** The text of a program that runs on hosts: a file of this package below `files/`. A name that is not there is a bug. */
export function program(name: string): string {
  const text = known.get(name) ?? readFileSync(new URL(name, FILES), 'utf8')
  known.set(name, text)
  return text
}

/** Arguments that run such a file with a POSIX shell. */
export const shell = (name: string, ...args: readonly string[]): readonly string[] =>
  shellWith(program(name), name, args)
