import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compile } from '../../src/schema/validate.ts'

const read = (name: string): object =>
  JSON.parse(readFileSync(join(import.meta.dirname, `../../schemas/${name}.schema.json`), 'utf8')) as object

// A schema has an identity: the validator takes the same one once.
const schemas = new Map<string, object>()

/** What is wrong with a result as it is printed, by the committed schema of that name; empty: nothing. */
export function breachesOf(name: string, result: object): readonly string[] {
  const schema = schemas.get(name) ?? read(name)
  schemas.set(name, schema)
  const validate = compile(schema)
  validate(JSON.parse(JSON.stringify(result)))
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`)
}
