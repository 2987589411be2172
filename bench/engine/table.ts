import type { Sample } from './engines.ts'

export interface Row extends Sample {
  readonly phase: string
  readonly hosts: number
  readonly latency: number
  readonly engine: string
  readonly runs: number
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN

/** One row out of the samples of a cell. */
export const rowOf = (cell: Omit<Row, keyof Sample | 'runs'>, samples: readonly Sample[]): Row => ({
  ...cell,
  runs: samples.length,
  wall: median(samples.map((s) => s.wall)),
  cpu: median(samples.map((s) => s.cpu)),
  hostsCpu: median(samples.map((s) => s.hostsCpu)),
})

/** Wall time of an engine as a multiple of another's in the same cell. */
function ratio(rows: readonly Row[], row: Row, engine: string): string {
  const other = rows.find(
    (r) => r.engine === engine && r.phase === row.phase && r.hosts === row.hosts && r.latency === row.latency,
  )
  return other ? (row.wall / other.wall).toFixed(2) : ''
}

const HEAD = [
  'phase',
  'hosts',
  'RTT',
  'engine',
  'runs',
  'wall s',
  '× floor',
  '× hactl',
  'controller CPU s',
  'hosts CPU s',
]

const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`

/** The rows as a Markdown table: medians, and ratios of medians. */
export function table(rows: readonly Row[]): string {
  const body = rows.map((row) =>
    line([
      row.phase,
      row.hosts,
      `${row.latency} ms`,
      row.engine,
      row.runs,
      row.wall.toFixed(2),
      ratio(rows, row, 'floor'),
      ratio(rows, row, 'hactl'),
      row.cpu.toFixed(2),
      row.hostsCpu.toFixed(2),
    ]),
  )
  return [line(HEAD), line(HEAD.map(() => '---')), ...body].join('\n')
}
