import type { FaultRequest } from '../driver.ts'

const TABLE = 'bridge hactl'

const linksOf = (options: FaultRequest['options']): readonly string[] => {
  const link = options['link']
  return link === undefined ? ['0', '1'] : [link]
}

interface Rules {
  /** Frames between two nodes. */
  readonly forward: readonly string[]
  /** Everything a node sends. */
  readonly from: readonly string[]
  /** Everything a node gets. */
  readonly to: readonly string[]
}

const oneWay = (a: string, b: string, link: string): string =>
  `iifname "${a}.${link}" oifname "${b}.${link}" drop`
const pair = (a: string, b: string, link: string): readonly string[] => [
  oneWay(a, b, link),
  oneWay(b, a, link),
]

function rulesOf(fault: FaultRequest, all: readonly string[]): Rules {
  const [a = '', b = ''] = fault.nodes
  const links = linksOf(fault.options)
  const none = { forward: [], from: [], to: [] }
  const each = (share: string): Rules => ({
    forward: [],
    from: fault.nodes.flatMap((node) => links.map((link) => `iifname "${node}.${link}" ${share}drop`)),
    to: fault.nodes.flatMap((node) => links.map((link) => `oifname "${node}.${link}" ${share}drop`)),
  })
  switch (fault.fault) {
    case 'cut':
      return each('')
    case 'loss':
      return each(`numgen random mod 100 < ${fault.options['percent'] ?? '30'} `)
    case 'cut-one-way':
      return { ...none, forward: links.map((link) => oneWay(a, b, link)) }
    case 'cut-pair':
      return { ...none, forward: links.flatMap((link) => pair(a, b, link)) }
    case 'cut-peers': {
      const peers = fault.nodes.length > 1 ? fault.nodes.slice(1) : all.filter((node) => node !== a)
      return { ...none, forward: peers.flatMap((peer) => links.flatMap((link) => pair(a, peer, link))) }
    }
    default:
      return none
  }
}

const chain = (name: string, hook: string, rules: readonly string[]): string =>
  [
    `  chain ${name} {`,
    `    type filter hook ${hook} priority 0; policy accept;`,
    ...rules.map((rule) => `    ${rule}`),
    '  }',
  ].join('\n')

/**
 * The whole nft script for the faults that stand, put in place in one transaction. The rules match interface
 * names, so they outlive a reboot of the node.
 */
export function ruleset(faults: readonly FaultRequest[], all: readonly string[]): string {
  const rules = faults.map((fault) => rulesOf(fault, all))
  return [
    `add table ${TABLE}`,
    `delete table ${TABLE}`,
    `table ${TABLE} {`,
    // Before and after the bridge decides, so that frames for the lab's own end are met too.
    chain(
      'from_node',
      'prerouting',
      rules.flatMap((rule) => rule.from),
    ),
    chain(
      'between',
      'forward',
      rules.flatMap((rule) => rule.forward),
    ),
    chain(
      'to_node',
      'postrouting',
      rules.flatMap((rule) => rule.to),
    ),
    '}',
    '',
  ].join('\n')
}
