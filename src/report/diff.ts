/** One line of an edit script: kept, removed from the old or added by the new. */
export interface Edit {
  readonly kind: ' ' | '-' | '+'
  readonly text: string
}

/** Above this number of differing lines the middle is shown as replaced as a whole: Myers is quadratic in it. */
const MOST_EDITS = 2000

/** The furthest position on each diagonal, one map for every number of edits. */
type Trace = ReadonlyMap<number, number>[]

/** Where diagonal `k` starts after `d` edits: one down or one right from a neighbour of the round before. */
const goesDown = (reach: ReadonlyMap<number, number>, k: number, d: number): boolean =>
  k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1))

/** Forward pass of Myers' O(ND) algorithm; undefined when there are too many edits. */
function search(a: readonly string[], b: readonly string[]): Trace | undefined {
  const trace: Map<number, number>[] = []
  let reach = new Map<number, number>([[1, 0]])
  for (let d = 0; d <= Math.min(a.length + b.length, MOST_EDITS); d++) {
    trace.push(reach)
    reach = new Map(reach)
    for (let k = -d; k <= d; k += 2) {
      let x = goesDown(reach, k, d) ? (reach.get(k + 1) ?? 0) : (reach.get(k - 1) ?? 0) + 1
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++
      reach.set(k, x)
      if (x >= a.length && x - k >= b.length) return trace
    }
  }
  return undefined
}

/** Backward pass: the path through the trace as edits. */
function walk(trace: Trace, a: readonly string[], b: readonly string[]): Edit[] {
  const edits: Edit[] = []
  const kept = (until: number, from: number): void => {
    for (let at = from - 1; at >= until; at--) edits.push({ kind: ' ', text: a[at] ?? '' })
  }
  let x = a.length
  let y = b.length
  for (let d = trace.length - 1; d > 0; d--) {
    const reach = trace[d] ?? new Map<number, number>()
    const down = goesDown(reach, x - y, d)
    const diagonal = x - y + (down ? 1 : -1)
    const fromX = reach.get(diagonal) ?? 0
    kept(down ? fromX : fromX + 1, x)
    edits.push(down ? { kind: '+', text: b[fromX - diagonal] ?? '' } : { kind: '-', text: a[fromX] ?? '' })
    x = fromX
    y = fromX - diagonal
  }
  kept(0, x)
  return edits.reverse()
}

/** The shortest edit script from one list of lines to another (Myers, 1986), removals before additions. */
export function diffLines(a: readonly string[], b: readonly string[]): Edit[] {
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let end = 0
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++
  const kept = (text: string): Edit => ({ kind: ' ', text })
  const oldMiddle = a.slice(start, a.length - end)
  const newMiddle = b.slice(start, b.length - end)
  const trace = oldMiddle.length > 0 && newMiddle.length > 0 ? search(oldMiddle, newMiddle) : undefined
  const middle = trace
    ? walk(trace, oldMiddle, newMiddle)
    : [
        ...oldMiddle.map((text): Edit => ({ kind: '-', text })),
        ...newMiddle.map((text): Edit => ({ kind: '+', text })),
      ]
  return [...a.slice(0, start).map(kept), ...middle, ...a.slice(a.length - end).map(kept)]
}

const NO_NEWLINE = '\\ No newline at end of file'

/** Lines of a text; a missing last newline becomes part of the last line, so that it shows as a difference. */
function linesOf(text: string): string[] {
  if (text === '') return []
  const lines = text.split('\n')
  if (lines.at(-1) === '') return lines.slice(0, -1)
  return [...lines.slice(0, -1), `${lines.at(-1) ?? ''}\n${NO_NEWLINE}`]
}

/** Ranges of edits that belong into one hunk: changes with `context` kept lines around. */
function hunks(edits: readonly Edit[], context: number): [number, number][] {
  const ranges: [number, number][] = []
  for (const [index, edit] of edits.entries()) {
    if (edit.kind === ' ') continue
    const from = Math.max(0, index - context)
    const to = Math.min(edits.length, index + context + 1)
    const last = ranges.at(-1)
    if (last && from <= last[1]) last[1] = to
    else ranges.push([from, to])
  }
  return ranges
}

const range = (start: number, length: number): string =>
  length === 1 ? `${start + 1}` : `${length === 0 ? start : start + 1},${length}`

/** A unified diff of two texts without file headers, as `diff -U3` writes its hunks; no lines when they are equal. */
export function unifiedDiff(from: string, to: string, context = 3): string[] {
  const edits = diffLines(linesOf(from), linesOf(to))
  return hunks(edits, context).flatMap(([start, end]) => {
    const part = edits.slice(start, end)
    const before = edits.slice(0, start)
    const lengthOf = (list: readonly Edit[], skip: Edit['kind']): number =>
      list.filter((edit) => edit.kind !== skip).length
    const head = `@@ -${range(lengthOf(before, '+'), lengthOf(part, '+'))} +${range(lengthOf(before, '-'), lengthOf(part, '-'))} @@`
    return [head, ...part.flatMap((edit) => `${edit.kind}${edit.text}`.split('\n'))]
  })
}
