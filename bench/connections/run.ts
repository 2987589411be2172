/**
 * Many connections in one process: CPU and memory of each, against an OpenSSH server that is started on loopback
 * for it. Each is opened, carries one command and stays open until all are.
 *
 *   npm run bench:connections -- [--count 300]
 *
 * Needs root (the server) and a built hactl.
 */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { pool } from '../../src/lib/pool.ts'
import type { Connect, Transport } from '../../src/transport/transport.ts'
import { startSshd } from '../../test/host/ssh/sshd.ts'

const LIMIT = 500
const WARM = 10
const AT_A_TIME = 8

const { values: options } = parseArgs({ options: { count: { type: 'string', default: '300' } } })
const count = Math.min(Number(options.count), LIMIT)
// The compiled code: what users run, without the loader of the source tree.
const built = resolve(import.meta.dirname, '../../dist/transport/ssh.js')
const { connectSsh } = (await import(built)) as { readonly connectSsh: Connect }

const sshd = await startSshd(['MaxStartups 200', 'LogLevel ERROR'])
const spec = sshd.spec({ connectTimeoutMs: 60_000 })
const open: Transport[] = []

async function connectOne(): Promise<void> {
  const transport = await connectSsh(spec, {})
  open.push(transport)
  const [result] = await transport.batch([{ argv: ['true'] }])
  if (result?.code !== 0) throw new Error('the command failed')
}

/** A few at a time: the server's side of the handshakes runs on this machine too. */
const connectMany = (number: number): Promise<unknown> =>
  pool(
    Array.from({ length: number }, (_, index) => index),
    AT_A_TIME,
    connectOne,
  )

try {
  await connectMany(WARM)
  const memory = process.memoryUsage().rss
  const cpu = process.cpuUsage()
  const started = performance.now()
  await connectMany(count)
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const each = (user + system) / 1000 / count
  const size = (process.memoryUsage().rss - memory) / 1024 ** 2
  console.log(
    '| connections | wall s | CPU ms each | of it in the kernel | memory MiB each | memory MiB in all |',
  )
  console.log('| --- | --- | --- | --- | --- | --- |')
  const all = process.memoryUsage().rss / 1024 ** 2
  console.log(
    `| ${count} | ${seconds.toFixed(1)} | ${each.toFixed(1)} | ${(system / 1000 / count).toFixed(1)} | ${(size / count).toFixed(2)} | ${all.toFixed(0)} |`,
  )
} finally {
  await Promise.all(open.map((transport) => transport.close()))
  sshd.stop()
}
process.exit()
