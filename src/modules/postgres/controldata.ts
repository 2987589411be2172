import { parseLsn } from './lsn.ts'
import type { Lsn } from './lsn.ts'

/** What pg_controldata says of a data directory, running or not. */
export interface ControlData {
  readonly systemIdentifier: string
  /** `shut down`, `in production`, `in archive recovery`, `shut down in recovery` … */
  readonly state: string
  readonly timeline: number
  /** Furthest known end of WAL: latest checkpoint, or minimum recovery point when that is later. */
  readonly lsn: Lsn | undefined
  /**
   * The first byte that it is not known to have. A minimum recovery point is the end of a record; of a checkpoint only
   * the beginning is known, so that its first byte counts alone.
   */
  readonly reached: Lsn | undefined
  readonly checksums: boolean
  readonly walLogHints: boolean
}

/** Parses pg_controldata's output under LC_ALL=C; undefined when it is none. No machine format exists. */
export function parseControlData(text: string): ControlData | undefined {
  const fields = new Map(
    text.split('\n').flatMap((line) => {
      const colon = line.indexOf(':')
      return colon < 0 ? [] : [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const]
    }),
  )
  const field = (name: string): string => fields.get(name) ?? ''
  const systemIdentifier = field('Database system identifier')
  if (systemIdentifier === '') return undefined
  const checkpoint = parseLsn(field('Latest checkpoint location'))
  const minimum = parseLsn(field('Minimum recovery ending location'))
  const minimumTimeline = Number(field("Min recovery ending loc's timeline"))
  const recovery = minimum !== undefined && checkpoint !== undefined && minimum > checkpoint
  return {
    systemIdentifier,
    state: field('Database cluster state'),
    timeline:
      recovery && minimumTimeline > 0 ? minimumTimeline : Number(field("Latest checkpoint's TimeLineID")),
    lsn: recovery ? minimum : checkpoint,
    reached: recovery ? minimum : checkpoint && ((checkpoint + 1n) as Lsn),
    checksums: Number(field('Data page checksum version')) > 0,
    walLogHints: field('wal_log_hints setting') === 'on',
  }
}
