import type { Diagnostic } from '../diag/diagnostic.ts'
import type { Secret } from '../lib/secret.ts'
import type { Connect } from '../transport/transport.ts'

/** What the application asks of whoever calls it: a terminal, a test, another program. */
export interface Caller {
  /** Finish what runs, and stop. */
  readonly soft: AbortSignal
  /** Abort now. */
  readonly hard: AbortSignal
  /** How hosts are reached; default: as the inventory says. */
  readonly connect?: Connect
  /** Asks for a password or a passphrase; absent where nobody can be asked. */
  readonly ask?: (question: string) => Promise<Secret>
  /** Is told what does not stop a verb, such as warnings of an inventory. */
  readonly warn: (diagnostics: readonly Diagnostic[], mask: (text: string) => string) => Promise<void> | void
}

/** A caller without a person: nothing is asked, nothing is interrupted, warnings are dropped. */
export const nobody = (): Caller => ({
  soft: new AbortController().signal,
  hard: new AbortController().signal,
  warn: () => undefined,
})
