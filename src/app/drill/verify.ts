import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseLedger } from '../../cluster/drill/ledger.ts'
import { verifyAgain } from '../../cluster/drill/verify.ts'
import type { DrillResult } from '../../cluster/drill/result.ts'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { connect } from '../../transport/connect.ts'
import type { Caller } from '../caller.ts'
import { newOwner } from '../lock.ts'
import type { Target } from '../target.ts'
import { openSite, type LabOf } from './site.ts'

/** The ledger of the last run of a drill: the tables hold that run's writes. */
function lastLedger(folder: string): string {
  const file = join(folder, 'result.json')
  if (!existsSync(file))
    throw new HactlError(
      problem('drill/no-result', `${folder} holds no drill`, {
        hint: 'drills are in .hactl/drills beside the inventory',
      }),
      EXIT.usage,
    )
  const { runs } = JSON.parse(readFileSync(file, 'utf8')) as DrillResult
  return join(folder, runs.at(-1)?.ledger ?? '')
}

/** Compares the ledger of a drill that was kept with the cluster as it is now. Throws HactlError. */
export async function verify(
  target: Required<Target>,
  lab: LabOf | undefined,
  folder: string,
  caller: Caller,
): Promise<Awaited<ReturnType<typeof verifyAgain>>> {
  const ledger = parseLedger(readFileSync(lastLedger(folder), 'utf8'))
  const opening = { target, lab, owner: newOwner(), options: { verbose: 0 }, emit: () => undefined, caller }
  const opened = await openSite(opening)
  try {
    return await verifyAgain(opened.site, connect, ledger)
  } finally {
    await opened.close()
  }
}
