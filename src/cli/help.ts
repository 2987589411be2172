import { suggest } from '../lib/suggest.ts'
import { version } from '../lib/version.ts'
import type { Verb } from './verbs.ts'

/** The overview of `hactl --help`. */
export function overview(verbs: readonly Verb[]): string {
  const width = Math.max(...verbs.map((verb) => verb.name.length))
  return [
    'hactl: plan, apply and operate highly available PostgreSQL clusters over plain SSH.',
    '',
    'Usage: hactl VERB [INVENTORY] [options]',
    '',
    ...verbs.map((verb) => `  ${verb.name.padEnd(width)}  ${verb.about}`),
    '',
    'Options of most verbs:',
    '  -i, --inventory FILE   the inventory; default: inventory.yml in this folder',
    '  --limit PATTERN        only these hosts, as an Ansible host pattern',
    '  --format FORMAT        text, json or jsonl',
    '  -v, -vv                say more',
    '  --no-color             no colours; NO_COLOR in the environment does the same',
    '  -V, --version          print the version',
    '  -h, --help             print this, or the help of a verb: hactl VERB --help',
    '',
  ].join('\n')
}

/**
 * Answers what needs no verb: `--version`, `--help`, no argument, an unknown verb. Returns the exit code.
 * Writes by itself, because the output functions would cost more than the answer.
 */
export function answerAtOnce(
  leading: readonly string[],
  verb: string | undefined,
  verbs: readonly Verb[],
): number {
  if (leading.includes('-V') || leading.includes('--version')) {
    process.stdout.write(`${version()}\n`)
    return 0
  }
  if (leading.includes('-h') || leading.includes('--help') || verb === 'help') {
    process.stdout.write(overview(verbs))
    return 0
  }
  process.stderr.write(verb === undefined ? overview(verbs) : unknownVerb(leading, verb, verbs))
  return 2
}

function unknownVerb(leading: readonly string[], verb: string, verbs: readonly Verb[]): string {
  const close = suggest(
    verb,
    verbs.map((entry) => entry.name),
  )
  const hint = close === undefined ? 'hactl --help lists the verbs' : `did you mean "hactl ${close}"?`
  const given = ['hactl', ...leading, verb].join(' ')
  return `${given} error cli/unknown-verb: no verb called "${verb}"\n  hint: ${hint}\n`
}
