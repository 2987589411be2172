import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { IncomingHttpHeaders, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { poll } from '../../../src/lib/poll.ts'

const PROGRAM = resolve(import.meta.dirname, '../../../src/lab/nspawn/proxy.ts')
const dir = mkdtempSync(join(tmpdir(), 'lab-proxy-'))
const socketPath = join(dir, 's')
const hits = new Map<string, number>()
let mirror: Server
let proxy: ChildProcess
let origin = ''

/** A mirror whose answers come late enough that requests overlap. */
const startMirror = (): Server =>
  createServer((asked, answer) => {
    const path = asked.url ?? ''
    const count = (hits.get(path) ?? 0) + 1
    hits.set(path, count)
    const body = `body of ${path}`
    void wait(100).then(() => {
      if (path.includes('missing')) return answer.writeHead(404).end()
      if (asked.headers['if-modified-since'] !== undefined) return answer.writeHead(304).end()
      if (path.includes('flaky') && count === 1) {
        answer.writeHead(200, { 'content-length': 1000 })
        answer.write('half')
        return answer.destroy()
      }
      return answer.writeHead(200, { 'content-length': Buffer.byteLength(body) }).end(body)
    })
  })

const ask = (path: string, method = 'GET', headers: IncomingHttpHeaders = {}): Promise<string> =>
  new Promise((done, reject) => {
    const asked = request({ socketPath, path, method, headers, agent: false }, (answer) => {
      let text = `${answer.statusCode} `
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
      answer.on('end', () => done(text))
      answer.on('error', reject)
    })
    asked.on('error', reject)
    asked.end()
  })

beforeAll(async () => {
  mirror = startMirror()
  await new Promise<void>((done) => mirror.listen(0, '127.0.0.1', done))
  origin = `http://127.0.0.1:${(mirror.address() as AddressInfo).port}`
  proxy = spawn(process.execPath, ['--import', 'tsx', PROGRAM, socketPath, join(dir, 'cache'), origin], {
    stdio: 'ignore',
  })
  const up = await poll(() => ask('/alive').catch(() => undefined), { timeoutMs: 15_000, intervalMs: 50 })
  if (up === undefined) throw new Error('the proxy does not start')
})

afterAll(() => {
  proxy.kill()
  mirror.close()
  rmSync(dir, { recursive: true })
})

test('it says which mirrors it serves', async () => {
  expect(await ask('/alive')).toBe(`200 ["${origin}"]`)
})

test('one package that ten nodes ask for at once is fetched once, and then comes from the cache', async () => {
  const path = '/debian/pool/a_1_amd64.deb'
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask(origin + path)))
  expect(new Set(answers)).toEqual(new Set([`200 body of ${path}`]))
  expect(await ask(origin + path)).toBe(`200 body of ${path}`)
  expect(hits.get(path)).toBe(1)
})

test('a download that breaks off is tried once more and never kept half', async () => {
  expect(await ask(`${origin}/debian/flaky.deb`)).toBe('200 body of /debian/flaky.deb')
  expect(hits.get('/debian/flaky.deb')).toBe(2)
  expect(readdirSync(join(dir, 'cache')).filter((name) => name.endsWith('.part'))).toEqual([])
})

test('what the mirror does not have is not kept', async () => {
  for (const count of [1, 2]) {
    expect(await ask(`${origin}/debian/missing.deb`)).toBe('404 ')
    expect(hits.get('/debian/missing.deb')).toBe(count)
  }
})

test('indexes are asked for each time, with the condition of the node', async () => {
  const url = `${origin}/debian/dists/x/InRelease`
  expect(await ask(url)).toBe('200 body of /debian/dists/x/InRelease')
  expect(await ask(url, 'GET', { 'if-modified-since': new Date().toUTCString() })).toBe('304 ')
  expect(hits.get('/debian/dists/x/InRelease')).toBe(2)
})

test.each([
  ['another host', 'http://127.0.0.2/x.deb', 'GET', '403 '],
  ['another port of the host', 'http://127.0.0.1:1/x.deb', 'GET', '403 '],
  ['a method that writes', 'http://127.0.0.1/x', 'POST', '403 '],
  ['no URL', '/x', 'GET', '400 '],
])('%s is refused', async (_, url, method, answer) => {
  expect(await ask(url, method)).toBe(answer)
})
