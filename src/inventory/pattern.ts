import type { Diagnostic, Span } from '../diag/diagnostic.ts'
import { problem } from '../diag/diagnostic.ts'
import { suggest } from '../lib/suggest.ts'
import type { Inventory } from './inventory.ts'

export interface Matched {
  /** In the order of the patterns, hosts of a group in file order. */
  readonly hosts: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
}

type Known = Pick<Inventory, 'hosts' | 'groups'>

/**
 * The hosts an Ansible host pattern names: `all`, `*`, names, globs, `a:b`, `a,b`, `!x` (without), `&x` (and in),
 * `group[0]`, `group[-1]`, `group[1:]`, `group[0:2]` (both ends included), `~regex`. A name that does not exist is an
 * error and not, as in Ansible, a warning: a typo must never act on other hosts. `at` is where the pattern is written.
 */
export function matchHosts(known: Known, pattern: string | readonly string[], at?: Span): Matched {
  const patterns = typeof pattern === 'string' ? [pattern] : pattern
  const place = at ? { at } : {}
  const diagnostics: Diagnostic[] = []
  let hosts: readonly string[] = []
  for (const { operator, name } of inOrder(patterns.flatMap(splitPattern))) {
    const found = matchOne(known, name)
    if ('code' in found) diagnostics.push({ ...found, ...place })
    else hosts = combine(hosts, operator, found)
  }
  if (hosts.length === 0 && diagnostics.length === 0) {
    const summary = `the pattern "${patterns.join(',')}" matches no host`
    diagnostics.push(
      problem('inventory/no-match', summary, { ...place, hint: '`hactl inventory` lists the hosts' }),
    )
  }
  return { hosts, diagnostics }
}

type Operator = '' | '&' | '!'

function combine(hosts: readonly string[], operator: Operator, found: readonly string[]): readonly string[] {
  switch (operator) {
    case '!':
      return hosts.filter((host) => !found.includes(host))
    case '&':
      return hosts.filter((host) => found.includes(host))
    case '':
      return [...new Set([...hosts, ...found])]
  }
}

/** Splits at commas, or at colons where there is no comma; not inside brackets, a regex or an IPv6 address. */
export function splitPattern(pattern: string): readonly string[] {
  if (pattern.includes(',')) return pattern.split(',').flatMap((part) => splitPattern(part.trim()))
  const text = pattern.trim()
  if (text === '') return []
  if (/^[!&]?~/.test(text) || /^[!&]?[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*$/.test(text)) return [text]
  const parts: string[] = ['']
  let depth = 0
  for (const char of text) {
    if (char === '[') depth += 1
    if (char === ']') depth -= 1
    if (char === ':' && depth <= 0) parts.push('')
    else parts[parts.length - 1] += char
  }
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

interface Part {
  readonly operator: Operator
  readonly name: string
}

/** Plain ones first, then `&`, then `!`, as Ansible does; only exclusions mean all the others. */
function inOrder(texts: readonly string[]): readonly Part[] {
  const parts = texts.map((text): Part => {
    const operator = text.startsWith('&') ? '&' : text.startsWith('!') ? '!' : ''
    return { operator, name: operator === '' ? text : text.slice(1) }
  })
  const having = (operator: Operator): readonly Part[] => parts.filter((part) => part.operator === operator)
  const plain = having('')
  const start: readonly Part[] =
    plain.length > 0 || parts.length === 0 ? plain : [{ operator: '', name: 'all' }]
  return [...start, ...having('&'), ...having('!')]
}

const SUBSCRIPT = /^(.+)\[(?:(-?\d+)|(\d+)[:-](\d*))\]$/

function matchOne(known: Known, name: string): readonly string[] | Diagnostic {
  if (known.hosts.has(name)) return [name]
  const subscript = name.startsWith('~') ? null : SUBSCRIPT.exec(name)
  const base = matchName(known, subscript?.[1] ?? name)
  if (!subscript || 'code' in base) return base
  const [, , index, from, to] = subscript
  const chosen =
    index === undefined
      ? base.slice(Number(from), to === '' || to === undefined ? undefined : Number(to) + 1)
      : [base.at(Number(index))].filter((host) => host !== undefined)
  if (chosen.length > 0) return chosen
  const summary = `${name}: "${subscript[1]}" has only ${base.length} host${base.length === 1 ? '' : 's'}`
  return problem('inventory/subscript', summary, { hint: 'counting begins at 0' })
}

function matchName(known: Known, name: string): readonly string[] | Diagnostic {
  if (name === 'all' || name === '*') return [...known.hosts.keys()]
  const group = known.groups.get(name)
  if (group) return group
  const test = nameTest(name)
  if (typeof test !== 'function') return test
  const inGroups = new Set([...known.groups].filter(([each]) => test(each)).flatMap(([, hosts]) => hosts))
  const matched = [...known.hosts.keys()].filter((host) => inGroups.has(host) || test(host))
  return matched.length > 0 ? matched : unknownName(known, name)
}

function unknownName(known: Known, name: string): Diagnostic {
  if (/^~|[*?[]/.test(name)) {
    const hint = `hosts: ${[...known.hosts.keys()].join(', ')}`
    return problem('inventory/no-match', `"${name}" matches no host and no group`, { hint })
  }
  const names = [...known.hosts.keys(), ...known.groups.keys()]
  const guess = suggest(name, names)
  const hint = guess === undefined ? `known names: ${names.join(', ')}` : `did you mean "${guess}"?`
  return problem('inventory/unknown-host', `no host or group called "${name}"`, { hint })
}

function nameTest(pattern: string): ((name: string) => boolean) | Diagnostic {
  if (!pattern.startsWith('~')) {
    try {
      const glob = globToRegex(pattern)
      return (name) => glob.test(name)
    } catch {
      const summary = `"${pattern}" is no host pattern: a range in its brackets ends before it begins`
      return problem('inventory/pattern', summary, { hint: 'write for example pg[1-3]' })
    }
  }
  try {
    // Like Python's re.match: anchored at the start only.
    const regex = new RegExp(`^(?:${pattern.slice(1)})`)
    return (name) => regex.test(name)
  } catch (error) {
    const summary = `"${pattern}" is no regular expression: ${(error as Error).message}`
    return problem('inventory/pattern', summary, { hint: 'write for example ~pg[12]' })
  }
}

/** A shell glob (`*`, `?`, `[abc]`, `[!a]`) as a regular expression for whole names. */
export function globToRegex(glob: string): RegExp {
  const source = glob.replaceAll(
    /\[(!?)([^\]]+)\]|[*?]|[^*?]/g,
    (text, not: string | undefined, set: string | undefined) => {
      if (set !== undefined) return `[${not === '!' ? '^' : ''}${set.replaceAll(/[\\^\]]/g, '\\$&')}]`
      if (text === '*') return '.*'
      return text === '?' ? '.' : text.replace(/[\\^$.|+()[\]{}]/, '\\$&')
    },
  )
  return new RegExp(`^${source}$`, 's')
}
