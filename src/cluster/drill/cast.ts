import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Role } from './fault.ts'
import { ADDRESSES } from './net.ts'
import type { Line } from './line.ts'
import type { Site } from './site.ts'

/** Who plays which role in a run. */
export interface Cast {
  readonly primary: string
  readonly standby: string
  readonly others: readonly string[]
  /** Addresses that move, without their prefix. */
  readonly vips: readonly string[]
}

/** A fault cannot be made at this place: no failure of the cluster. */
export const cannotHere = (what: string, why: string): HactlError =>
  new HactlError(problem('drill/cannot-here', `${what} cannot be made here: ${why}`), EXIT.refused)

const WAIT_MS = 10_000

/** Lines to all hosts of a cluster. */
export type Lines = ReadonlyMap<string, Line>

async function leaderOf({ leads }: Site, lines: Lines): Promise<readonly string[]> {
  const asked = [...lines].map(async ([name, line]) => {
    const command = leads?.command(name)
    const results = command && (await line.run([command], WAIT_MS))
    return results?.[0] && leads?.isIt(name, results[0]) ? [name] : []
  })
  return (await Promise.all(asked)).flat().slice(0, 1)
}

/** The hosts of a role; empty when nobody plays it. */
export async function hostsOf(site: Site, cast: Cast, lines: Lines, role: Role): Promise<readonly string[]> {
  switch (role) {
    case 'primary':
      return [cast.primary]
    case 'standby':
      return [cast.standby]
    case 'others':
      return cast.others
    case 'members':
      return [cast.primary, cast.standby, ...cast.others]
    case 'witness':
      return site.voters.map(({ name }) => name)
    case 'leader':
      return leaderOf(site, lines)
  }
}

/** A host's own addresses, without those that move. Empty when it does not answer. */
export async function ownAddresses(line: Line | undefined, { vips }: Cast): Promise<readonly string[]> {
  const results = await line?.run([{ argv: ['sh', '-c', ADDRESSES], timeoutMs: WAIT_MS }], WAIT_MS)
  const all = results?.[0]?.stdout.split('\n').map((each) => each.trim()) ?? []
  return all.filter((each) => each !== '' && !vips.includes(each))
}
