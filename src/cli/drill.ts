import { choose, offers, requireConsent, splitWords, usage, type DrillRequest } from '../app/drill/choice.ts'
import type { Found } from '../app/drill/drill.ts'
import { orderOf } from '../app/drill/order.ts'
import { labOf } from '../app/drill/site.ts'
import { openCluster } from '../app/target.ts'
import type { Fault } from '../cluster/drill/fault.ts'
import { EXIT } from '../diag/diagnostic.ts'
import { terminal } from './caller.ts'
import { interrupt } from './interrupt.ts'
import { note, paint, print, printJson, setExit, size } from './io.ts'
import { inventoryFile } from './options.ts'

export interface DrillVerbOptions extends DrillRequest {
  readonly inventory?: string
  readonly list?: boolean
  readonly dryRun?: boolean
  readonly verify?: string
  readonly format: 'text' | 'json' | 'junit'
}

/** `--list`: every scenario; where one cannot be run here, why. */
async function list(place: Parameters<typeof offers>[0], options: DrillVerbOptions): Promise<void> {
  const all = offers(place, options)
  const width = Math.max(...all.map(({ name }) => name.length))
  for (const { name, about, why } of all)
    await print(`  ${name.padEnd(width)}  ${about}${why === undefined ? '' : `   (cannot here: ${why})`}`)
}

/** `--dry-run`: what would be run, and nothing else. */
async function showOrder(faults: readonly Fault[], options: DrillVerbOptions): Promise<void> {
  for (const line of orderOf(faults, options)) await print(line)
  if (options.seed !== undefined && options.runs === undefined)
    await print('      … and on in the order of this seed, until --duration is over')
}

async function show({ result, keep, whole }: Found, options: DrillVerbOptions): Promise<void> {
  const { resultText } = await import('../report/drill/result-text.ts')
  const file = keep('result.json', resultText(result))
  const { drillPage } = await import('../report/drill/page.ts')
  const page = keep('report.html', drillPage(result))
  // An error follows, which is a document of its own.
  if (!whole && options.format !== 'text') return
  if (options.format === 'json') return printJson(result)
  if (options.format === 'junit') {
    const { drillJunit } = await import('../report/drill-junit.ts')
    return print(drillJunit(result).trimEnd())
  }
  const { drillText } = await import('../report/drill-text.ts')
  await print(drillText(result, { width: size().columns, paint: paint(), file, page }).trimEnd())
}

/** What belongs together, or not at all. */
function requireSense({ seed, duration, runs }: DrillVerbOptions): void {
  const isRandom = duration !== undefined || runs !== undefined
  if ((seed !== undefined) === isRandom) return
  throw usage('--seed goes with --duration or --runs', 'give --seed and one of both, or none')
}

type VerifyInput = Parameters<typeof import('../app/drill/verify.ts').verify>

async function verifyAgain(options: DrillVerbOptions, ...input: VerifyInput): Promise<void> {
  const { verify } = await import('../app/drill/verify.ts')
  const { checks, ...found } = await verify(...input)
  if (options.format === 'json') await printJson({ ...found, checks })
  else {
    for (const { what, ok, seen } of checks)
      await print(
        `${ok ? paint()('green', '✔') : paint()('red', '✗')} ${what}${ok ? '' : `: ${seen ?? 'no'}`}`,
      )
  }
  setExit(checks.every(({ ok }) => ok) ? EXIT.done : EXIT.failed)
}

/** `hactl drill SCENARIO… INVENTORY`. */
export async function drillVerb(words: readonly string[], options: DrillVerbOptions): Promise<void> {
  const { names, file: given } = splitWords(words)
  const file = inventoryFile(given, options)
  requireSense(options)
  if (options.list === true && given === undefined && options.inventory === undefined)
    return list(undefined, options)
  const caller = terminal()
  const target = await openCluster(file, options, caller)
  const lab = await labOf(target.inventory.file)
  const place = { target, lab }
  if (options.list === true) return list(place, options)
  if (options.dryRun === true) return showOrder(choose(names, place, options), options)
  requireConsent(target, lab, options)
  if (options.verify !== undefined) return verifyAgain(options, target, lab, options.verify, caller)
  const { drill } = await import('../app/drill/drill.ts')
  const result = await drill({
    ...place,
    faults: choose(names, place, options),
    request: { ...options, command: ['hactl', ...process.argv.slice(2)] },
    caller,
    tell: (text) => void note(text),
    begun: () => interrupt.canFinish(() => 'the fault is healed'),
    show: (found) => show(found, options),
  })
  setExit(result.passed ? EXIT.done : EXIT.failed)
}
