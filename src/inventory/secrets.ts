import type { Diagnostic } from '../diag/diagnostic.ts'
import { type Secret, type Text } from '../lib/secret.ts'
import type { Vars } from './inventory.ts'

export interface SecretOptions {
  /** `--secrets-key FILE`. */
  readonly keyFile?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly ask?: (question: string) => Promise<Text>
  /** Without a key: a warning and placeholders instead of an error. For `validate`, which needs no values. */
  readonly optional?: boolean
}

export interface LoadedSecrets {
  /** Absent when there is no file. */
  readonly values?: Vars
  readonly secrets: readonly Secret[]
  readonly diagnostics: readonly Diagnostic[]
}
export function loadSecrets(_dir: string, _options: SecretOptions): Promise<LoadedSecrets> {
  return Promise.resolve({ secrets: [], diagnostics: [] })
}
