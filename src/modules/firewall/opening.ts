import { isIPv4, isIPv6 } from 'node:net'
import { HactlError, problem } from '../../diag/diagnostic.ts'

/** A row of ports of one protocol; a single port is a row of one. */
export interface PortRange {
  readonly protocol: string
  readonly first: number
  readonly last: number
}

/** Ports to open, for everybody or for one source network. */
export interface Opening extends PortRange {
  /** What plans call it: `5432/tcp`, `5432/tcp from 10.77.0.0/24`. */
  readonly key: string
  /** IPv4 or IPv6 network as firewalls write it; undefined: from anywhere. */
  readonly source: string | undefined
}

/** Whether there is an opening: `denied` by a rule of the user's own, or on one of two sides only. */
export type Presence = 'present' | 'absent' | 'denied' | 'runtime only' | 'permanent only'

/** `5432/tcp` or `5404-5405/udp` in parts; undefined for anything else. */
export function parseRange(text: string): PortRange | undefined {
  const [, low = '', high = low, protocol = ''] = /^(\d+)(?:-(\d+))?\/([a-z]+)$/.exec(text) ?? []
  return low === '' ? undefined : { protocol, first: Number(low), last: Number(high) }
}

/** The ports as one word, `5404-5405`, with the separator of the firewall. */
export const portsOf = ({ first, last }: PortRange, separator = '-'): string =>
  first === last ? String(first) : `${first}${separator}${last}`

/** Whether every port of a range is in one of some ranges. */
export function covers(ranges: readonly PortRange[], wanted: PortRange): boolean {
  let next = wanted.first
  const same = ranges.filter(({ protocol }) => protocol === wanted.protocol)
  for (const { first, last } of same.toSorted((a, b) => a.first - b.first)) {
    if (first <= next) next = Math.max(next, last + 1)
  }
  return next > wanted.last
}

function maskedIPv4(address: string, prefix: number): string {
  const bits = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const size = 2 ** (32 - prefix)
  const network = bits - (bits % size)
  return [24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256).join('.')
}

/** A network as ufw stores it: IPv4 without host bits, IPv6 shortened, no prefix for a single host. */
function network(text: string): string {
  const [address = '', length] = text.split('/')
  const longest = isIPv4(address) ? 32 : 128
  const prefix = length === undefined ? longest : Number(length)
  if ((!isIPv4(address) && !isIPv6(address)) || prefix > longest) {
    throw new HactlError(
      problem('firewall_port/source', `"${text}" is no network`, { hint: 'write e.g. 10.77.0.0/24' }),
    )
  }
  const base = isIPv4(address)
    ? maskedIPv4(address, prefix)
    : new URL(`http://[${address}]/`).hostname.slice(1, -1)
  return prefix === longest ? base : `${base}/${prefix}`
}

function checkedRange(text: string): PortRange {
  const range = parseRange(text)
  if (range && range.first >= 1 && range.first <= range.last && range.last <= 65_535) return range
  const hint = 'write 5432/tcp or 5404-5405/udp, with ports of 1 to 65535'
  throw new HactlError(problem('firewall_port/port', `"${text}" is no port`, { hint }))
}

/** Every port with every source, in that order. Throws HactlError for what is no port or network. */
export function openingsOf(ports: readonly string[], from: readonly string[] | undefined): Opening[] {
  const sources = from === undefined ? [undefined] : [...new Set(from.map(network))]
  return ports.flatMap((text) => {
    const range = checkedRange(text)
    const name = `${portsOf(range)}/${range.protocol}`
    return sources.map((source) => ({
      ...range,
      source,
      key: source === undefined ? name : `${name} from ${source}`,
    }))
  })
}
