import type { Caller } from '../app/caller.ts'
import { renderDiagnostics } from '../diag/render.ts'
import { interrupt } from './interrupt.ts'
import { askSecret, interactive, note } from './io.ts'

/** The person at the terminal, as the application sees them: Ctrl-C, passwords, warnings on standard error. */
export const terminal = (): Caller => ({
  soft: interrupt.soft,
  hard: interrupt.hard,
  warn: (diagnostics, mask) => note(renderDiagnostics(diagnostics, { color: false, mask }).trimEnd()),
  ...(interactive() && { ask: (question: string) => askSecret(question, { flag: 'a terminal' }) }),
})
