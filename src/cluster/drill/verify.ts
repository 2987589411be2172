import type { Check, Divergence, Verdict } from './result.ts'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Connect } from '../../transport/transport.ts'
import { modeOf } from '../members.ts'
import { safety } from './expect.ts'
import type { Ledger } from './ledger.ts'
import { openLine } from './line.ts'
import type { Site } from './site.ts'
import { readMembers } from './tables.ts'
import { overlaps } from './timing.ts'
import { compare, diverge } from './verdict.ts'

/** What a second look at a drill found. */
export interface Verified {
  readonly checks: readonly Check[]
  readonly verdict: Verdict
  readonly divergences: readonly Divergence[]
  readonly checksums: Readonly<Record<string, string>>
}

/** Compares a ledger with the tables that its drill left. Throws HactlError when there is no primary to ask. */
export async function verifyAgain(site: Site, connect: Connect, ledger: Ledger): Promise<Verified> {
  const status = await site.status()
  const { primary } = status
  const lines = new Map(site.members.map(({ name, connection }) => [name, openLine(connection, connect)]))
  try {
    const { members, unread } = await readMembers(site, lines, primary)
    const lead = members.get(primary ?? '')
    if (!lead)
      throw new HactlError(
        problem('drill/no-tables', 'the primary has no tables of a drill', {
          hint: 'they stay when a drill is run with --keep',
        }),
        EXIT.failed,
      )
    const verdict = compare(ledger, lead.snapshot)
    const others = [...members].filter(([name]) => name !== primary)
    const divergences = others.flatMap(([, { snapshot }]) => diverge(lead.snapshot, snapshot) ?? [])
    const checks = safety({
      verdicts: [verdict],
      mode: modeOf(status),
      overlaps: overlaps(ledger),
      divergences,
      unread,
    })
    const checksums = Object.fromEntries([...members].map(([name, { checksum }]) => [name, checksum]))
    return { checks, verdict, divergences, checksums }
  } finally {
    await Promise.all([...lines.values()].map((line) => line.close()))
  }
}
