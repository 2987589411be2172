import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Probe } from '../../engine/probe.ts'
import { covers } from './opening.ts'
import type { Opening, PortRange, Presence } from './opening.ts'

/** Rules that belong to no firewall we know: read, never changed. */
export interface Ruleset {
  /** Undefined: nothing drops what comes in. */
  readonly kind: 'nftables' | 'iptables' | undefined
  readonly accepts: (opening: Opening) => boolean
}

type Json = Readonly<Record<string, unknown>>
interface Chain extends Json {
  readonly family: string
  readonly table: string
  readonly name: string
  readonly hook?: string
  readonly policy?: string
}
interface Rule extends Json {
  readonly family: string
  readonly table: string
  readonly chain: string
  readonly expr: readonly Json[]
}

const OPEN: Ruleset = { kind: undefined, accepts: () => true }
const FAMILIES = ['ip', 'ip6', 'inet']

const isVerdict = (rule: Rule | undefined, verdicts: readonly string[]): boolean =>
  rule?.expr.some((part) => verdicts.some((verdict) => verdict in part)) ?? false

/** A chain that drops or rejects by its policy or by a last rule without a condition. */
function closes(chain: Chain, rules: readonly Rule[]): boolean {
  if (chain.hook !== 'input' || !FAMILIES.includes(chain.family)) return false
  const last = rules.findLast(
    ({ family, table, chain: name }) =>
      family === chain.family && table === chain.table && name === chain.name,
  )
  const always = !(last?.expr.some((part) => 'match' in part || 'xt' in part) ?? true)
  return chain.policy === 'drop' || (always && isVerdict(last, ['drop', 'reject']))
}

function rangesOf(protocol: string, right: unknown): PortRange[] {
  if (typeof right === 'number') return [{ protocol, first: right, last: right }]
  if (typeof right !== 'object' || right === null) return []
  if ('set' in right && Array.isArray(right.set)) {
    return right.set.flatMap((each: unknown) => rangesOf(protocol, each))
  }
  if (!('range' in right) || !Array.isArray(right.range)) return []
  const [first, last] = right.range.map(Number)
  return first === undefined || last === undefined ? [] : [{ protocol, first, last }]
}

interface Match {
  readonly op?: string
  readonly left?: { readonly payload?: { readonly protocol?: string; readonly field?: string } }
  readonly right?: unknown
}

/** The ports that a rule accepts; other conditions of the rule are its author's business. */
function acceptedBy(rule: Rule): PortRange[] {
  if (!isVerdict(rule, ['accept'])) return []
  return rule.expr.flatMap((part) => {
    const { op, left, right } = (part['match'] ?? {}) as Match
    const { protocol, field } = left?.payload ?? {}
    return op === '==' && field === 'dport' && protocol !== undefined ? rangesOf(protocol, right) : []
  })
}

const concerns = ({ family }: Chain, { source }: Opening): boolean =>
  source === undefined || family === 'inet' || (family === 'ip6') === source.includes(':')

/** What a ruleset drops and accepts, from the output of `nft --json list ruleset` (libnftables-json(5)). */
export function parseRuleset(json: string): Ruleset {
  const { nftables } = JSON.parse(json) as { nftables: readonly { chain?: Chain; rule?: Rule }[] }
  const rules = nftables.flatMap(({ rule }) => rule ?? [])
  const closed = nftables.flatMap(({ chain }) => (chain && closes(chain, rules) ? [chain] : []))
  if (closed.length === 0) return OPEN
  const accepted = (chain: Chain): PortRange[] =>
    rules.filter(({ family, table }) => family === chain.family && table === chain.table).flatMap(acceptedBy)
  return {
    kind: 'nftables',
    accepts: (opening) =>
      closed.every((chain) => !concerns(chain, opening) || covers(accepted(chain), opening)),
  }
}

/** Asked only where the table exists already: listing one would load its kernel module. */
const IPTABLES = `if grep -qsx filter /proc/net/ip_tables_names; then
  iptables-legacy -S INPUT 2>/dev/null || iptables -S INPUT
elif ! command -v nft >/dev/null && iptables -V 2>/dev/null | grep -q nf_tables; then
  iptables -S INPUT
fi`

const NOT_FOUND = 127

/** Reads the kernel's rules on a host where neither firewalld nor ufw is active. Throws HactlError. */
export async function readRuleset(probe: Probe): Promise<Ruleset> {
  const options = { dependsOn: ['firewall:', 'unit:*', 'package:*'] } as const
  const [nft, iptables] = await Promise.all([
    probe.run(['nft', '--json', '--terse', 'list', 'ruleset'], options),
    probe.run(['sh', '-c', IPTABLES], options),
  ])
  // A kernel without nftables has no rules of it.
  const none = nft.code === NOT_FOUND || nft.stderr.includes('not supported')
  if (nft.code !== 0 && !none) {
    throw new HactlError(
      problem('firewall_port/unreadable', 'nft does not list the ruleset', { detail: nft.stderr.trim() }),
      EXIT.failed,
    )
  }
  const ruleset = nft.code === 0 ? parseRuleset(nft.stdout) : OPEN
  if (ruleset.kind !== undefined) return ruleset
  return /^-P INPUT DROP$|^-A INPUT -j (DROP|REJECT)/m.test(iptables.stdout)
    ? { kind: 'iptables', accepts: () => false }
    : OPEN
}

/** What a ruleset has of some openings. */
export const rulesetPresence = (
  { accepts }: Ruleset,
  openings: readonly Opening[],
): Record<string, Presence> =>
  Object.fromEntries(openings.map((opening) => [opening.key, accepts(opening) ? 'present' : 'absent']))
