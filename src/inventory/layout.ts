import type { Diagnostic, Span } from '../diag/diagnostic.ts'
import { problem } from '../diag/diagnostic.ts'
import { Secret } from '../lib/secret.ts'
import { suggest } from '../lib/suggest.ts'
import { describe } from '../schema/explain.ts'
import { Literal, type Path, type YamlFile } from '../schema/yaml.ts'
import { expandHosts } from './ranges.ts'

/** A variable's value as written, and where. */
export interface Sourced {
  readonly value: unknown
  readonly source: YamlFile
  readonly path: Path
}
export type Layer = ReadonlyMap<string, Sourced>
export type MutableLayer = Map<string, Sourced>

export interface RawGroup {
  readonly name: string
  readonly vars: MutableLayer
  readonly children: Set<string>
  /** `ansible_group_priority`: not a variable, but the order among groups of one depth. */
  priority: number
  readonly hosts: Set<string>
}
export interface RawHost {
  readonly name: string
  readonly vars: MutableLayer
  /** Where the host is named first. */
  readonly at: Span
}

/** What an inventory file says, before any merging. */
export interface Layout {
  readonly groups: Map<string, RawGroup>
  readonly hosts: Map<string, RawHost>
  readonly diagnostics: Diagnostic[]
}

export type Data = Readonly<Record<string, unknown>>
export const isMap = (value: unknown): value is Data =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Secret) &&
  !(value instanceof Literal)

const SECTIONS = ['hosts', 'children', 'vars'] as const

/** Reads the groups and hosts of a parsed inventory in file order, as Ansible's YAML plugin does. */
export function readLayout(source: YamlFile): Layout {
  const layout: Layout = { groups: new Map(), hosts: new Map(), diagnostics: [...source.diagnostics] }
  group(layout, 'all')
  if (source.data === undefined || source.data === null) {
    if (source.diagnostics.length === 0) layout.diagnostics.push(empty(source))
    return layout
  }
  if (!isMap(source.data)) {
    const summary = `the inventory is ${describe(source.data)}, but must be a map of groups`
    layout.diagnostics.push(problem('inventory/not-a-map', summary, { at: source.where([]), hint: SKELETON }))
    return layout
  }
  const reader = { layout, source }
  for (const name of Object.keys(source.data)) readGroup(reader, name, [name], source.data[name])
  adoptOrphans(layout)
  collectUngrouped(layout)
  return layout
}

const SKELETON =
  'begin with: all: { children: { postgres: { hosts: { pg1: { ansible_host: 10.0.0.11 } } } } }'

const empty = (source: YamlFile): Diagnostic =>
  problem('inventory/empty', 'the inventory is empty', { at: source.where([]), hint: SKELETON })

interface Reader {
  readonly layout: Layout
  readonly source: YamlFile
}

function group(layout: Layout, name: string): RawGroup {
  const known = layout.groups.get(name)
  if (known) return known
  const made: RawGroup = { name, vars: new Map(), children: new Set(), hosts: new Set(), priority: 1 }
  layout.groups.set(name, made)
  return made
}

function readGroup(reader: Reader, name: string, path: Path, data: unknown): void {
  const { layout, source } = reader
  const own = group(layout, name)
  if (data === null || data === undefined) return
  if (!isMap(data)) {
    const hint = `write below "${name}:" one or more of: hosts, children, vars`
    const summary = `the group "${name}" is ${describe(data)}, but must be a map`
    layout.diagnostics.push(problem('inventory/wrong-type', summary, { at: source.where(path), hint }))
    return
  }
  for (const [key, value] of Object.entries(data)) {
    const at: Path = [...path, key]
    const section = SECTIONS.find((each) => each === key)
    if (!section) {
      layout.diagnostics.push(unknownSection(name, key, source.where(at, 'key')))
      continue
    }
    const entries = sectionEntries(reader, section, at, value)
    for (const [entry, body] of entries) readEntry(reader, own, section, [...at, entry], body)
  }
}

function unknownSection(name: string, key: string, at: Span): Diagnostic {
  const guess = suggest(key, SECTIONS)
  const hint =
    guess === undefined
      ? `a group holds hosts, children and vars; put a variable under "vars:", a group under "children:"`
      : `did you mean "${guess}"?`
  return problem('inventory/unknown-key', `unknown key "${key}" in the group "${name}"`, { at, hint })
}

function sectionEntries(reader: Reader, section: string, path: Path, value: unknown): [string, unknown][] {
  if (value === null || value === undefined) return []
  if (typeof value === 'string' && section !== 'vars') return [[value, null]]
  if (isMap(value)) return Object.entries(value)
  const first = Array.isArray(value) ? String(value[0] ?? 'name') : 'name'
  const hint =
    section === 'vars' ? 'write "name: value" lines' : `write a map, one name with a colon a line: ${first}:`
  const summary = `"${section}" is ${describe(value)}, but must be a map`
  reader.layout.diagnostics.push(
    problem('inventory/wrong-type', summary, { at: reader.source.where(path, 'key'), hint }),
  )
  return []
}

function readEntry(reader: Reader, own: RawGroup, section: string, path: Path, body: unknown): void {
  const name = String(path.at(-1))
  switch (section) {
    case 'vars':
      if (name === 'ansible_group_priority') own.priority = readPriority(reader, path, body)
      else own.vars.set(name, { value: body, source: reader.source, path })
      return
    case 'children':
      addChild(reader, own, name, path)
      readGroup(reader, name, path, body)
      return
    default:
      addHosts(reader, own, path, body)
  }
}

function readPriority({ layout, source }: Reader, path: Path, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value
  const summary = `ansible_group_priority is ${describe(value)}, but must be a whole number`
  const at = source.where(path)
  layout.diagnostics.push(problem('inventory/wrong-type', summary, { at, hint: 'write for example 10' }))
  return 1
}

function addChild({ layout, source }: Reader, parent: RawGroup, name: string, path: Path): void {
  const chain = findChain(layout, name, parent.name)
  if (chain) {
    const summary = `groups form a cycle: ${[parent.name, ...chain].join(' → ')}`
    const hint = `remove "${name}" from the children of "${parent.name}"`
    layout.diagnostics.push(
      problem('inventory/group-cycle', summary, { at: source.where(path, 'key'), hint }),
    )
    return
  }
  group(layout, name)
  parent.children.add(name)
}

/** The way down from one group to another, both included. */
function findChain(layout: Layout, from: string, to: string): readonly string[] | undefined {
  if (from === to) return [from]
  for (const child of layout.groups.get(from)?.children ?? []) {
    const rest = findChain(layout, child, to)
    if (rest) return [from, ...rest]
  }
  return undefined
}

function addHosts({ layout, source }: Reader, own: RawGroup, path: Path, body: unknown): void {
  const key = String(path.at(-1))
  const at = source.where(path, 'key')
  const expanded = expandHosts(key)
  if ('wrong' in expanded) {
    const hint = 'write for example pg[1:3], pg[01:12] or db[a:c]'
    layout.diagnostics.push(problem('inventory/host-range', `host "${key}": ${expanded.wrong}`, { at, hint }))
    return
  }
  if (body !== null && body !== undefined && !isMap(body)) {
    const summary = `the host "${key}" is ${describe(body)}, but must be a map of variables`
    const hint = `write its variables below, e.g. "ansible_host: ${describe(body).replaceAll('"', '')}"`
    layout.diagnostics.push(problem('inventory/wrong-type', summary, { at: source.where(path), hint }))
  }
  for (const name of expanded.names) {
    const host = layout.hosts.get(name) ?? { name, vars: new Map<string, Sourced>(), at }
    layout.hosts.set(name, host)
    own.hosts.add(name)
    if (expanded.port !== undefined) host.vars.set('ansible_port', { value: expanded.port, source, path })
    for (const [variable, value] of Object.entries(isMap(body) ? body : {})) {
      host.vars.set(variable, { value, source, path: [...path, variable] })
    }
  }
}

/** Groups that nobody names as a child are children of `all`. */
function adoptOrphans(layout: Layout): void {
  const adopted = new Set([...layout.groups.values()].flatMap((each) => [...each.children]))
  const all = group(layout, 'all')
  for (const name of layout.groups.keys()) if (name !== 'all' && !adopted.has(name)) all.children.add(name)
}

/** Hosts that are in no group but `all` are in `ungrouped`. */
function collectUngrouped(layout: Layout): void {
  const named = [...layout.groups.values()].filter((each) => each.name !== 'all')
  const grouped = new Set(named.flatMap((each) => [...each.hosts]))
  const loose = [...layout.hosts.keys()].filter((name) => !grouped.has(name))
  if (loose.length === 0) return
  const ungrouped = group(layout, 'ungrouped')
  for (const name of loose) ungrouped.hosts.add(name)
  group(layout, 'all').children.add('ungrouped')
}
