import { HactlError, problem, type Span } from '../diag/diagnostic.ts'
import { suggest } from '../lib/suggest.ts'

/** The variable a template could not find. */
export class UndefinedVariable extends HactlError {
  /** First part of its path: `status` of `status.primary`. */
  readonly root: string
  constructor(name: string, root: string, known: readonly string[], at: Span | undefined) {
    const close = suggest(root, known)
    super(
      problem('template/undefined-variable', `the variable "${name}" is not defined`, {
        ...(at && { at }),
        hint: close ? `did you mean "${close}"?` : `known here: ${known.toSorted().join(', ')}`,
      }),
    )
    this.root = root
  }
}
