import { BlockList, isIP, isIPv4 } from 'node:net'

/** An IP address with the length of its network's prefix. */
export interface Cidr {
  readonly address: string
  readonly prefix: number
}

/** `10.0.0.5/24` or `fd00::5/64` in parts; undefined when it is no address with a prefix. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', prefix = '', ...rest] = text.split('/')
  const longest = isIP(address) === 4 ? 32 : 128
  if (isIP(address) === 0 || rest.length > 0 || !/^\d{1,3}$/.test(prefix)) return undefined
  return Number(prefix) <= longest ? { address, prefix: Number(prefix) } : undefined
}

/** `10.0.0.5` of `10.0.0.5/24`: what is carried, asked for and connected to. */
export const withoutPrefix = (text: string): string => text.split('/')[0] ?? text

/** Whether an address lies in the network of another; false across IP versions. */
export function inNetwork({ address, prefix }: Cidr, other: string): boolean {
  const family = isIPv4(address) ? 'ipv4' : 'ipv6'
  if (isIP(other) !== isIP(address)) return false
  const network = new BlockList()
  network.addSubnet(address, prefix, family)
  return network.check(other, family)
}

/** An address as the network that holds it alone: `10.0.0.1/32`, `fd00::1/128`; undefined for a name. */
export function hostNetwork(address: string): string | undefined {
  const family = isIP(address)
  return family === 0 ? undefined : `${address}/${family === 4 ? 32 : 128}`
}

/** Two spellings of one address are equal (`fd00::1`, `fd00:0::1`). */
export const sameAddress = (a: string, b: string): boolean =>
  a === b || (isIP(a) !== 0 && inNetwork({ address: a, prefix: isIPv4(a) ? 32 : 128 }, b))

/** RFC 1035, 2.3.4: a label has 63 octets at most, a name 253 characters as it is written. */
const LONGEST_LABEL = 63
const LONGEST_NAME = 253

/** What is wrong with an address or host name, as the end of a sentence; undefined when nothing is. */
export function addressFault(text: string): string | undefined {
  if (isIP(text) !== 0) return undefined
  if (text === '') return 'is empty'
  if (text.includes('/')) return 'has a prefix or a path'
  if (/^[\d.]+$/.test(text)) return 'is no IPv4 address'
  if (text.includes(':')) return 'is no IPv6 address'
  if (text.length > LONGEST_NAME) return `is longer than ${LONGEST_NAME} characters`
  const long = text.split('.').find((label) => label.length > LONGEST_LABEL)
  if (long !== undefined) return `has a part longer than ${LONGEST_LABEL} characters`
  return /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/.test(
    text,
  )
    ? undefined
    : 'is neither an address nor a host name'
}
