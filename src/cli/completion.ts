import { readdirSync } from 'node:fs'
import { join as joinPath, resolve } from 'node:path'
import { Command } from 'commander'
import type { Verb } from './verbs.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

export const isShell = (name: string): name is Shell => SHELLS.some((shell) => shell === name)

/** One word that may be completed, with what it means. */
interface Word {
  readonly text: string
  readonly about: string
}

/** What may follow a verb: its options, and what may stand as its arguments. */
export interface VerbWords {
  readonly verb: Word
  readonly options: readonly Word[]
  readonly subverbs: readonly Word[]
}

/** Runbooks are files of a stack's own folder; what lies deeper is imported by them. */
const yamlNames = (dir: string): string[] => {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'common')
      .flatMap((stack) => readdirSync(joinPath(dir, stack.name), { withFileTypes: true }))
      .filter((entry) => entry.isFile() && entry.name.endsWith('.yml') && entry.name !== 'deploy.yml')
      .map((entry) => entry.name.slice(0, -'.yml'.length))
  } catch {
    return []
  }
}

/**
 * Values that are not known before: the runbooks of all stacks and of this folder, the labs of this machine.
 * Reads folders only, so that it answers while the user waits; what cannot be read is left out.
 */
export async function valuesOf(verb: string): Promise<readonly string[]> {
  if (verb === 'run') {
    const shipped = resolve(import.meta.dirname, '../../playbooks')
    return [...new Set([shipped, joinPath(process.cwd(), 'playbooks')].flatMap(yamlNames))].toSorted()
  }
  if (verb !== 'lab') return []
  const { DRIVERS } = await import('../lab/drivers.ts')
  const names = await Promise.all(DRIVERS.map((driver) => driver.names().catch(() => [])))
  return names.flat()
}

const optionsOf = (command: Command): Word[] => [
  ...command.options.map((option) => ({
    text: option.long ?? option.short ?? '',
    about: option.description,
  })),
  ...command.commands.flatMap(optionsOf),
]

const unique = (words: readonly Word[]): Word[] => [
  ...new Map(words.map((word) => [word.text, word] as const)).values(),
]

/** Reads the words of every verb from its own file, so that completion cannot differ from what is accepted. */
export async function collectWords(
  verbs: readonly Verb[],
  extra: (command: Command) => void,
): Promise<VerbWords[]> {
  return await Promise.all(
    verbs.map(async ({ name, about, load }) => {
      const command = new Command(name)
      const module = await load()
      module.configure(command)
      extra(command)
      const subverbs = command.commands.map((child) => ({ text: child.name(), about: child.description() }))
      return { verb: { text: name, about }, options: unique(optionsOf(command)), subverbs }
    }),
  )
}

const join = (words: readonly Word[]): string => words.map((word) => word.text).join(' ')

function bash(all: readonly VerbWords[]): string {
  const cases = all.map(
    ({ verb, options, subverbs }) =>
      `    ${verb.text}) options='${join(options)}' words='${join(subverbs)}' ;;`,
  )
  return `# bash completion of hactl
_hactl() {
  local current=\${COMP_WORDS[COMP_CWORD]} options='' words=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${join(all.map((entry) => entry.verb))} --help --version' -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac
  case \${COMP_WORDS[1]} in
    run | lab) words="$words $(hactl completion values "\${COMP_WORDS[1]}" 2>/dev/null)" ;;
  esac
  case $current in
    -*) COMPREPLY=($(compgen -W "$options --help" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _hactl hactl
`
}

/** A text inside single quotes of zsh's \`_describe\`: no quote, and no colon unescaped. */
const zshItem = (word: Word): string =>
  `'${word.text.replaceAll(':', '\\:')}:${word.about.replaceAll("'", "'\\''")}'`

function zsh(all: readonly VerbWords[]): string {
  const cases = all.map(
    ({ verb, options, subverbs }) =>
      `    ${verb.text}) options=(${options.map(zshItem).join(' ')}) subverbs=(${subverbs.map(zshItem).join(' ')}) ;;`,
  )
  return `#compdef hactl
_hactl() {
  local -a verbs options subverbs values
  verbs=(${all.map((entry) => zshItem(entry.verb)).join(' ')})
  if (( CURRENT == 2 )); then
    _describe verb verbs
    return
  fi
  case $words[2] in
${cases.join('\n')}
  esac
  case $words[2] in
    run|lab) values=(\${(f)"$(hactl completion values $words[2] 2>/dev/null)"}) ;;
  esac
  _describe -o option options
  (( $#subverbs )) && _describe word subverbs
  (( $#values )) && compadd -a values
  _files
}
compdef _hactl hactl
`
}

const fishText = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

function fish(all: readonly VerbWords[]): string {
  const lines = all.flatMap(({ verb, options, subverbs }) => {
    const within = `complete -c hactl -n '__fish_seen_subcommand_from ${verb.text}'`
    return [
      `complete -c hactl -n __fish_use_subcommand -f -a ${verb.text} -d ${fishText(verb.about)}`,
      ...options.map((o) => `${within} -l ${o.text.replace(/^--/, '')} -d ${fishText(o.about)}`),
      ...subverbs.map((s) => `${within} -a ${s.text} -d ${fishText(s.about)}`),
    ]
  })
  const values = ['run', 'lab'].map(
    (verb) =>
      `complete -c hactl -n '__fish_seen_subcommand_from ${verb}' -a '(hactl completion values ${verb} 2>/dev/null)'`,
  )
  return `# fish completion of hactl\n${[...lines, ...values].join('\n')}\n`
}

/** The completion script of a shell. Runbooks and labs are asked for when they are needed. */
export function completionScript(shell: Shell, all: readonly VerbWords[]): string {
  switch (shell) {
    case 'bash':
      return bash(all)
    case 'zsh':
      return zsh(all)
    case 'fish':
      return fish(all)
  }
}
