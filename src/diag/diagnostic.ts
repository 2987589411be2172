/** Where in a file a problem is; lines and columns count from 1. */
export interface Span {
  readonly file: string
  readonly line: number
  readonly col: number
  readonly endCol?: number
}

/** A problem in what the user gave or in the world: data, collected, shown all at once. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning'
  /** Machine-readable, `area/what`, e.g. `inventory/unknown-key`. */
  readonly code: string
  /** One sentence that names the thing and the value. */
  readonly summary: string
  /** More lines, e.g. the last lines of stderr. */
  readonly detail?: string
  readonly at?: Span
  readonly on?: { readonly host?: string; readonly task?: string }
  /** Not done for the sake of safety: the run ends as refused. */
  readonly refuses?: true
  /** An instruction or a command. */
  readonly hint?: string
}

/** Exit codes of every verb (docs/exit-codes in README). */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  changesPending: 3,
  unreachable: 4,
  refused: 5,
  bug: 70,
  interrupted: 130,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Carries diagnostics up to the command line. Every other error is a bug (exit 70). */
export class HactlError extends Error {
  readonly diagnostics: readonly Diagnostic[]
  readonly exit: ExitCode

  constructor(diagnostics: Diagnostic | readonly Diagnostic[], exit: ExitCode = EXIT.usage) {
    const list: readonly Diagnostic[] = 'code' in diagnostics ? [diagnostics] : diagnostics
    super(list.map((d) => `${d.code}: ${d.summary}`).join('\n'))
    this.name = 'HactlError'
    this.diagnostics = list
    this.exit = exit
  }
}

/** An error diagnostic from code and summary. */
export const problem = (code: string, summary: string, more: Partial<Diagnostic> = {}): Diagnostic => ({
  severity: 'error',
  code,
  summary,
  ...more,
})
