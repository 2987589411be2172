import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** Programs that run on hosts, one file each; shellcheck and compilers read them there. */
const FILES = resolve(import.meta.dirname, '../../files')

const read = new Map<string, string>()

/**
 * The text of a program for hosts, by its path below `files/`: `drill/busy.sh`. Read once. It goes to a host as it is:
 * `['sh', '-c', program('drill/busy.sh'), 'busy', …]`. Throws when the package has no such file.
 */
export function program(path: string): string {
  const known = read.get(path)
  if (known !== undefined) return known
  const text = readFileSync(resolve(FILES, path), 'utf8')
  read.set(path, text)
  return text
}
