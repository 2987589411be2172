import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import { runWith } from '../../engine/step.ts'
import type { RunStep } from '../../engine/step.ts'
import { covers, parseRange, portsOf } from './opening.ts'
import type { PortRange } from './opening.ts'

/** Types of ports by range (`6432/tcp`): the type, or `none`. */
export type Labels = Readonly<Record<string, string>>

interface Label extends PortRange {
  readonly type: string
}

const NOT_FOUND = 127

const keyOf = (range: PortRange): string => `${portsOf(range)}/${range.protocol}`

/** Lines of `semanage port --list`: type, protocol, ranges with commas. */
export const parseLabels = (listing: string): readonly Label[] =>
  listing.split('\n').flatMap((line) => {
    const [type = '', protocol = '', ...ranges] = line.trim().split(/[\s,]+/)
    return ranges.flatMap((range) => {
      const parsed = parseRange(`${range}/${protocol}`)
      return parsed ? [{ ...parsed, type }] : []
    })
  })

/** The type a range has by an entry of its own, the first one winning, or by a wider one of the wanted type. */
function labelOf(labels: readonly Label[], range: PortRange, setype: string): string {
  const own = labels.find((label) => keyOf(label) === keyOf(range))
  if (own) return own.type
  const wide = labels.filter(({ type }) => type === setype)
  return covers(wide, range) ? setype : 'none'
}

async function list(probe: Probe, ...options: readonly string[]): Promise<readonly Label[]> {
  const { code, stdout, stderr } = await probe.run(
    ['semanage', 'port', '--list', '--noheading', ...options],
    {
      timeoutMs: 120_000,
      dependsOn: ['selinux:', 'package:*'],
    },
  )
  if (code === NOT_FOUND) throw new NotYet('semanage is not installed (policycoreutils-python-utils)')
  if (code === 0) return parseLabels(stdout)
  const detail = stderr.trim()
  throw new HactlError(
    problem('firewall_port/semanage', 'semanage does not list the ports', { detail }),
    EXIT.failed,
  )
}

/**
 * The types of ports, where SELinux is enforcing; else undefined. With `gone` only those count that were set on
 * this host. Throws NotYet without semanage, HactlError when it fails.
 */
export async function readLabels(
  probe: Probe,
  ranges: readonly PortRange[],
  setype: string | undefined,
  gone: boolean,
): Promise<Labels | undefined> {
  if (setype === undefined) return undefined
  const mode = await probe.run(['getenforce'], { dependsOn: ['selinux:'] })
  if (mode.stdout.trim() !== 'Enforcing') return undefined
  // A type that was set here stands in the list beside the one it replaces, so it is looked up first.
  const [local, all] = await Promise.all([list(probe, '--locallist'), gone ? [] : list(probe)])
  const labels = [...local, ...all]
  return Object.fromEntries(ranges.map((range) => [keyOf(range), labelOf(labels, range, setype)]))
}

/** What the labels should be; one of another type that was set here is not ours to take away. */
export const wantedLabels = (labels: Labels, setype: string, gone: boolean): Labels =>
  Object.fromEntries(
    Object.entries(labels).map(([key, type]) => [key, !gone ? setype : type === setype ? 'none' : type]),
  )

/** `semanage port` for every range whose type differs. */
export const labelSteps = (from: Labels, to: Labels): readonly RunStep[] =>
  Object.entries(to).flatMap(([key, type]) => {
    if (from[key] === type) return []
    const [ports = '', protocol = ''] = key.split('/')
    const where = ['--proto', protocol, ports]
    const verb = from[key] === 'none' ? '--add' : '--modify'
    const change = type === 'none' ? ['--delete'] : [verb, '--type', type]
    return [runWith({ timeoutMs: 120_000 }, 'semanage', 'port', ...change, ...where)]
  })
