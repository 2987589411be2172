import { isIP } from 'node:net'
import type { Diagnostic, Span } from '../diag/diagnostic.ts'
import { problem } from '../diag/diagnostic.ts'
import { type Cidr, addressFault, inNetwork, parseCidr, sameAddress } from './address.ts'
import type { Cluster, Host } from './inventory.ts'
import { isMap } from './layout.ts'

/** Hosts of a cluster that hold its data, or run its service. */
export const members = (cluster: Pick<Cluster, 'hosts' | 'members'>): readonly Host[] =>
  cluster.hosts.filter(({ name }) => cluster.members.includes(name))

/** Hosts of a cluster in a serving group of its stack; its members when there is none. */
export function serving(cluster: Pick<Cluster, 'hosts' | 'members'>, group: string): readonly Host[] {
  const own = cluster.hosts.filter((host) => host.groups.includes(group))
  return own.length > 0 ? own : members(cluster)
}

/** Hosts of a cluster that only vote. */
export const witnesses = (cluster: Pick<Cluster, 'hosts' | 'voters'>): readonly Host[] =>
  cluster.hosts.filter(({ name }) => cluster.voters.includes(name))

/** Every address of a host that the inventory names: `ansible_host` and `links`. */
export function addressesOf(host: Host): readonly string[] {
  const links = host.vars['links']
  const linked = Array.isArray(links) ? links.filter((link) => typeof link === 'string') : []
  return [...new Set([host.connection.address, ...linked])]
}

/**
 * Addresses by which a cluster knows a host, the first one first: its `links`, else the address hactl reaches it by.
 * Everything between hosts uses these; `ansible_host` is the controller's way and may lead through another network.
 */
export function clusterAddresses(host: Host): readonly string[] {
  const links = host.vars['links']
  const linked = Array.isArray(links) ? links.filter((link) => typeof link === 'string') : []
  return linked.length > 0 ? linked : [host.connection.address]
}

/** The one address that a cluster's programs listen on and are reached by. */
export const clusterAddress = (host: Host): string => clusterAddresses(host)[0] ?? host.connection.address

/** An address where a port follows it: IPv6 in brackets. */
export const bracketed = (address: string): string => (isIP(address) === 6 ? `[${address}]` : address)

/** Two hosts with one address: commands for one would reach the other. `at` gives the place of a host's address. */
export function checkUniqueAddresses(
  hosts: readonly Host[],
  at: (host: Host, address: string) => Span | undefined,
): { readonly hosts: readonly string[]; readonly diagnostic: Diagnostic }[] {
  const found: { readonly hosts: readonly string[]; readonly diagnostic: Diagnostic }[] = []
  const owners = new Map<string, Host>()
  for (const host of hosts) {
    if (host.connection.kind === 'local') continue
    for (const address of addressesOf(host)) {
      // Virtual machines behind one address differ by port.
      const isMain = address === host.connection.address
      const key =
        isMain && host.connection.port !== undefined ? `${address} port ${host.connection.port}` : address
      const owner = owners.get(key)
      if (!owner) {
        owners.set(key, host)
        continue
      }
      if (owner === host) continue
      const place = at(host, address)
      const summary = `${host.name} and ${owner.name} have the same address ${key}`
      const hint = `give ${host.name} its own address`
      const diagnostic = problem('inventory/same-address', summary, { ...(place && { at: place }), hint })
      found.push({ hosts: [host.name, owner.name], diagnostic })
    }
  }
  return found
}

/** `links` of a host: a list of addresses. */
export function checkLinks(host: Host, at: (index?: number) => Span | undefined): Diagnostic[] {
  const links = host.vars['links']
  if (links === undefined) return []
  const place = (index?: number): Partial<Diagnostic> => {
    const span = at(index)
    return span ? { at: span } : {}
  }
  if (!Array.isArray(links) || links.length === 0) {
    const hint = `write a list: links: [${host.connection.address}]`
    return [
      problem('inventory/wrong-type', `links of ${host.name} must be a list of addresses`, {
        ...place(),
        hint,
      }),
    ]
  }
  return links.flatMap((link: unknown, index) => {
    const fault = typeof link === 'string' ? addressFault(link) : 'is no text'
    if (fault === undefined) return []
    const hint = 'write an address without a prefix'
    return [
      problem('inventory/address', `link ${index} of ${host.name}, "${String(link)}", ${fault}`, {
        ...place(index),
        hint,
      }),
    ]
  })
}

/**
 * Relations that hold for a cluster of any stack: its virtual addresses, in these keys of the variable, are valid, free,
 * distinct and in a subnet.
 */
export function checkCluster(cluster: Cluster, keys: readonly string[]): Diagnostic[] {
  const vips = keys.flatMap((key) => {
    const vip = cluster.vars[key]
    const address = isMap(vip) ? vip['address'] : undefined
    return typeof address === 'string' ? [{ key, address }] : []
  })
  const found = vips.flatMap((vip) => checkVip(cluster, vip))
  const seen: { readonly key: string; readonly ip: string }[] = []
  for (const { key, address } of vips) {
    const ip = parseCidr(address)?.address
    if (ip === undefined) continue
    const other = seen.find((each) => sameAddress(each.ip, ip))
    seen.push({ key, ip })
    if (!other) continue
    const at = cluster.where([key, 'address'])
    const hint = `give ${key} an address of its own, or remove it`
    found.push(
      problem('inventory/same-vip', `${other.key} and ${key} are both ${ip}`, { ...(at && { at }), hint }),
    )
  }
  return found
}

interface Vip {
  readonly key: string
  readonly address: string
}

/** One virtual address of a cluster against its hosts. */
export function checkVip(cluster: Cluster, { key, address }: Vip): Diagnostic[] {
  const at = cluster.where([key, 'address'])
  const place = at ? { at } : {}
  const vip = parseCidr(address)
  if (!vip) {
    const hint =
      isIP(address) === 0
        ? 'write an address with its prefix, e.g. 10.0.0.20/24'
        : `add the prefix: ${address}/24`
    return [
      problem('inventory/vip-address', `${key} "${address}" is no address with a prefix`, { ...place, hint }),
    ]
  }
  const owner = cluster.hosts.find((host) => addressesOf(host).some((own) => sameAddress(own, vip.address)))
  if (owner) {
    const hint = 'choose an address that no host has: hactl moves it from host to host'
    return [
      problem('inventory/vip-is-host', `${key} ${vip.address} is the address of ${owner.name}`, {
        ...place,
        hint,
      }),
    ]
  }
  return checkVipSubnet(cluster, key, vip)
}

/** Members whose known addresses all lie elsewhere could never carry the address. */
function checkVipSubnet(cluster: Cluster, key: string, vip: Cidr): Diagnostic[] {
  const known = members(cluster)
    .map((host) => ({ host, addresses: addressesOf(host).filter((address) => isIP(address) !== 0) }))
    .filter(({ addresses }) => addresses.length > 0)
  const outside = known.filter(({ addresses }) => !addresses.some((address) => inNetwork(vip, address)))
  if (outside.length === 0) return []
  const at = cluster.where([key, 'address'])
  const network = `${vip.address}/${vip.prefix}`
  const isAll = outside.length === known.length
  const names = outside.map(({ host, addresses }) => `${host.name} (${addresses.join(', ')})`).join(', ')
  const summary = isAll
    ? `${key} ${network} is outside every subnet of the members`
    : `${key} ${network} is outside the subnets of ${names}`
  const hint =
    'choose a free address of the subnet the members share, or name their addresses there under "links:"'
  const diagnostic = problem('inventory/vip-outside-subnets', summary, { ...(at && { at }), hint })
  return [isAll ? { ...diagnostic, detail: `members: ${names}` } : { ...diagnostic, severity: 'warning' }]
}
