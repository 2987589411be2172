import { HactlError, problem } from '../diag/diagnostic.ts'
import { describe } from '../schema/explain.ts'
import { readTextFile } from '../schema/read-text.ts'
import { parseYaml } from '../schema/yaml.ts'

type Vars = Readonly<Record<string, unknown>>

/** Names that hactl itself gives a value: another one would make a playbook act on what is not there. */
const OWN = new Set([
  'cluster',
  'secrets',
  'params',
  'hosts',
  'groups',
  'inventory_hostname',
  'address',
  'status',
  'deployment',
  'item',
])

const usage = (summary: string, hint: string): HactlError =>
  new HactlError(problem('cli/extra-vars', `-e: ${summary}`, { hint }))

const isMap = (value: unknown): value is Vars =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function readMap(text: string, file: string): Vars {
  const { data, diagnostics } = parseYaml(text, file)
  if (diagnostics.length > 0) throw new HactlError(diagnostics)
  if (isMap(data)) return data
  throw usage(`${file} is ${describe(data)}, but must be a map`, 'write one name: value a line')
}

function readFile(file: string): Vars {
  const text = readTextFile(file)
  if (typeof text !== 'string') throw new HactlError(text)
  return readMap(text, file)
}

/** `a=1 b="x y"`: texts, as in Ansible. */
function readPairs(text: string): Vars {
  const words = text.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? []
  return Object.fromEntries(
    words.map((word) => {
      const [, name, value = ''] = /^([A-Za-z_]\w*)=(.*)$/s.exec(word) ?? []
      if (name === undefined) {
        throw usage(`"${word}" is no NAME=VALUE`, `write NAME=VALUE, a map '{"name": "value"}', or @FILE`)
      }
      return [name, value.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2')]
    }),
  )
}

/** The options of a verb with its variables read. */
export const withExtraVars = <O extends { readonly extraVars?: readonly string[] }>(
  options: O,
): O & { readonly over?: Vars } =>
  options.extraVars === undefined
    ? options
    : { ...options, over: options.extraVars.reduce<Vars>((before, text) => extraVars(text, before), {}) }

/** One `-e` over those before it, in Ansible's three forms: `NAME=VALUE …`, a map as YAML or JSON, `@FILE`. */
export function extraVars(text: string, before: Vars = {}): Vars {
  const read = text.startsWith('@')
    ? readFile(text.slice(1))
    : /^\s*\{/.test(text)
      ? readMap(text, '-e')
      : readPairs(text)
  const own = Object.keys(read).find((name) => OWN.has(name))
  if (own !== undefined) throw usage(`"${own}" is hactl's own variable`, 'choose another name')
  return { ...before, ...read }
}
