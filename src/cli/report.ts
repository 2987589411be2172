import { writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { compareResults, type Threshold } from '../cluster/drill/compare.ts'
import { disagreements, merge, twice } from '../cluster/drill/merge.ts'
import type { DrillResult } from '../cluster/drill/result.ts'
import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import { note, out, paint, print, printJson, setExit, size } from './io.ts'
import { readResult } from './report-files.ts'

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text, { mode: 0o600 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new HactlError(
      problem('report/unwritable', `${file} cannot be written: ${code ?? String(error)}`, {
        hint: 'name another file with -o',
      }),
      EXIT.usage,
    )
  }
}

/** `hactl report html`: the page of a result; default: `report.html` beside it. */
export async function htmlVerb(path: string, { output }: { readonly output?: string }): Promise<void> {
  const result = readResult(path)
  const { drillPage } = await import('../report/drill/page.ts')
  const beside = path.endsWith('.json') ? dirname(path) : path
  const file = output ?? join(beside, 'report.html')
  if (file === '-') return out(drillPage(result))
  write(file, drillPage(result))
  await print(`Report: ${file}`)
}

/** `hactl report markdown`: a result as a page of text, for a repository. */
export async function markdownVerb(
  path: string,
  { output, title }: { readonly output: string; readonly title?: string },
): Promise<void> {
  const result = readResult(path)
  const { drillMarkdown } = await import('../report/drill/markdown.ts')
  const text = drillMarkdown(result, title ?? `Drills of ${result.cluster}`)
  if (output === '-') return out(text)
  write(output, text)
  await print(`Page: ${output}`)
}

const usage = (summary: string, hint: string): HactlError =>
  new HactlError(problem('cli/usage', summary, { hint }), EXIT.usage)

/** Some results by name, many by their number. */
const named = (paths: readonly string[], which: readonly number[]): string =>
  which.length > 2 ? `${which.length} results` : which.map((at) => paths[at] ?? '').join(' and ')

/** Says in what results differ that their numbers depend on: a line for each thing, whatever their number. */
async function warn(paths: readonly string[], results: readonly DrillResult[]): Promise<void> {
  for (const { what, values } of disagreements(results)) {
    const each = values.map(({ value, results: which }) => `${value} in ${named(paths, which)}`)
    await note(`${paint(process.stderr)('yellow', 'warning')} ${what}: ${each.join('; ')}`)
  }
}

/** `hactl report merge`: one result out of several. */
export async function mergeVerb(
  paths: readonly string[],
  { output }: { readonly output: string },
): Promise<void> {
  if (paths.length < 2) throw usage('merging takes two results or more', 'name them all before -o OUT.json')
  if (paths.some((path) => resolve(path) === resolve(output)))
    throw usage(`${output} is one of the results to merge`, 'name another file with -o')
  const results = paths.map(readResult)
  const [first, ...others] = results
  if (!first) return
  const repeated = twice(results)
  if (repeated.length > 0)
    throw new HactlError(
      problem('report/twice', `the drill ${repeated.join(', ')} is in more than one of the results`, {
        hint: 'its runs would count twice: name each result once',
      }),
      EXIT.usage,
    )
  await warn(paths, results)
  const merged = merge([first, ...others])
  const { resultText } = await import('../report/drill/result-text.ts')
  write(output, resultText(merged))
  const { drillText } = await import('../report/drill-text.ts')
  await print(drillText(merged, { width: size().columns, paint: paint(), file: output }).trimEnd())
}

export interface CompareOptions {
  readonly threshold: Threshold
  readonly format: 'text' | 'json' | 'html'
  readonly output?: string
}

/** `hactl report compare`: B judged by A. Exit 1 when anything is worse. */
export async function compareVerb(
  paths: readonly [string, string],
  { threshold, format, output }: CompareOptions,
): Promise<void> {
  const [a, b] = [readResult(paths[0]), readResult(paths[1])]
  const found = compareResults(a, b, threshold)
  if (found.regressions.length > 0) setExit(EXIT.failed)
  if (format !== 'text') await warn(['A', 'B'], [a, b])
  if (format === 'json') {
    if (output === undefined) return printJson(found)
    return write(output, `${JSON.stringify(found, undefined, 2)}\n`)
  }
  if (format === 'html') {
    const { comparePage } = await import('../report/drill/compare-page.ts')
    const page = comparePage(a, b, found)
    return output === undefined ? out(page) : write(output, page)
  }
  const { compareText } = await import('../report/drill/compare-text.ts')
  const isFile = output !== undefined
  const { plainPaint } = await import('../report/paint.ts')
  const text = compareText(found, paths, { width: size().columns, paint: isFile ? plainPaint : paint() })
  return isFile ? write(output, text) : out(text)
}
