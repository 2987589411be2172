import { readFileSync } from 'node:fs'
import { HactlError, problem } from '../diag/diagnostic.ts'
import { parseYaml } from '../schema/yaml.ts'

/** Reads a YAML file whose map goes under `all.vars` of a lab's inventory; gives its text. Throws HactlError. */
export function readVars(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new HactlError(
      problem('lab/no-vars', `${file} cannot be read (${why})`, { hint: 'name a YAML file after --vars' }),
    )
  }
  const { data, diagnostics } = parseYaml(text, file)
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error')
  if (errors.length > 0) throw new HactlError(errors)
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return text
  throw new HactlError(
    problem('lab/bad-vars', `${file} is not a map of variables`, {
      hint: 'write variables, e.g. "cluster:" with its keys below',
    }),
  )
}
