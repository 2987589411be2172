import { wrap } from './words.ts'

/** One column of a table. */
export interface Column<T> {
  readonly title: string
  /** One text, or pieces that may stand on lines of their own when the table is too wide. */
  readonly cell: (row: T) => string | readonly string[]
  /** Between pieces on one line; default `, `. */
  readonly joiner?: string
}

const piecesOf = (cell: string | readonly string[]): readonly string[] =>
  typeof cell === 'string' ? [cell] : cell

const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => text.length))

/**
 * Rows under a heading, columns two spaces apart. When that is too wide, cells made of pieces are broken
 * between them, the columns at the left first; nothing is ever cut.
 */
export function table<T>(columns: readonly Column<T>[], rows: readonly T[], width: number): string[] {
  const joinerOf = (at: number): string => columns[at]?.joiner ?? ', '
  const cells = [
    columns.map((column) => [column.title] as readonly string[]),
    ...rows.map((row) => columns.map(({ cell }) => piecesOf(cell(row)))),
  ]
  const column = (at: number): (readonly string[])[] => cells.map((line) => line[at] ?? [])
  const widths = columns.map((_, at) => widest(column(at).map((pieces) => pieces.join(joinerOf(at)))))
  const total = (): number => widths.reduce((sum, each) => sum + each, 2 * (widths.length - 1))
  for (const at of widths.keys()) {
    const least = widest(column(at).flat())
    widths[at] = Math.max(least, (widths[at] ?? 0) - Math.max(0, total() - width))
  }
  return cells.flatMap((line) => {
    const wrapped = line.map((pieces, at) => wrap(pieces, joinerOf(at), widths[at] ?? 0))
    const height = Math.max(...wrapped.map((lines) => lines.length))
    return Array.from({ length: height }, (_, row) =>
      wrapped
        .map((lines, at) => (lines[row] ?? '').padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  })
}
