#!/usr/bin/env node
// Nothing heavy may be imported here: `--version` and `--help` have to answer in the time of an empty Node.
import { answerAtOnce } from './help.ts'
import { VERBS } from './verbs.ts'

/** Options that may stand before the verb and take a value; they are handed on to it. */
const VALUED = new Set(['-i', '--inventory', '--limit', '--tags', '--forks', '--format'])

/** Splits what stands before the verb from the verb and its own arguments. */
function split(argv: readonly string[]): {
  leading: readonly string[]
  verb?: string
  rest: readonly string[]
} {
  let at = 0
  while (argv[at]?.startsWith('-')) at += VALUED.has(argv[at] ?? '') ? 2 : 1
  const verb = argv[at]
  return { leading: argv.slice(0, at), ...(verb === undefined ? {} : { verb }), rest: argv.slice(at + 1) }
}

const { leading, verb, rest } = split(process.argv.slice(2))
const help = verb === 'help' && rest[0] !== undefined
const name = help ? rest[0] : verb
const wanted = VERBS.find((entry) => entry.name === name)

if (leading.some((arg) => ['-h', '--help', '-V', '--version'].includes(arg)) || wanted === undefined) {
  process.exitCode = answerAtOnce(leading, name, VERBS)
} else {
  const { enter } = await import('./enter.ts')
  await enter(wanted.name, help ? ['--help'] : [...leading, ...rest])
}
