import type { ConnectionSpec, Connect, Transport } from '../../src/transport/transport.ts'
import type { pool as Pool } from '../../src/lib/pool.ts'

/** What the measured process is given as its one argument, as JSON. */
export interface Wanted {
  readonly spec: ConnectionSpec
  readonly count: number
  /** Folder of the compiled code. */
  readonly dist: string
}

/** CPU and memory of all connections together: milliseconds, MiB. */
export interface Measured {
  readonly wallS: number
  readonly userMs: number
  readonly systemMs: number
  readonly grownMiB: number
  readonly allMiB: number
}

const WARM = 10
const AT_A_TIME = 8
const MIB = 1024 ** 2

const { spec, count, dist } = JSON.parse(process.argv[2] ?? '') as Wanted
const { connectSsh } = (await import(`${dist}/transport/ssh.js`)) as { readonly connectSsh: Connect }
const { pool } = (await import(`${dist}/lib/pool.js`)) as { readonly pool: typeof Pool }
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

await connectMany(WARM)
const memory = process.memoryUsage().rss
const cpu = process.cpuUsage()
const started = performance.now()
await connectMany(count)
const wallS = (performance.now() - started) / 1000
const { user, system } = process.cpuUsage(cpu)
const all = process.memoryUsage().rss
const measured: Measured = {
  wallS,
  userMs: user / 1000,
  systemMs: system / 1000,
  grownMiB: (all - memory) / MIB,
  allMiB: all / MIB,
}
console.log(JSON.stringify(measured))
await Promise.all(open.map((transport) => transport.close()))
process.exit()
