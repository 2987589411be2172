/** One code that the doctor may say. */
export interface CodeEntry {
  readonly code: string
  /** What it means, one sentence. */
  readonly about: string
  /** What mends it. */
  readonly cure: string
  /** The lower, the nearer to the root: it comes first among the equally severe. */
  readonly rank: number
  /** Codes that pass when this is mended: of the same member, or of any. `standby/*` stands for all that begin so. */
  readonly explains?: { readonly same?: readonly string[]; readonly any?: readonly string[] }
}

export type Catalog = readonly CodeEntry[]

const fits = (pattern: string, code: string): boolean =>
  pattern.endsWith('*') ? code.startsWith(pattern.slice(0, -1)) : pattern === code

interface Said {
  readonly code: string
  readonly member?: string
}

/** Whether one finding explains another. */
export function explains(cause: CodeEntry | undefined, of: Said, other: Said): boolean {
  const { same = [], any = [] } = cause?.explains ?? {}
  if (any.some((pattern) => fits(pattern, other.code))) return true
  if (of.member === undefined || of.member !== other.member) return false
  return same.some((pattern) => fits(pattern, other.code))
}
