import type { Static } from 'typebox'
import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import type { Diagnostic } from '../diag/diagnostic.ts'
import { defineModule } from '../engine/module.ts'
import type { Probe } from '../engine/probe.ts'
import type { Step } from '../engine/step.ts'
import { Type } from '../lib/type.ts'
import { firewalldSteps, readFirewalld } from './firewall/firewalld.ts'
import { labelSteps, readLabels, wantedLabels } from './firewall/labels.ts'
import type { Labels } from './firewall/labels.ts'
import { openingsOf } from './firewall/opening.ts'
import type { Opening, Presence } from './firewall/opening.ts'
import { readRuleset, rulesetPresence } from './firewall/ruleset.ts'
import { readUfw, ufwPresence, ufwSteps } from './firewall/ufw.ts'
import { units } from './readings/units.ts'

const args = Type.Object({
  ports: Type.Array(
    Type.String({
      description: 'A port or a range with its protocol.',
      pattern: '^\\d{1,5}(-\\d{1,5})?/(tcp|udp)$',
    }),
    { description: 'Ports, e.g. `5432/tcp`, `5404-5405/udp`.', minItems: 1 },
  ),
  from: Type.Optional(
    Type.Array(
      Type.String({
        description: 'An IPv4 or IPv6 address or network.',
        pattern: '^[0-9A-Fa-f:.]+(/\\d{1,3})?$',
      }),
      { description: 'Who may use them; without it, everybody.', minItems: 1 },
    ),
  ),
  state: Type.Enum(['present', 'absent'], {
    description: '`absent` takes these openings away.',
    default: 'present',
  }),
  zone: Type.Optional(
    Type.String({ description: 'Zone of firewalld; its default zone if not given.', pattern: '^[\\w-]+$' }),
  ),
  comment: Type.Optional(
    Type.String({
      description: 'Note beside a new rule. firewalld has no place for one; it is never compared.',
      pattern: "^[^'\\n]+$",
    }),
  ),
  setype: Type.Optional(
    Type.String({
      description: 'SELinux type of the ports, e.g. `postgresql_port_t`; kept where SELinux is enforcing.',
      pattern: '^\\w+$',
    }),
  ),
})
type Args = Static<typeof args>

interface FirewallState {
  readonly [field: string]: unknown
  /** What filters on the host; `none`: nothing does, so nothing has to be opened. */
  readonly backend: 'firewalld' | 'ufw' | 'nftables' | 'iptables' | 'none'
  readonly ports: Readonly<Record<string, Presence>>
  /** SELinux types; undefined where it is not enforcing. */
  readonly labels: Labels | undefined
}

const openings = ({ ports, from }: Args): Opening[] => openingsOf(ports, from)

async function readFirewall(
  probe: Probe,
  wanted: readonly Opening[],
  given: Args,
): Promise<Pick<FirewallState, 'backend' | 'ports'>> {
  const gone = given.state === 'absent'
  const [firewalld, ufw] = await Promise.all([probe.ask(units, 'firewalld'), readUfw(probe)])
  if (firewalld.active === 'active' && ufw.active) {
    const hint = 'disable one of them: `ufw disable` or `systemctl disable --now firewalld`'
    throw new HactlError(
      problem('firewall_port/two-firewalls', 'firewalld and ufw are both active', { hint }),
      EXIT.failed,
    )
  }
  if (firewalld.active === 'active') {
    return { backend: 'firewalld', ports: await readFirewalld(probe, wanted, given.zone) }
  }
  if (ufw.active) return { backend: 'ufw', ports: ufwPresence(ufw, wanted, gone) }
  const ruleset = await readRuleset(probe)
  return { backend: ruleset.kind ?? 'none', ports: rulesetPresence(ruleset, wanted) }
}

function steps(from: FirewallState, to: Partial<FirewallState>, given: Args): readonly Step[] {
  const due = openings(given).flatMap((opening) => {
    const found = from.ports[opening.key] ?? 'absent'
    return found === given.state ? [] : [[opening, found] as const]
  })
  const labels = from.labels && to.labels ? labelSteps(from.labels, to.labels) : []
  if (from.backend === 'firewalld') return [...labels, ...firewalldSteps(due, given.state, given.zone)]
  if (from.backend !== 'ufw') return labels
  const rules = due.map(([opening]) => opening)
  return [...labels, ...ufwSteps(rules, given.state, given.comment)]
}

function refuse(
  { backend, ports }: FirewallState,
  to: Partial<FirewallState>,
  { state }: Args,
): Diagnostic | undefined {
  if (to.ports === undefined) return undefined
  const keys = (test: (found: Presence | undefined) => boolean): string =>
    Object.keys(ports)
      .filter((key) => test(ports[key]))
      .join(', ')
  const denied = keys((found) => found === 'denied')
  if (denied !== '') {
    const hint = 'see `ufw status numbered`; delete the rule, or leave this task out'
    return problem('firewall_port/denied', `a rule of ufw denies ${denied}`, { hint })
  }
  const due = keys((found) => found !== state)
  if (due === '' || (backend !== 'nftables' && backend !== 'iptables')) return undefined
  const verb = state === 'present' ? 'open' : 'close'
  return problem('firewall_port/foreign-rules', `rules of ${backend} made by hand filter ${due}`, {
    hint: `${verb} the ports by hand; when this is still reported, leave the task out`,
  })
}

/** Ports that the active firewall lets through. */
export const firewallPort = defineModule({
  name: 'firewall_port',
  about:
    'Keep ports open in the firewall that is active (firewalld or ufw), or take the openings away. Everything else of the ' +
    'firewall is left alone, one that is off is never switched on, and rules made by hand are never edited.',
  args,
  examples: [
    'firewall_port: { ports: [5432/tcp], comment: PostgreSQL }',
    `firewall_port:
  ports: [2224/tcp, 5404-5412/udp]
  from: [10.77.0.0/24]
  zone: internal`,
  ],
  label: ({ ports }) => ports.join(' '),
  async current(probe, given): Promise<FirewallState> {
    const wanted = openings(given)
    const [firewall, labels] = await Promise.all([
      readFirewall(probe, wanted, given),
      readLabels(probe, wanted, given.setype, given.state === 'absent'),
    ])
    return { ...firewall, labels }
  },
  desired: ({ setype, state }, { backend, ports, labels }): Partial<FirewallState> => ({
    ...(backend !== 'none' && {
      ports: Object.fromEntries(Object.keys(ports).map((key) => [key, state])),
    }),
    ...(labels && setype !== undefined && { labels: wantedLabels(labels, setype, state === 'absent') }),
  }),
  steps,
  refuse,
  touches: () => ['firewall:', 'selinux:', 'file:/etc/firewalld', 'file:/etc/ufw'],
})
