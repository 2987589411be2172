import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import type { Command } from 'commander'
import { HactlError, problem } from '../../diag/diagnostic.ts'
import { suggest } from '../../lib/suggest.ts'
import { out, print } from '../io.ts'

const FOLDER = fileURLToPath(new URL('../../../schemas/', import.meta.url))
const SUFFIX = '.schema.json'

/** `hactl schema`: lists the published JSON schemas, or prints one for an editor. */
export const configure = (command: Command): void => {
  command
    .argument('[name]', 'the schema to print; without it: their names')
    .addHelpText('after', '\nExamples:\n  hactl schema\n  hactl schema inventory > inventory.schema.json\n')
    .action(async (name: string | undefined) => {
      const names = readdirSync(FOLDER)
        .filter((file) => file.endsWith(SUFFIX))
        .map((file) => file.slice(0, -SUFFIX.length))
        .sort()
      if (name === undefined) return print(...names)
      if (names.includes(name)) return out(readFileSync(join(FOLDER, `${name}${SUFFIX}`), 'utf8'))
      const guess = suggest(name, names)
      const hint = guess === undefined ? `there are: ${names.join(', ')}` : `did you mean "${guess}"?`
      throw new HactlError(problem('cli/no-schema', `there is no schema "${name}"`, { hint }))
    })
}
