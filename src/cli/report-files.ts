import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { drillSchema } from '../cluster/drill/result-schema.ts'
import { RESULT_FORMAT, type DrillResult } from '../cluster/drill/result.ts'
import { EXIT, HactlError, problem, type Diagnostic } from '../diag/diagnostic.ts'
import { checkSchema } from '../schema/validate.ts'
import { parseYaml } from '../schema/yaml.ts'

const WHERE = 'results are .hactl/drills/*/result.json beside the inventory'

const refuse = (code: string, summary: string, hint: string, more: Partial<Diagnostic> = {}): HactlError =>
  new HactlError(problem(code, summary, { hint, ...more }), EXIT.usage)

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw refuse('report/unreadable', `${file} cannot be read: ${code ?? String(error)}`, WHERE)
  }
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw refuse('report/no-json', `${file} is no JSON`, WHERE)
  }
}

/**
 * The result of a drill, from its file or its folder. Throws HactlError (exit 2) for what cannot be read, is no result, or
 * was written by a hactl of another format.
 */
export function readResult(path: string): DrillResult {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  const file = isFolder ? join(path, 'result.json') : path
  const text = textOf(file)
  const data = parse(text, file)
  if (typeof data !== 'object' || data === null || !('runs' in data) || !('drill' in data))
    throw refuse('report/no-result', `${file} is no result of hactl drill`, WHERE)
  const format = 'format' in data ? data.format : undefined
  if (format !== RESULT_FORMAT)
    throw refuse(
      'report/other-format',
      `${file} has the format ${format === undefined ? 'of an early hactl' : JSON.stringify(format)}; this hactl reads ${RESULT_FORMAT}`,
      'use the hactl that wrote it, or run the drill again',
    )
  const problems = checkSchema(drillSchema, data, {
    area: 'report',
    // Only a wrong file is worth a second reading, with positions.
    where: (...at) => parseYaml(text, file).where(...at),
  })
  if (problems.length > 0) throw new HactlError(problems, EXIT.usage)
  return data as DrillResult
}
