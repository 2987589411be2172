import { HactlError, problem, type Diagnostic, type Span } from '../diag/diagnostic.ts'
import { suggest } from '../lib/suggest.ts'

/** The variable a template could not find. */
export class UndefinedVariable extends HactlError {
  /** First part of its path: `status` of `status.primary`. */
  readonly root: string
  constructor(name: string, root: string, known: readonly string[], at: Span | undefined) {
    const close = known.includes(root) ? undefined : suggest(root, known)
    super(
      problem('template/undefined-variable', `the variable "${name}" is not defined`, {
        ...(at && { at }),
        hint: close ? `did you mean "${close}"?` : `known here: ${known.toSorted().join(', ')}`,
      }),
    )
    this.root = root
  }
}

/** A place inside a text as the parser counts: lines from 1, columns from 0. */
export interface TextPlace {
  readonly line: number
  readonly column: number
}

/** The place inside the file of something inside a text that begins at `origin`. */
export const placeIn = (origin: Span | undefined, { line, column }: TextPlace): Span | undefined =>
  origin && {
    file: origin.file,
    line: origin.line + line - 1,
    col: line === 1 ? origin.col + column : column + 1,
  }

/** Throws a diagnostic of the template at a place. */
export function fail(code: string, summary: string, at: Span | undefined, hint?: string): never {
  const more: Partial<Diagnostic> = { ...(at && { at }), ...(hint !== undefined && { hint }) }
  throw new HactlError(problem(code, summary, more))
}
