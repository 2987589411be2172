import { spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { Duplex, PassThrough } from 'node:stream'
import type { Client } from 'ssh2'
import { Said } from './greeting.ts'
import { transportError } from './opener.ts'
import type { Target } from './target.ts'

/** A started connection, possibly not yet open, and how to end what was started for it. */
export interface Carrier {
  readonly stream: Duplex
  readonly release: () => void
  /** What went wrong before anybody listened to the stream. */
  readonly failure: () => Error | undefined
}

/** A way to a host that failed for a reason of its own, which another attempt would not cure. */
export class CarrierError extends Error {
  /** What it said itself. */
  readonly said: string
  readonly hint: string

  constructor(message: string, said: string, hint: string) {
    super(message)
    this.said = said
    this.hint = hint
  }
}

/** Remembers the first error of a stream: it may come while the SSH library is still being loaded. */
function watched(stream: Duplex, release: () => void): Carrier {
  let failure: Error | undefined
  stream.on('error', (error) => (failure ??= error))
  return {
    stream,
    release,
    failure: () => failure ?? (stream.destroyed ? new Error('the connection was closed') : undefined),
  }
}

/** What is written in one tick leaves as one packet: the SSH library writes each of its messages by itself. */
function together(socket: Socket): Socket {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean
  const flush = (): void => socket.uncork()
  socket.write = (...args: unknown[]): boolean => {
    if (socket.writableCorked === 0) {
      socket.cork()
      process.nextTick(flush)
    }
    return write(...args)
  }
  return socket
}

/** TCP with noDelay: without it every small write of the handshake waits about 40 ms for an acknowledgement. */
export function tcpCarrier({ address, port, family, bindAddress }: Target): Carrier {
  const options = {
    host: address,
    port,
    noDelay: true,
    keepAlive: true,
    ...(family && { family }),
    ...(bindAddress !== undefined && { localAddress: bindAddress }),
  }
  const socket = together(connect(options))
  return watched(socket, () => void socket.destroy())
}

/** A ProxyCommand: its standard input and output are the connection; it is killed with it. */
export function commandCarrier(command: string): Carrier {
  const child = spawn('sh', ['-c', `exec ${command}`], { detached: true })
  const said = new Said()
  child.stderr.on('data', (data: Buffer) => said.add(data))
  // It ends only when it is known how the command ended: that is the reason, not the end.
  const output = new PassThrough()
  child.stdout.pipe(output, { end: false })
  // That nobody takes the input any more is no reason either.
  const input = new PassThrough()
  input.pipe(child.stdin)
  const stream = Duplex.from({ readable: output, writable: input })
  child.on('close', (code, signal) => {
    if (code === 0) output.end()
    else output.destroy(commandError(code ?? signal ?? 'a signal', said.text))
  })
  const kill = (): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    try {
      process.kill(-child.pid, 'SIGTERM')
    } catch {
      // Already gone.
    }
  }
  child.on('error', (error) => stream.destroy(error))
  child.stdin.on('error', () => {})
  stream.on('close', kill)
  return watched(stream, () => {
    stream.destroy()
    kill()
  })
}

const commandError = (how: number | string, said: string): CarrierError =>
  new CarrierError(
    `the ProxyCommand ended with ${typeof how === 'number' ? `exit code ${how}` : how}`,
    said.trim(),
    'try it by itself: ProxyCommand in ssh_config, or ansible_ssh_common_args',
  )

/** A connection through a jump host, which stays open for others. */
export async function forwardCarrier(
  jump: { readonly client: Client; readonly target: Target },
  target: Target,
): Promise<Carrier> {
  const stream = await new Promise<Duplex>((resolve, reject) => {
    jump.client.forwardOut('127.0.0.1', 0, target.address, target.port, (error, channel) => {
      if (!error) return resolve(channel)
      const summary = `${target.host}: ${jump.target.address} cannot reach ${target.address} port ${target.port}`
      reject(transportError('unreachable', target.host, summary, { detail: error.message }))
    })
  })
  return watched(stream, () => void stream.destroy())
}
