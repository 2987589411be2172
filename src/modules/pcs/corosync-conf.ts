import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'

/** A section of corosync.conf(5): `name { key: value … }`. The whole file is the section without a name. */
export interface Section {
  readonly name: string
  readonly values: Readonly<Record<string, string>>
  readonly sections: readonly Section[]
}

/** What hactl compares of a corosync.conf. */
export interface CorosyncConf {
  readonly cluster: string
  /** Address of each link by node, link 0 first. */
  readonly nodes: Readonly<Record<string, readonly string[]>>
  /** Numbers of the links, in the order of the addresses. */
  readonly links: readonly number[]
  readonly totem: Readonly<Record<string, string>>
  readonly quorum: Readonly<Record<string, string>>
  readonly device: Readonly<Record<string, string>>
}

interface Open {
  readonly name: string
  readonly values: Record<string, string>
  readonly sections: Section[]
}

const bad = (what: string): never => {
  throw new HactlError(problem('corosync/syntax', `corosync.conf ${what}`), EXIT.failed)
}

type Line = { readonly opens: string } | { readonly key: string; readonly value: string } | 'close' | 'none'

const lineOf = (raw: string): Line | undefined => {
  const line = raw.trim()
  if (line === '' || line.startsWith('#')) return 'none'
  if (line === '}') return 'close'
  const opens = /^([\w.]+)\s*\{$/.exec(line)
  if (opens) return { opens: opens[1] ?? '' }
  const sets = /^([\w.]+)\s*:\s*(.*)$/.exec(line)
  return sets ? { key: sets[1] ?? '', value: sets[2] ?? '' } : undefined
}

/** Reads the lines of a corosync.conf. Throws `corosync/syntax` with the line number. */
export const parseSections = (text: string): Section => {
  const root: Open = { name: '', values: {}, sections: [] }
  const stack = [root]
  for (const [index, raw] of text.split('\n').entries()) {
    const top = stack.at(-1)
    if (!top) return bad(`has one "}" too many at line ${index}`)
    const line = lineOf(raw) ?? bad(`cannot be read at line ${index + 1}: ${raw.trim()}`)
    if (line === 'none') continue
    if (line === 'close') stack.pop()
    else if ('key' in line) top.values[line.key] = line.value
    else {
      const section: Open = { name: line.opens, values: {}, sections: [] }
      top.sections.push(section)
      stack.push(section)
    }
  }
  return stack.length === 1
    ? root
    : bad(stack.length === 0 ? 'has one "}" too many' : 'ends inside a section')
}

const within = (root: Section | undefined, name: string): Section | undefined =>
  root?.sections.find((section) => section.name === name)

const links = ({ values }: Section): readonly (readonly [number, string])[] =>
  Object.entries(values)
    .flatMap(([key, value]) => {
      const link = /^ring(\d+)_addr$/.exec(key)?.[1]
      return link === undefined ? [] : [[Number(link), value] as const]
    })
    .sort(([a], [b]) => a - b)

const valuesOf = (section: Section | undefined): Section['values'] => section?.values ?? {}

/** The parts of a corosync.conf that hactl compares. */
export const parseCorosyncConf = (text: string): CorosyncConf => {
  const root = parseSections(text)
  const totem = valuesOf(within(root, 'totem'))
  const quorum = within(root, 'quorum')
  const device = within(quorum, 'device')
  const nodes = within(root, 'nodelist')?.sections.filter(({ name }) => name === 'node') ?? []
  const nameOf = ({ values }: Section): string => values['name'] ?? values['ring0_addr'] ?? ''
  return {
    cluster: totem['cluster_name'] ?? '',
    nodes: Object.fromEntries(nodes.map((node) => [nameOf(node), links(node).map(([, at]) => at)])),
    links: nodes[0] ? links(nodes[0]).map(([number]) => number) : [],
    totem,
    quorum: valuesOf(quorum),
    device: { ...valuesOf(device), ...valuesOf(within(device, 'net')) },
  }
}

/**
 * Whether this is the file that Debian's package brings: one node "node1" on the loopback address in a
 * cluster called "debian". It starts at once and keeps `pcs host auth` from storing anything.
 */
export const isStock = ({ cluster, nodes }: CorosyncConf): boolean => {
  const names = Object.keys(nodes)
  return cluster === 'debian' && names.length === 1 && nodes['node1']?.join() === '127.0.0.1'
}
