import { shell } from '../../lib/program.ts'
import type { CommandResult } from '../../transport/transport.ts'
import { formatLsn, parseLsn } from './lsn.ts'
import type { Lsn } from './lsn.ts'

/** Where a data directory, its programs and the server that may run on it are. */
export interface WalPlace {
  readonly dataDir: string
  readonly binDir: string
  /** Server that is asked for the names of tables; without one the changed rows are not told. */
  readonly server?: { readonly socketDir: string; readonly port: number }
}

/** What the WAL of a data directory holds from a position on, as pg_waldump shows it. */
export interface WalPast {
  readonly from: string
  readonly timeline: number
  readonly records: number
  readonly commits: number
  readonly firstCommit?: string
  readonly lastCommit?: string
  /** Where the last whole record begins. */
  readonly last?: Lsn
  /** Where it ends at the earliest: the headers of pages it crosses come on top. */
  readonly end?: Lsn
  /** Table (or database and file node) and the rows of it that were inserted, updated, deleted. */
  readonly tables: readonly { readonly name: string; readonly rows: number }[]
  /** Why nothing could be read. */
  readonly error?: string
}

/** Arguments of the command that reads it, as the account that owns the data; it takes at most `seconds`. */
export const walPastArgv = (
  { dataDir, binDir, server }: WalPlace,
  timeline: number,
  from: Lsn,
  seconds = 60,
): readonly string[] =>
  shell(
    'postgres/wal-past.sh',
    dataDir,
    binDir,
    String(timeline),
    formatLsn(from),
    String(seconds),
    server?.socketDir ?? '',
    server ? String(server.port) : '',
  )

/** Fields of the lines that start with a key, separated by tabs; of a key that is not there none. */
type Fields = (key: string) => readonly (readonly string[])[]

const fieldsOf = (stdout: string): Fields => {
  const lines = stdout.split('\n').flatMap((line) => {
    const [, key = '', value = ''] = /^([a-z]+)=(.*)$/.exec(line) ?? []
    return key === '' ? [] : [{ key, values: value.split('\t') }]
  })
  return (key) => lines.filter((line) => line.key === key).map((line) => line.values)
}

/** Records are padded to multiples of eight bytes. */
const endOf = (last: Lsn, size: number): Lsn => ((last + BigInt(size) + 7n) & ~7n) as Lsn

/** The fields of the first line of a key, as many as asked for; empty texts where there are none. */
const first = (all: Fields, key: string, count: number): readonly string[] => {
  const found = all(key)[0] ?? []
  return Array.from({ length: count }, (_, index) => found[index] ?? '')
}

const commitsOf = (all: Fields): Pick<WalPast, 'commits' | 'firstCommit' | 'lastCommit'> => {
  const [count, firstCommit = '', lastCommit = ''] = first(all, 'commits', 3)
  return { commits: Number(count), ...(firstCommit !== '' && { firstCommit, lastCommit }) }
}

const recordsOf = (all: Fields): Pick<WalPast, 'records' | 'last' | 'end'> => {
  const [count, at = '', size] = first(all, 'records', 3)
  const last = parseLsn(at)
  return { records: Number(count), ...(last !== undefined && { last, end: endOf(last, Number(size)) }) }
}

/** Parses what the command printed; undefined when it is not that. Pure. */
export function parseWalPast({ stdout }: Pick<CommandResult, 'stdout'>): WalPast | undefined {
  const all = fieldsOf(stdout)
  const [from = '', timeline] = first(all, 'from', 2)
  if (from === '') return undefined
  const error = all('error')[0]?.[0]
  return {
    from,
    timeline: Number(timeline),
    ...recordsOf(all),
    ...commitsOf(all),
    tables: all('rows').map(([name = '', rows = '']) => ({ name, rows: Number(rows) })),
    ...(error !== undefined && { error }),
  }
}
