import type { NetAct } from './fault.ts'

/** The table of rules of an act, which hactl calls its own, and the unit that puts it in and out. */
const TABLE = 'hactl_drill'
const FLAP = 'hactl-drill-flap'

/** Ports by which a cluster manager keeps its quorum: single ports, or ranges such as `5404-5412`. */
export interface QuorumPorts {
  readonly tcp?: readonly string[]
  readonly udp?: readonly string[]
}

/** Which packets vanish at one host. */
export interface Cut {
  /** Of these hosts; undefined: of everybody. */
  readonly peers?: readonly string[]
  readonly ways: 'both' | 'in' | 'out'
  readonly ports?: QuorumPorts
  readonly percent?: number
}

const isV6 = (address: string): boolean => address.includes(':')

/** `ip saddr { … }` for each kind of address; one empty match for everybody. */
function hostMatches(peers: readonly string[] | undefined, field: 'saddr' | 'daddr'): readonly string[] {
  if (peers === undefined) return ['']
  const set = (family: string, all: readonly string[]): readonly string[] =>
    all.length === 0 ? [] : [`${family} ${field} { ${all.join(', ')} } `]
  return [
    ...set(
      'ip',
      peers.filter((each) => !isV6(each)),
    ),
    ...set('ip6', peers.filter(isV6)),
  ]
}

/** A packet of a service carries its port at one end or at the other. */
function portMatches(ports: QuorumPorts | undefined): readonly string[] {
  if (ports === undefined) return ['']
  return (['tcp', 'udp'] as const).flatMap((protocol) => {
    const all = ports[protocol] ?? []
    return all.length === 0
      ? []
      : (['dport', 'sport'] as const).map((end) => `${protocol} ${end} { ${all.join(', ')} } `)
  })
}

function chain(cut: Cut, way: 'in' | 'out', sshPort: number): readonly string[] {
  if (cut.ways !== 'both' && cut.ways !== way) return []
  const [hook, lo, end, field] =
    way === 'in'
      ? (['input', 'iifname', 'dport', 'saddr'] as const)
      : (['output', 'oifname', 'sport', 'daddr'] as const)
  const share = cut.percent === undefined ? '' : `numgen random mod 100 < ${cut.percent} `
  const drops = hostMatches(cut.peers, field).flatMap((host) =>
    portMatches(cut.ports).map((port) => `    ${host}${port}${share}drop`),
  )
  return [
    `  chain ${way} {`,
    // Before connection tracking and any rule of the host's own.
    `    type filter hook ${hook} priority -300; policy accept;`,
    `    ${lo} "lo" accept`,
    `    tcp ${end} ${sshPort} accept`,
    ...drops,
    '  }',
  ]
}

/** The whole table of an act, put in place in one transaction. Connections to sshd at `sshPort` are let through. Pure. */
export const ruleset = (cut: Cut, sshPort: number, id: number): string =>
  [`table inet ${TABLE}_${id} {`, ...chain(cut, 'in', sshPort), ...chain(cut, 'out', sshPort), '}', ''].join(
    '\n',
  )

/** A cut as the other side must make it. Pure. */
export const mirrored = (cut: Cut, peers: readonly string[]): Cut => ({
  ...cut,
  peers,
  ways: cut.ways === 'both' ? 'both' : cut.ways === 'in' ? 'out' : 'in',
})

/** Before anything is broken: without nft nothing can be cut. */
export const NET_CHECK = `PATH=$PATH:/usr/sbin:/sbin
command -v nft >/dev/null && exit 0
echo 'it has no nft: install the package nftables'; exit 77`

const TOOLS = `PATH=$PATH:/usr/sbin:/sbin table=${TABLE}_$1 unit=${FLAP}-$1`

const APPLY = `${TOOLS}
nft list table inet "$table" >/dev/null 2>&1 && nft delete table inet "$table"
printf '%s' "$2" | nft -f -`

/** The same from a unit of its own, cut and whole in turn: `$3` and `$4` seconds. */
const FLAPPING = `${TOOLS}
systemctl stop "$unit" 2>/dev/null; systemctl reset-failed "$unit" 2>/dev/null
exec systemd-run --quiet --unit="$unit" --property=RuntimeMaxSec=900 sh -c '
while :; do
  printf %s "$2" | nft -f - ; sleep "$3"
  nft delete table inet "$1"; sleep "$4"
done' flap "$table" "$2" "$3" "$4"`

/** Script and arguments that put a cut in place on a host. Pure. */
export const cutting = ({ flap }: NetAct, id: number, rules: string): readonly [string, ...string[]] =>
  flap === undefined
    ? [APPLY, String(id), rules]
    : [FLAPPING, String(id), rules, String(flap.downS), String(flap.upS)]

/** Takes the cut of an act away; its argument is the act's number. */
export const UNCUT = `${TOOLS}
systemctl stop "$unit" 2>/dev/null; systemctl reset-failed "$unit" 2>/dev/null
nft list table inet "$table" >/dev/null 2>&1 || exit 0
nft delete table inet "$table"`

/** Addresses of a host that other hosts may see, one a line. */
export const ADDRESSES = `PATH=$PATH:/usr/sbin:/sbin
ip -o addr show scope global | awk '{ sub("/.*", "", $4); print $4 }'`
