/** Levenshtein distance of two short words. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + cost))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** The known name closest to a mistyped one (edit distance below 3), for "did you mean". */
export function suggest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = 3
  for (const name of known) {
    const d = distance(word.toLowerCase(), name.toLowerCase())
    if (d < bestDistance && d < Math.max(name.length, word.length)) [best, bestDistance] = [name, d]
  }
  return best
}
