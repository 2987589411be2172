/**
 * A program of its own: a caching HTTP proxy for the nodes' apt. It listens on a UNIX socket and fetches only
 * from the mirrors it is given. Usage: proxy SOCKET CACHE ORIGIN…
 */
import { createHash } from 'node:crypto'
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { createServer, get as httpGet } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { get as httpsGet } from 'node:https'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

const [socket = '', cache = '', ...origins] = process.argv.slice(2)
const mirrors = new Map(origins.map((origin) => [new URL(origin).host, new URL(origin)]))
const upstream = process.env['HACTL_LAB_HTTP_PROXY']
const inFlight = new Map<string, Promise<void>>()

class Refused extends Error {
  readonly status: number
  constructor(status: number) {
    super(`status ${status}`)
    this.status = status
  }
}

/** Asks the mirror, over the scheme this machine's apt uses and through the machine's own proxy if it has one. */
function ask(url: URL, method: string, headers: IncomingHttpHeaders): Promise<IncomingMessage> {
  const origin = mirrors.get(url.host)
  if (origin === undefined) throw new Refused(403)
  const target = new URL(url.pathname + url.search, origin)
  const options = { method, headers: { ...headers, host: target.host }, timeout: 60_000 }
  return new Promise((resolve, reject) => {
    const request =
      target.protocol === 'https:'
        ? httpsGet(target, options, resolve)
        : upstream === undefined
          ? httpGet(target, options, resolve)
          : httpGet(new URL(upstream), { ...options, path: target.href }, resolve)
    request.on('timeout', () => request.destroy(new Error('no answer for 60 s')))
    request.on('error', reject)
  })
}

async function download(url: URL, file: string): Promise<void> {
  const answer = await ask(url, 'GET', {})
  if (answer.statusCode !== 200) {
    answer.resume()
    throw new Refused(answer.statusCode ?? 502)
  }
  const part = `${file}.${process.pid}.part`
  try {
    await pipeline(answer, createWriteStream(part))
    const length = answer.headers['content-length']
    if (length !== undefined && statSync(part).size !== Number(length)) throw new Refused(502)
    renameSync(part, file)
  } finally {
    rmSync(part, { force: true })
  }
}

/** Several nodes ask for one file at the same moment: it is fetched once. */
function once(url: URL, file: string): Promise<void> {
  const running = inFlight.get(file)
  if (running !== undefined) return running
  const started = download(url, file)
    // One more try: mirrors drop connections now and then.
    .catch((error: unknown) =>
      error instanceof Refused && error.status < 500 ? Promise.reject(error) : download(url, file),
    )
    .finally(() => inFlight.delete(file))
  inFlight.set(file, started)
  return started
}

/** Files whose name stands for one content, for ever. */
const immutable = (url: URL): boolean => /\.u?deb$/.test(url.pathname) || url.pathname.includes('/by-hash/')

async function fromCache(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const file = join(
    cache,
    createHash('sha256')
      .update(url.host + url.pathname)
      .digest('hex'),
  )
  if (!existsSync(file)) await once(url, file)
  const { size, mtime } = statSync(file)
  response.writeHead(200, {
    'content-length': size,
    'content-type': 'application/octet-stream',
    'last-modified': mtime.toUTCString(),
  })
  if (request.method === 'HEAD') response.end()
  else await pipeline(createReadStream(file), response)
}

async function passThrough(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { 'proxy-connection': _, connection: __, ...headers } = request.headers
  const answer = await ask(url, request.method ?? 'GET', headers)
  response.writeHead(answer.statusCode ?? 502, answer.headers)
  await pipeline(answer, response)
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === '/alive') {
    response.end(JSON.stringify(origins))
    return
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') throw new Refused(403)
  if (!URL.canParse(request.url ?? '')) throw new Refused(400)
  const url = new URL(request.url ?? '')
  await (immutable(url) ? fromCache : passThrough)(url, request, response)
}

function fail(error: unknown, request: IncomingMessage, response: ServerResponse): void {
  const status = error instanceof Refused ? error.status : 502
  if (status !== 404) console.log(new Date().toISOString(), status, request.url, String(error))
  if (response.headersSent) response.destroy()
  else response.writeHead(status).end()
}

mkdirSync(cache, { recursive: true })
rmSync(socket, { force: true })
createServer((request, response) => {
  serve(request, response).catch((error: unknown) => fail(error, request, response))
}).listen(socket)
