import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseControlData } from '../../../../src/modules/postgres/controldata.ts'
import { factServer } from '../../../../src/modules/postgres/facts.ts'
import { versionText } from '../../../../src/modules/postgres/layout.ts'
import { recoveryFiles } from '../../../../src/modules/postgres/recovery.ts'
import { md5Verifier, passwordMatches, scramVerifier } from '../../../../src/modules/postgres/scram.ts'
import { serverSql } from '../../../../src/modules/postgres/server-sql.ts'
import { identifier, literal } from '../../../../src/modules/postgres/sql.ts'
import { parseIdentity } from '../../../../src/modules/postgres/upstream.ts'
import {
  features,
  fitSettings,
  majorOf,
  VERSIONS,
  walNames,
} from '../../../../src/modules/postgres/versions.ts'

test('constants and names are quoted for SQL', () => {
  expect(literal("it's")).toBe("'it''s'")
  expect(literal("a\\'b")).toBe(String.raw`E'a\\''b'`)
  expect(identifier('a"b')).toBe('"a""b"')
})

/** Stored by PostgreSQL 15.18 for CREATE ROLE … PASSWORD 'pencil'. */
const STORED =
  'SCRAM-SHA-256$4096:ztjib66ctzRM2HsoBpV4NQ==$vDol/7KUuPTtp/hkeeyyJ4SPizYbj63iTrdTvAz80i0=:VGtlrngXw2999rQ83nO2BLfcA5/SS3YqoLBX0d1GXZU='

test('a verifier equals the one that PostgreSQL made from the same password and salt', () => {
  const salt = Buffer.from(/:([^$]+)\$/.exec(STORED)?.[1] ?? '', 'base64')
  expect(scramVerifier('pencil', { salt, iterations: 4096 })).toBe(STORED)
  expect(scramVerifier('Pencil', { salt, iterations: 4096 })).not.toBe(STORED)
})

test('passwords beyond ASCII are prepared as SASLprep says', () => {
  const from = { salt: Buffer.alloc(16, 7), iterations: 4096 }
  expect(scramVerifier('\u2168', from)).toBe(scramVerifier('IX', from))
  expect(scramVerifier('I\u00adX', from)).toBe(scramVerifier('IX', from))
  expect(scramVerifier('a\u00a0b', from)).toBe(scramVerifier('a b', from))
  expect(scramVerifier('a\tb', from)).not.toBe(scramVerifier('a b', from))
})

test('md5 verifiers count on 9.6 only', () => {
  const stored = md5Verifier('secret', 'app')
  expect(stored).toBe('md56a422f785c9e20873908ce25d1736ae2')
  const hash = createHash('md5').update(stored).digest('hex')
  expect(passwordMatches({ kind: 'md5', hash }, 'secret', 'app', 90_624)).toBe(true)
  expect(passwordMatches({ kind: 'md5', hash }, 'other', 'app', 90_624)).toBe(false)
  expect(passwordMatches({ kind: 'md5', hash }, 'secret', 'app', 150_000)).toBe(false)
  expect(passwordMatches({ kind: 'none' }, '', 'app', 150_000)).toBe(false)
})

test.each(VERSIONS)('recovery settings of version %i', async (version) => {
  const recovery = {
    primaryConninfo: "host=10.77.0.20 user=repl application_name=pg2 options='-c a=b'",
    slot: 'pg2',
    restoreCommand: 'cp /archive/%f %p',
  }
  await expect(`${JSON.stringify(recoveryFiles(version, recovery), null, 2)}\n`).toMatchFileSnapshot(
    join(import.meta.dirname, 'golden', `recovery-${versionText(version)}.json`),
  )
})

const WANTED = {
  wal_level: 'hot_standby',
  wal_keep_segments: '32',
  max_slot_wal_keep_size: '10GB',
  promote_trigger_file: '/x',
  stats_temp_directory: '/run/x',
  hot_standby: 'on',
  scram_iterations: '8192',
  primary_conninfo: 'host=a',
}

test.each(VERSIONS)('settings fitted to version %i', async (version) => {
  await expect(`${JSON.stringify(fitSettings(version, WANTED), null, 2)}\n`).toMatchFileSnapshot(
    join(import.meta.dirname, 'golden', `settings-${versionText(version)}.json`),
  )
})

test('a new name that is given too wins over the renamed old one, whatever the order', () => {
  expect(fitSettings(15, { wal_keep_segments: '32', wal_keep_size: '1GB' }).settings).toEqual({
    wal_keep_size: '1GB',
  })
  expect(fitSettings(15, { wal_keep_size: '1GB', wal_keep_segments: '32' }).settings).toEqual({
    wal_keep_size: '1GB',
  })
})

test('names and features by version', () => {
  expect(walNames(96).currentLsn).toBe('pg_current_xlog_location')
  expect(walNames(10).currentLsn).toBe('pg_current_wal_lsn')
  expect(VERSIONS.filter((version) => features(version).standbySignal)).toEqual([12, 13, 14, 15, 16, 17, 18])
  expect(VERSIONS.filter((version) => !features(version).scram)).toEqual([96])
  expect(VERSIONS.filter((version) => !features(version).rewindGrants)).toEqual([96, 10])
  expect([90_624, 100_023, 150_018, 180_001].map(majorOf)).toEqual([96, 10, 15, 18])
  expect([96, 10, 15].map(versionText)).toEqual(['9.6', '10', '15'])
})

test('pg_controldata of a primary and of a standby', () => {
  const read = (name: string) =>
    parseControlData(readFileSync(join(import.meta.dirname, 'captured', name), 'utf8'))
  expect(read('pg_controldata-15.18-primary.txt')).toMatchObject({
    state: 'in production',
    timeline: 1,
    checksums: true,
  })
  const standby = read('pg_controldata-15.18-standby.txt')
  expect(standby?.state).toBe('in archive recovery')
  expect(standby?.lsn).toBeDefined()
  expect(parseControlData('pg_controldata: could not open file')).toBeUndefined()
})

test('IDENTIFY_SYSTEM with and without a history', () => {
  const captured = readFileSync(
    join(import.meta.dirname, 'captured', 'identify_system-15.18-timeline-2.txt'),
    'utf8',
  )
  expect(parseIdentity(captured)).toMatchObject({ timeline: 2, history: [{ timeline: 1 }] })
  expect(parseIdentity('7710205770470287546|1|0/3000148|\n')).toEqual({
    systemIdentifier: '7710205770470287546',
    timeline: 1,
    history: [],
  })
  expect(parseIdentity('psql: error')).toBeUndefined()
})

test('the query holds every name once and no function that only some versions have outside a text', () => {
  const sql = serverSql({ settings: ['Work_Mem'], roles: ["o'x"], databases: ['d'], hba: true })
  expect(sql).toContain("array['work_mem']")
  expect(sql).toContain("array['o''x']")
  const outside = sql.replaceAll(/\$q\$[\s\S]*?\$q\$/g, '')
  expect(outside).not.toMatch(/pg_current_wal_lsn|pg_current_xlog|sha256|pg_hba_file_rules/)
})

test("facts speak of the host's own server, then of the cluster's", () => {
  expect(factServer({})).toEqual({ port: 5432, account: 'postgres' })
  expect(factServer({ cluster: { postgres: { port: 5433 } } }).port).toBe(5433)
  expect(
    factServer({ cluster: { postgres: { port: 5433 } }, postgres: { port: 5434, socket_dir: '/s' } }),
  ).toEqual({
    port: 5434,
    account: 'postgres',
    socket_dir: '/s',
  })
})
