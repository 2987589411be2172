import type { Measured } from './measure.ts'

/** All runs of one fault on one system. */
export interface Cell {
  readonly system: string
  readonly versions: string
  readonly fault: string
  readonly runs: readonly Measured[]
}

const seconds = (ms: number | undefined): string => (ms === undefined ? 'never' : (ms / 1000).toFixed(1))

/** The middle of the silences; a run that never ended is the longest. */
function median(runs: readonly Measured[]): number | undefined {
  const sorted = runs.map(({ silenceMs }) => silenceMs ?? Number.POSITIVE_INFINITY).toSorted((a, b) => a - b)
  const middle = sorted[Math.floor((sorted.length - 1) / 2)]
  return middle === undefined || !Number.isFinite(middle) ? undefined : middle
}

function text({ runs }: Cell): string {
  if (runs.length === 0) return '–'
  const lost = runs.reduce((sum, run) => sum + run.lost, 0)
  const all = runs.map(({ silenceMs }) => seconds(silenceMs)).join(', ')
  return `${seconds(median(runs))} (${all})${lost === 0 ? '' : ` **${lost} lost**`}`
}

/** A row a system, a column a fault. */
export function table(cells: readonly Cell[]): string {
  const faults = [...new Set(cells.map(({ fault }) => fault))]
  const systems = [...new Set(cells.map(({ system }) => system))]
  const row = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`
  const lines = systems.map((system) => {
    const own = cells.filter((cell) => cell.system === system)
    return row([
      system,
      ...faults.map((fault) =>
        text(own.find((cell) => cell.fault === fault) ?? { system, versions: '', fault, runs: [] }),
      ),
      own[0]?.versions ?? '',
    ])
  })
  return [
    row(['system', ...faults, 'versions']),
    row(['---', ...faults.map(() => '---'), '---']),
    ...lines,
  ].join('\n')
}
