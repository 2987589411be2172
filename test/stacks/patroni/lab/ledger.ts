import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { poll } from '../../../../src/lib/poll.ts'

/**
 * One connection that inserts a row, waits for its acknowledgement, notes it, and goes on; it connects anew when an
 * answer takes too long. psql reaches `\echo` only after the server has acknowledged the commit.
 * `$1` folder, `$2` number of the writer, `$3` connection string. Ends when `stop` is in the folder, or after ten minutes.
 */
const LOOP = `trap '' PIPE
exec 9>>"$1/ledger.$2"
n=0 pid= end=$((SECONDS + 600))
while [ -d "$1" ] && [ ! -e "$1/stop" ] && [ $SECONDS -lt $end ]; do
  if [ -z "$pid" ]; then
    coproc DB { exec psql -XAtqw -v ON_ERROR_STOP=1 "$3" 2>>"$1/errors"; }
    pid=$DB_PID
    exec 7<&"\${DB[0]}" 8>&"\${DB[1]}"
    from=
    echo "select 'from ' || host(inet_server_addr());" >&8 2>/dev/null
    read -r -t 8 -u 7 word from
  fi
  n=$((n + 1)) answer=
  if [ -n "$from" ]; then
    printf 'insert into ledger values (%d);\\n\\\\echo %d\\n' $(($2 * 1000000 + n)) $n >&8 2>/dev/null
    read -r -t 3 -u 7 answer
  fi
  if [ "$answer" = "$n" ]; then
    echo "$(($2 * 1000000 + n)) \${EPOCHREALTIME/./} $from" >&9
    sleep 0.01
  else
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    pid=
    sleep 0.1
  fi
done
[ -z "$pid" ] || kill -9 "$pid"
`

/** An acknowledged row. */
export interface Row {
  readonly id: number
  /** When the client had the acknowledgement, in milliseconds since 1970. */
  readonly at: number
  /** Address of the server that gave it. */
  readonly from: string
}

export interface Ledger {
  readonly rows: () => readonly Row[]
  /** What the server said apart from acknowledgements: errors and warnings. */
  readonly said: () => string
  /** Resolves when so many more rows are acknowledged; throws when they are not within the time. */
  readonly more: (count: number, timeoutMs?: number) => Promise<void>
  /** Ends the writers; what they had is in the answer. */
  readonly stop: () => Promise<{ readonly rows: readonly Row[]; readonly said: string }>
}

export interface LedgerOptions {
  /** Puts an argument list into the client's network, such as `['lab', 'exec-client', …]`. */
  readonly client: (argv: readonly string[]) => readonly string[]
  readonly conninfo: string
  readonly writers: number
}

/** Rows of one writer; a line that is being written is left out. */
function rowsOf(file: string): readonly Row[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => {
    const [id = '', micros = '', from = ''] = line.split(' ')
    return { id: Number(id), at: Number(micros) / 1000, from }
  })
}

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((done) => {
    if (child.exitCode === null && child.signalCode === null) child.once('close', () => done())
    else done()
  })

/** Starts writers into the table `ledger (id bigint primary key)`, which must exist. */
export function startLedger(options: LedgerOptions): Ledger {
  const folder = mkdtempSync(join(tmpdir(), 'hactl-ledger-'))
  const numbers = Array.from({ length: options.writers }, (_, index) => index + 1)
  const children = numbers.map((number) => {
    const argv = options.client(['bash', '-c', LOOP, 'writer', folder, `${number}`, options.conninfo])
    return spawn(argv[0] ?? '', argv.slice(1), { stdio: 'ignore' })
  })
  const rows = (): readonly Row[] => numbers.flatMap((number) => rowsOf(join(folder, `ledger.${number}`)))
  const errors = join(folder, 'errors')
  const said = (): string => (existsSync(errors) ? readFileSync(errors, 'utf8') : '')
  return {
    rows,
    said,
    more: async (count, timeoutMs = 60_000) => {
      const goal = rows().length + count
      const enough = () => Promise.resolve(rows().length >= goal ? true : undefined)
      const seen = await poll(enough, { timeoutMs, intervalMs: 100 })
      if (seen === undefined)
        throw new Error(`no ${count} more rows in ${timeoutMs} ms; psql: ${said().slice(-500)}`)
    },
    stop: async () => {
      writeFileSync(join(folder, 'stop'), '')
      await Promise.all(children.map(ended))
      const last = { rows: rows(), said: said() }
      rmSync(folder, { recursive: true })
      return last
    },
  }
}

/** The longest time without an acknowledgement from anybody, in milliseconds. */
export function longestGap(rows: readonly Row[]): number {
  const times = rows.map((row) => row.at).toSorted((a, b) => a - b)
  return Math.round(Math.max(0, ...times.slice(1).map((time, index) => time - (times[index] ?? time))))
}
