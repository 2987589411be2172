import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Diagnostic } from '../diag/diagnostic.ts'
import { HactlError, problem } from '../diag/diagnostic.ts'
import { Secret, type Text, reveal } from '../lib/secret.ts'

export interface SecretOptions {
  /** `--secrets-key FILE`. */
  readonly keyFile?: string
  /** Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Asks for a passphrase; undefined without a terminal. */
  readonly ask?: (question: string) => Promise<Text>
  /** Without a key: a warning and placeholders instead of an error. For `validate`, which needs no values. */
  readonly optional?: boolean
}

export const SECRETS_FILE = 'secrets.age.yml'

/** Where the key of an inventory's folder is kept. */
export const keyFileOf = (dir: string): string => join(dir, '.hactl', 'age.key')

const IDENTITY = /^AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+$/i

/**
 * The age identity for an inventory's folder, from the first of: `--secrets-key`, HACTL_AGE_KEY, HACTL_AGE_KEY_FILE,
 * `.hactl/age.key`. Undefined when there is none. Throws HactlError when the one that is given cannot be used.
 */
export function findIdentity(dir: string, options: SecretOptions): Secret | undefined {
  const env = options.env ?? process.env
  if (options.keyFile !== undefined) return readIdentity(options.keyFile)
  const direct = env['HACTL_AGE_KEY']
  if (direct !== undefined && direct !== '') {
    return parseIdentity(direct) ?? fail(notAKey('the environment variable HACTL_AGE_KEY'))
  }
  const file = env['HACTL_AGE_KEY_FILE']
  if (file !== undefined && file !== '') return readIdentity(file)
  const beside = keyFileOf(dir)
  return statSync(beside, { throwIfNoEntry: false }) ? readIdentity(beside) : undefined
}

const fail = (diagnostic: Diagnostic): never => {
  throw new HactlError(diagnostic)
}

const notAKey = (what: string): Diagnostic =>
  problem('secrets/no-key', `${what} holds no age key`, {
    hint: 'it must hold a line that begins with AGE-SECRET-KEY-1, as `hactl secrets keygen` writes it',
  })

function readIdentity(file: string): Secret {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat) {
    const hint = 'check the path, or make a key with `hactl secrets keygen`'
    return fail(problem('secrets/no-key', `there is no key file ${file}`, { hint }))
  }
  if (stat.isFile() && (stat.mode & 0o077) !== 0) {
    const mode = (stat.mode & 0o777).toString(8).padStart(4, '0')
    const summary = `the key file ${file} can be read by others (mode ${mode})`
    return fail(problem('secrets/key-mode', summary, { hint: `chmod 600 ${file}` }))
  }
  return parseIdentity(readText(file)) ?? fail(notAKey(file))
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    return fail(
      problem('secrets/no-key', `the key file ${file} cannot be read: ${(error as Error).message}`, {
        hint: 'name another with --secrets-key FILE',
      }),
    )
  }
}

function parseIdentity(text: string): Secret | undefined {
  const line = text
    .split('\n')
    .map((each) => each.trim())
    .find((each) => IDENTITY.test(each))
  return line === undefined ? undefined : new Secret(line.toUpperCase())
}

/** Asks for the passphrase of a file that is encrypted with one. Throws HactlError where nobody can be asked. */
export async function askPassphrase(file: string, options: SecretOptions): Promise<Secret> {
  if (!options.ask) {
    const hint = 'run it in a terminal, or encrypt the file to a key: `hactl secrets keygen`'
    return fail(
      problem('secrets/no-key', `${file} needs a passphrase, and nobody can be asked here`, { hint }),
    )
  }
  return new Secret(reveal(await options.ask(`Passphrase of ${file}:`)))
}
