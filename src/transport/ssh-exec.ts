import { setTimeout as wait } from 'node:timers/promises'
import type { Client, ClientChannel } from 'ssh2'

/** One packet's worth; small enough for the first window of every server. */
const EARLY_BYTES = 16_384

/** The two methods of ssh2's protocol object that sending data behind the exec request needs. */
interface Protocol {
  exec: (channel: number, command: string, wantReply: boolean) => void
  channelData: (channel: number, data: Buffer) => void
}

function protocolOf(client: Client): Protocol | undefined {
  const protocol = (client as unknown as { readonly _protocol?: Partial<Protocol> })._protocol
  return typeof protocol?.exec === 'function' && typeof protocol.channelData === 'function'
    ? (protocol as Protocol)
    : undefined
}

/**
 * Opens a channel, runs a command line and sends `early` right behind the request instead of one round trip later,
 * when the server has confirmed it. ssh2 has no public call for that; without its inner one the data is sent late.
 */
export function execWithData(client: Client, line: string, early: Buffer): Promise<ClientChannel> {
  const protocol = protocolOf(client)
  const original = protocol?.exec
  const restore = (): void => {
    if (protocol && original) protocol.exec = original
  }
  let sent = 0
  if (protocol && original) {
    protocol.exec = (channel, command, wantReply) => {
      restore()
      original.call(protocol, channel, command, wantReply)
      const head = early.subarray(0, EARLY_BYTES)
      protocol.channelData(channel, head)
      sent = head.length
    }
  }
  return new Promise((resolve, reject) => {
    client.exec(line, (error, channel) => {
      restore()
      if (error) return reject(error)
      const { outgoing } = channel as unknown as { readonly outgoing: { window: number } }
      outgoing.window -= sent
      if (sent < early.length) channel.write(early.subarray(sent))
      resolve(channel)
    })
  })
}

const REOPEN_TRIES = 20
const REOPEN_PAUSE_MS = 100

/** The same after an earlier channel: a server with `MaxSessions 1` frees the place a moment after the close. */
export async function execAgain(client: Client, line: string, early: Buffer): Promise<ClientChannel> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await execWithData(client, line, early)
    } catch (error) {
      const full = error instanceof Error && /open failed/i.test(error.message)
      if (!full || attempt === REOPEN_TRIES) throw error
      await wait(REOPEN_PAUSE_MS)
    }
  }
}
