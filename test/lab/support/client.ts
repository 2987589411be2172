import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { clientsIn, VIP, type Lab } from './lab.ts'
import { MAIN, start, type Started } from './programs.ts'
import { eventually } from './wait.ts'

/**
 * Inserts one row after the other, a new connection each, and notes the number and time of each acknowledged one.
 * It knows `$2`, the writer VIP or what else leads to the primary. A row whose answer did not come is not repeated: its number is simply not acknowledged.
 * It ends with its stop file, with its folder, or after an hour. Bash tells the time without a process of its own: a process costs more
 * than a row on some machines.
 */
const LOOP = `
cd "$1" || exit 1
# Debian's psql is a program in Perl that starts this one.
export PATH=/usr/lib/postgresql/15/bin:$PATH
export PGPASSFILE=$1/pass PGCONNECT_TIMEOUT=1 PGOPTIONS='-c statement_timeout=5000'
n=0
while [ -d "$1" ] && [ ! -e "$1/stop" ] && [ $SECONDS -lt 3600 ]; do
  n=$((n + 1))
  if timeout 6 psql -XAtqw "$2 user=app dbname=app" -c "insert into ledger values ($n)" 2>>"$1/errors"; then
    echo "$n $((\${EPOCHREALTIME/[.,]/} / 1000))" >>"$1/ledger"
  else
    # A refused connection returns at once: not more than some ten tries a second.
    sleep 0.1
  fi
done`

export interface Report {
  readonly acknowledged: number
  /** The longest time without an acknowledged row, in milliseconds. */
  readonly gapMs: number
  /** Acknowledged, but not in the table. */
  readonly lost: readonly number[]
}

export interface Writer {
  readonly acknowledged: () => number
  /** Resolves when so many more rows are acknowledged; fails the test when they never are. */
  readonly writes: (more: number) => Promise<void>
  /** Ends the loop and compares its ledger with the table. */
  readonly stop: () => Promise<Report>
}

const client = (lab: Lab, ...argv: readonly string[]): Started =>
  start([process.execPath, MAIN, 'lab', 'exec-client', '--name', lab.name, '--', ...argv], '', 3_700_000)

/** How the application reaches the primary, in libpq's words. */
const BY_VIP = `host=${VIP}`

/** One statement of the application through the writer VIP, or another way. */
export async function query(lab: Lab, sql: string, way = BY_VIP): Promise<string> {
  const folder = await clientFolder(lab)
  const psql = ['psql', '-XAtqw', `${way} user=app dbname=app`, '-c', sql]
  const argv = ['env', `PGPASSFILE=${folder}/pass`, 'PGCONNECT_TIMEOUT=3', ...psql]
  const ended = await client(lab, ...argv).ended
  rmSync(folder, { recursive: true })
  expect(ended.code, ended.stderr).toBe(0)
  return ended.stdout.trim()
}

async function clientFolder(lab: Lab): Promise<string> {
  mkdirSync(clientsIn(lab), { recursive: true })
  const folder = mkdtempSync(join(clientsIn(lab), 'client-'))
  const password = (await lab.secrets()).get('app_password') ?? ''
  writeFileSync(join(folder, 'pass'), `*:*:*:app:${password}\n`, { mode: 0o600 })
  return folder
}

const ledgerOf = (folder: string): readonly (readonly [row: number, at: number])[] => {
  const file = join(folder, 'ledger')
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => line.split(' ').map(Number) as [number, number])
}

/** The longest pause between two neighbours of the ledger. */
function longestGap(times: readonly number[]): number {
  return Math.max(0, ...times.slice(1).map((time, index) => time - (times[index] ?? time)))
}

/** Makes the table anew and starts a client that writes until it is stopped; it has written when this resolves. */
export async function startWriter(lab: Lab, way = BY_VIP): Promise<Writer> {
  await query(lab, 'drop table if exists ledger; create table ledger (id bigint primary key)', way)
  const folder = await clientFolder(lab)
  const loop = client(lab, 'bash', '-c', LOOP, 'writer', folder, way)
  const acknowledged = (): number => ledgerOf(folder).length
  const writes = async (more: number): Promise<void> => {
    const goal = acknowledged() + more
    await eventually(`${more} more acknowledged rows`, () => acknowledged() >= goal, 90_000)
  }
  await writes(3)
  return {
    acknowledged,
    writes,
    stop: async () => {
      writeFileSync(join(folder, 'stop'), '')
      await loop.ended
      const ledger = ledgerOf(folder)
      const rows = await query(lab, 'select id from ledger', way)
      const present = new Set(rows.split('\n').map(Number))
      const lost = ledger.map(([row]) => row).filter((row) => !present.has(row))
      rmSync(folder, { recursive: true })
      return { acknowledged: ledger.length, gapMs: longestGap(ledger.map(([, at]) => at)), lost }
    },
  }
}
