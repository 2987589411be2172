import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Probe } from '../../engine/probe.ts'
import { runWith } from '../../engine/step.ts'
import type { RunStep } from '../../engine/step.ts'
import { covers, parseRange, portsOf } from './opening.ts'
import type { Opening, Presence } from './opening.ts'

type Side = 'runtime' | 'permanent'
const SIDES = ['permanent', 'runtime'] as const

const command = (side: Side, zone: string | undefined): string[] => [
  'firewall-cmd',
  ...(side === 'permanent' ? ['--permanent'] : []),
  ...(zone === undefined ? [] : [`--zone=${zone}`]),
]

/** The rule as firewalld writes it back, so that it can be compared as text (firewalld.richlanguage(5)). */
function richRule({ source = '', protocol, ...range }: Opening): string {
  const family = source.includes(':') ? 'ipv6' : 'ipv4'
  const port = `port port="${portsOf(range as Opening)}" protocol="${protocol}"`
  return `rule family="${family}" source address="${source}" ${port} accept`
}

const INVALID_ZONE = 112

async function list(probe: Probe, side: Side, zone: string | undefined, what: string): Promise<string> {
  const argv = [...command(side, zone), `--list-${what}`]
  const { code, stdout, stderr } = await probe.run(argv, {
    timeoutMs: 60_000,
    dependsOn: ['firewall:', 'unit:firewalld.service', 'file:/etc/firewalld', 'package:*'],
  })
  if (code === 0) return stdout
  if (code === INVALID_ZONE) {
    const hint = 'see `firewall-cmd --get-zones`'
    throw new HactlError(
      problem('firewall_port/zone', `firewalld has no zone "${zone}"`, { hint }),
      EXIT.failed,
    )
  }
  throw new HactlError(
    problem('firewall_port/unreadable', 'firewalld does not answer', { detail: stderr.trim() }),
    EXIT.failed,
  )
}

/** Whether one side of firewalld has an opening; a part of a range is none, and firewalld would not remove it. */
async function reader(probe: Probe, side: Side, zone: string | undefined, openings: readonly Opening[]) {
  const needs = (rich: boolean) => openings.some(({ source }) => (source !== undefined) === rich)
  const [ports, rules] = await Promise.all([
    needs(false) ? list(probe, side, zone, 'ports') : '',
    needs(true) ? list(probe, side, zone, 'rich-rules') : '',
  ])
  const ranges = ports.split(/\s+/).flatMap((word) => parseRange(word) ?? [])
  const lines = new Set(rules.split('\n').map((line) => line.trim()))
  return (opening: Opening): boolean =>
    opening.source === undefined ? covers(ranges, opening) : lines.has(richRule(opening))
}

const presence = (permanent: boolean, runtime: boolean): Presence => {
  if (permanent === runtime) return permanent ? 'present' : 'absent'
  return permanent ? 'permanent only' : 'runtime only'
}

/**
 * What firewalld has of some openings, in its running and its stored configuration.
 * Without a zone it is the default one. Throws HactlError when it does not answer.
 */
export async function readFirewalld(
  probe: Probe,
  openings: readonly Opening[],
  zone: string | undefined,
): Promise<Record<string, Presence>> {
  const [permanent, runtime] = await Promise.all(SIDES.map((side) => reader(probe, side, zone, openings)))
  return Object.fromEntries(
    openings.map((opening) => [
      opening.key,
      presence(permanent?.(opening) ?? false, runtime?.(opening) ?? false),
    ]),
  )
}

/** Adds or removes openings on the sides that need it. Never a reload: that would drop what others opened for now. */
export function firewalldSteps(
  openings: readonly (readonly [Opening, Presence])[],
  wanted: 'present' | 'absent',
  zone: string | undefined,
): readonly RunStep[] {
  const verb = wanted === 'present' ? 'add' : 'remove'
  return SIDES.flatMap((side) => {
    const there = (found: Presence) => found === 'present' || found === `${side} only`
    const due = openings.filter(([, found]) => there(found) !== (wanted === 'present'))
    if (due.length === 0) return []
    const options = due.map(([opening]) =>
      opening.source === undefined
        ? `--${verb}-port=${portsOf(opening)}/${opening.protocol}`
        : `--${verb}-rich-rule=${richRule(opening)}`,
    )
    return [runWith({ timeoutMs: 120_000 }, ...command(side, zone), ...options)]
  })
}
