import { join } from 'node:path'
import type { Diagnostic } from '../diag/diagnostic.ts'
import { HactlError, problem } from '../diag/diagnostic.ts'
import { Secret } from '../lib/secret.ts'
import { describe } from '../schema/explain.ts'
import { parseYaml } from '../schema/yaml.ts'
import type { Value, Vars } from './inventory.ts'
import { isMap } from './layout.ts'
import { hasSecrets, openSecretFile } from './secret-file.ts'
import { SECRETS_FILE, type SecretOptions } from './secret-key.ts'

export type { SecretOptions } from './secret-key.ts'

export interface LoadedSecrets {
  /** The variable `secrets`; absent when there is no file or it could not be read. */
  readonly values?: Vars
  readonly secrets: readonly Secret[]
  readonly diagnostics: readonly Diagnostic[]
  /** The file was not opened: every name in it counts as defined. */
  readonly closed?: boolean
}

/** The secrets beside an inventory as the variable `secrets`: a map in which every text is a Secret. */
export async function loadSecrets(dir: string, options: SecretOptions): Promise<LoadedSecrets> {
  if (!hasSecrets(dir)) return { secrets: [], diagnostics: [] }
  try {
    const { file, text } = await openSecretFile(dir, options)
    return readSecrets(text, file)
  } catch (error) {
    if (!(error instanceof HactlError)) throw error
    const isKeyless = error.diagnostics.every((each) => each.code === 'secrets/no-key')
    if (options.optional !== true || !isKeyless)
      return { secrets: [], diagnostics: error.diagnostics, closed: true }
    const diagnostics = error.diagnostics.map((each) => ({ ...each, severity: 'warning' as const }))
    return { secrets: [], diagnostics, closed: true }
  }
}

/**
 * Reads decrypted YAML. Every scalar is the text as it is written (`0755`, `yes`): a password is never a number.
 * Messages name lines and keys of the file, never values, and carry no code frame.
 */
export function readSecrets(text: Secret, file: string): LoadedSecrets {
  const yaml = parseYaml(text.reveal(), file, { texts: true })
  const inside = (diagnostic: Diagnostic): Diagnostic => {
    const { at, ...rest } = diagnostic
    return { ...rest, summary: `line ${at?.line ?? 1} of the decrypted ${file}: ${diagnostic.summary}` }
  }
  if (yaml.diagnostics.length > 0)
    return { secrets: [], diagnostics: yaml.diagnostics.map(inside), closed: true }
  const isEmpty = yaml.data === undefined || yaml.data === null || yaml.data === ''
  if (!isEmpty && !isMap(yaml.data)) {
    const what = Array.isArray(yaml.data) ? 'a list' : 'a text'
    const hint = '`hactl secrets edit`, and write "name: value" lines'
    const summary = `the decrypted ${file} is ${what}, but must be a map`
    return { secrets: [], diagnostics: [problem('secrets/not-a-map', summary, { hint })], closed: true }
  }
  const secrets: Secret[] = []
  const values = hide(isEmpty ? {} : yaml.data, secrets) as Vars
  const empty = Object.entries(values).filter(([, value]) => value instanceof Secret && value.reveal() === '')
  const diagnostics = empty.map(([key]) => ({
    ...problem('secrets/empty', `the secret "${key}" is empty`, {
      hint: '`hactl secrets edit`, and give it a value',
    }),
    severity: 'warning' as const,
  }))
  return { values, secrets, diagnostics: [...diagnostics, ...shortOnes(values)] }
}

/** Shorter ones are easy to guess; of less than four characters (`masker`) a mask would eat plain words as well. */
const SHORT = 8

function shortOnes(values: Vars): readonly Diagnostic[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const length = value instanceof Secret ? value.reveal().length : SHORT
    if (length === 0 || length >= SHORT) return []
    const found = problem('secrets/short', `the secret "${key}" has fewer than ${SHORT} characters`, {
      detail: 'It may be masked where it is an ordinary word or number, or not at all.',
      hint: `\`hactl secrets rotate ${key}\` makes a long one, \`hactl secrets edit\` takes your own`,
    })
    return [{ ...found, severity: 'warning' as const }]
  })
}

function hide(value: unknown, secrets: Secret[]): Value {
  if (Array.isArray(value)) return value.map((item) => hide(item, secrets))
  if (isMap(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hide(item, secrets)]))
  const secret = new Secret(typeof value === 'string' ? value : describe(value))
  secrets.push(secret)
  return secret
}

/** The path of the secrets beside an inventory. */
export const secretsPath = (dir: string): string => join(dir, SECRETS_FILE)
