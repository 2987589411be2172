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

/** Reads the lines of a corosync.conf. Throws `corosync/syntax` with the line number. */
export const parseSections = (text: string): Section => {
  const stack: [Open, ...Open[]] = [{ name: '', values: {}, sections: [] }]
  const top = (): Open => stack[stack.length - 1] ?? stack[0]
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const opens = /^([\w.]+)\s*\{$/.exec(line)
    const sets = /^([\w.]+)\s*:\s*(.*)$/.exec(line)
    if (opens) stack.push({ name: opens[1] ?? '', values: {}, sections: [] })
    else if (line === '}' && stack.length > 1) {
      const closed = stack.pop()
      if (closed) top().sections.push(closed)
    } else if (sets) top().values[sets[1] ?? ''] = sets[2] ?? ''
    else {
      throw new HactlError(
        problem('corosync/syntax', `corosync.conf cannot be read at line ${index + 1}: ${line}`),
        EXIT.failed,
      )
    }
  }
  if (stack.length > 1) {
    throw new HactlError(problem('corosync/syntax', `corosync.conf ends inside ${top().name}`), EXIT.failed)
  }
  return stack[0]
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

/** The parts of a corosync.conf that hactl compares. */
export const parseCorosyncConf = (text: string): CorosyncConf => {
  const root = parseSections(text)
  const totem = within(root, 'totem')
  const quorum = within(root, 'quorum')
  const device = within(quorum, 'device')
  const nodes = (within(root, 'nodelist')?.sections ?? []).filter(({ name }) => name === 'node')
  return {
    cluster: totem?.values['cluster_name'] ?? '',
    nodes: Object.fromEntries(
      nodes.map((node) => [
        node.values['name'] ?? node.values['ring0_addr'] ?? '',
        links(node).map(([, at]) => at),
      ]),
    ),
    links: nodes[0] ? links(nodes[0]).map(([number]) => number) : [],
    totem: totem?.values ?? {},
    quorum: quorum?.values ?? {},
    device: { ...device?.values, ...within(device, device?.values['model'] ?? 'net')?.values },
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
