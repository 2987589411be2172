import { HactlError, problem, type Diagnostic } from '../diag/diagnostic.ts'
import type { Param, Playbook } from '../engine/playbook.ts'
import { suggest } from '../lib/suggest.ts'

export interface Rest {
  /** Words that are no option: the inventory. */
  readonly words: readonly string[]
  readonly given: Readonly<Record<string, string>>
}

/** Splits what follows the runbook's name: `inventory.yml --on pg1 --wait=30s --force`. */
export function splitRest(rest: readonly string[]): Rest {
  const words: string[] = []
  const given: Record<string, string> = {}
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i] ?? ''
    const option = /^--([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(word)
    if (!option) {
      words.push(word)
      continue
    }
    const name = (option[1] ?? '').replaceAll('-', '_')
    const next = rest[i + 1]
    if (option[2] !== undefined) given[name] = option[2]
    else if (next !== undefined && !next.startsWith('--')) given[name] = rest[++i] ?? ''
    else given[name] = 'true'
  }
  return { words, given }
}

/**
 * The parameters of a runbook with their types and defaults. Throws HactlError (exit 2) with every missing, unknown
 * or wrong one.
 */
export function readParams(
  playbook: Playbook,
  given: Readonly<Record<string, string>>,
  hosts: readonly string[],
): Readonly<Record<string, unknown>> {
  const problems: Diagnostic[] = Object.keys(given)
    .filter((name) => !(name in playbook.params))
    .map((name) => unknownParam(playbook, name))
  const values: Record<string, unknown> = {}
  for (const [name, param] of Object.entries(playbook.params)) {
    const text = given[name]
    if (text === undefined && param.default === undefined && param.optional !== true) {
      problems.push(problem('run/missing-param', `${playbook.name} needs ${flag(name)}: ${param.about}`))
    }
    const value = text === undefined ? (param.default ?? null) : convert(param, text, hosts)
    if (value === undefined) problems.push(wrongParam(name, param, text ?? '', hosts))
    values[name] = value
  }
  if (problems.length > 0) throw new HactlError(problems)
  return values
}

const flag = (name: string): string => `--${name.replaceAll('_', '-')}`

function unknownParam(playbook: Playbook, name: string): Diagnostic {
  const known = Object.keys(playbook.params)
  const close = suggest(name, known)
  const list = known.length === 0 ? 'it has none' : `it has ${known.map(flag).join(', ')}`
  const hint = close ? `did you mean "${flag(close)}"?` : list
  return problem('run/unknown-param', `${playbook.name} has no parameter "${flag(name)}"`, { hint })
}

/** Undefined: the text is no such value. */
function convert(param: Param, text: string, hosts: readonly string[]): unknown {
  switch (param.type) {
    case 'host':
      return hosts.includes(text) ? text : undefined
    case 'integer':
      return /^-?\d+$/.test(text) ? Number(text) : undefined
    case 'boolean':
      return ({ true: true, false: false } as Record<string, boolean>)[text]
    case 'string':
      return text
  }
}

function wrongParam(name: string, param: Param, text: string, hosts: readonly string[]): Diagnostic {
  const wanted = {
    host: 'a host of the cluster',
    integer: 'a whole number',
    boolean: 'true or false',
    string: 'a text',
  }
  const close = param.type === 'host' ? suggest(text, hosts) : undefined
  const known = param.type === 'host' ? `hosts: ${hosts.join(', ')}` : `write ${flag(name)} VALUE`
  const summary = `${flag(name)} must be ${wanted[param.type]}, but is "${text}"`
  return problem('run/wrong-param', summary, { hint: close ? `did you mean "${close}"?` : known })
}
