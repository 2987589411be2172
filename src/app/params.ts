import { parseArgs } from 'node:util'
import { isStreaming, membersOf, type MemberStatus } from '../cluster/members.ts'
import type { ClusterStatus } from '../cluster/status.ts'
import { HactlError, problem, type Diagnostic } from '../diag/diagnostic.ts'
import type { Param, Playbook } from '../engine/playbook.ts'
import { suggest } from '../lib/suggest.ts'

export interface Rest {
  /** Words that are no option: the inventory. */
  readonly words: readonly string[]
  readonly given: Readonly<Record<string, string>>
}

/**
 * Splits what follows the runbook's name: `inventory.yml --on pg1 --wait=30s --force`. Which parameters there are is known
 * only when the inventory was read: a word behind a parameter is its value.
 */
export function splitRest(rest: readonly string[]): Rest {
  const { tokens } = parseArgs({ args: [...rest], strict: false, allowPositionals: true, tokens: true })
  const words: string[] = []
  const given: Record<string, string> = {}
  let open: string | undefined
  for (const token of tokens) {
    const text = token.kind === 'positional' ? token.value : (rest[token.index] ?? '')
    if (token.kind === 'option' && token.rawName.startsWith('--')) {
      const name = token.name.replaceAll('-', '_')
      given[name] = token.value ?? 'true'
      open = token.value === undefined ? name : undefined
      continue
    }
    if (token.kind !== 'option-terminator') {
      if (open === undefined) words.push(text)
      else given[open] = text
    }
    open = undefined
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
    if (text === undefined && isRequired(param)) {
      problems.push(problem('run/missing-param', `${playbook.name} needs ${flag(name)}: ${param.about}`))
    }
    const value = text === undefined ? (param.default ?? null) : convert(param, text, hosts)
    if (value === undefined) problems.push(wrongParam(name, param, text ?? '', hosts))
    values[name] = value
  }
  if (problems.length > 0) throw new HactlError(problems)
  return values
}

const isRequired = (param: Param): boolean =>
  param.default === undefined && param.optional !== true && param.pick === undefined

const PICKS: Readonly<Record<NonNullable<Param['pick']>, (member: MemberStatus) => boolean>> = {
  'ill-standby': (member) => member.role !== 'primary' && !isStreaming(member),
  'taken-out': ({ paused }) => paused !== undefined,
}

const PICKED: Readonly<Record<NonNullable<Param['pick']>, string>> = {
  'ill-standby': 'a standby that does not stream',
  'taken-out': 'a member that was taken out',
}

/** The parameters with whom the cluster shows to be meant. Throws HactlError where that is nobody, or not one alone. */
export function pickHosts(
  playbook: Playbook,
  params: Readonly<Record<string, unknown>>,
  status: ClusterStatus,
): Readonly<Record<string, unknown>> {
  const members = membersOf(status)
  const picked = Object.entries(playbook.params).flatMap(([name, { pick }]) => {
    if (pick === undefined || (params[name] ?? null) !== null) return []
    const meant = members.filter(PICKS[pick]).map((member) => member.name)
    const [only] = meant
    if (only !== undefined && meant.length === 1) return [[name, only] as const]
    const found = meant.length === 0 ? 'nobody is' : `${meant.join(', ')} are each`
    const hint = `name the member: ${flag(name)} ${only ?? members[0]?.name ?? 'HOST'}`
    throw new HactlError(
      problem('run/missing-param', `${playbook.name} needs ${flag(name)}: ${found} ${PICKED[pick]}`, {
        hint,
      }),
    )
  })
  return { ...params, ...Object.fromEntries(picked) }
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
