import { HactlError, problem } from '../diag/diagnostic.ts'

/** The first network carries everything; the second is a second ring between the nodes. */
export const NETWORKS = ['10.77.0', '10.77.1'] as const
/** The lab's own end of the first network: hactl connects from here, and packages come from here. */
export const CONTROLLER = '10.77.0.1'
/** The client's address: where `hactl lab exec-client` runs programs. */
export const CLIENT = '10.77.0.100'
/** Where a node's apt fetches packages. */
export const PROXY_PORT = 3142

const FIRST = 11
const BEFORE_VIPS = 9
/** From the tenth node on, so that 10.77.0.20 to .29 stay free for virtual addresses. */
const AFTER_VIPS = 30
/** Most nodes a lab may have: addresses .11 to .19 and .30 to .99. */
export const MAX_NODES = 79

/** The addresses of the node at a position (from 0), one a network. */
export function addressesOf(index: number): readonly string[] {
  const last = index < BEFORE_VIPS ? FIRST + index : AFTER_VIPS + index - BEFORE_VIPS
  return NETWORKS.map((network) => `${network}.${last}`)
}

/** The names of N nodes without names: pg1, pg2 … */
export const defaultNodes = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `pg${index + 1}`)

const NAME = /^[a-z][a-z0-9-]{0,30}$/

const bad = (what: string, name: string, rule: string): HactlError =>
  new HactlError(problem('lab/bad-name', `${what} "${name}" cannot be used`, { hint: rule }))

/** Refuses a lab name that cannot become part of a namespace and a control group. */
export function checkLabName(name: string): string {
  if (NAME.test(name)) return name
  throw bad('lab name', name, 'a lab name is a small letter, then up to 30 small letters, digits and hyphens')
}

/** Refuses the name of a snapshot that cannot become the name of a folder. */
export function checkSnapshotName(name: string): string {
  if (NAME.test(name)) return name
  throw bad('snapshot name', name, 'a snapshot is named by the rules of a lab name')
}

/** Refuses node names that cannot become a host name and an interface name, and names that come twice. */
export function checkNodeNames(names: readonly string[]): readonly string[] {
  for (const name of names) {
    // An interface name has at most 15 characters, and the lab adds ".0".
    if (!/^[a-z][a-z0-9-]{0,12}$/.test(name) || name.endsWith('-')) {
      throw bad(
        'node name',
        name,
        'a node name is a small letter, then up to 12 small letters, digits and hyphens',
      )
    }
    if (names.indexOf(name) !== names.lastIndexOf(name)) throw bad('node name', name, 'name each node once')
  }
  if (names.length === 0 || names.length > MAX_NODES) {
    throw new HactlError(
      problem('lab/bad-size', `a lab of ${names.length} nodes`, { hint: `1 to ${MAX_NODES} nodes` }),
    )
  }
  return names
}
