import { existsSync, readFileSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import { parseLedger } from '../cluster/drill/ledger.ts'
import { verifyAgain } from '../cluster/drill/verify.ts'
import type { DrillResult } from '../cluster/drill/result.ts'
import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import { newRunId } from '../engine/journal.ts'
import { connect } from '../transport/connect.ts'
import type { DrillVerbOptions } from './drill-choice.ts'
import { openSite, type LabOf } from './drill-site.ts'
import { paint, print, printJson, setExit } from './io.ts'
import type { Target } from './target.ts'

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

/** `hactl drill --verify`: the ledger of a drill that was kept, compared with the cluster as it is now. */
export async function verify(
  target: Required<Target>,
  lab: LabOf | undefined,
  folder: string,
  options: DrillVerbOptions,
): Promise<void> {
  const ledger = parseLedger(readFileSync(lastLedger(folder), 'utf8'))
  const at = new Date().toISOString()
  const owner = { run: newRunId(), by: userInfo().username, from: hostname(), at }
  const opened = await openSite({ target, lab, owner, options: { verbose: 0 }, emit: () => undefined })
  try {
    const { checks, ...found } = await verifyAgain(opened.site, connect, ledger)
    if (options.format === 'json') await printJson({ ...found, checks })
    else {
      for (const { what, ok, seen } of checks)
        await print(
          `${ok ? paint()('green', '✔') : paint()('red', '✗')} ${what}${ok ? '' : `: ${seen ?? 'no'}`}`,
        )
    }
    setExit(checks.every(({ ok }) => ok) ? EXIT.done : EXIT.failed)
  } finally {
    await opened.close()
  }
}
