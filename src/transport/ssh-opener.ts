import type { ClientChannel } from 'ssh2'
import type { HactlError } from '../diag/diagnostic.ts'
import { reveal } from '../lib/secret.ts'
import type { Text } from '../lib/secret.ts'
import { launch, launchWithPassword, needsPassword, shellError, sudoError } from './become.ts'
import type { Launch } from './become.ts'
import { Said } from './greeting.ts'
import { endOnce, transportError } from './opener.ts'
import type { Ending, Opener, Pipe, PipeEvents } from './opener.ts'
import { execAgain, execWithData } from './ssh-exec.ts'
import type { Connection } from './ssh-handshake.ts'
import type { ConnectOptions, ConnectionSpec } from './transport.ts'

/** Reaches a host by SSH: one connection, one exec channel. */
export class SshOpener implements Opener {
  readonly host: string
  readonly #connection: Connection
  readonly #becomeUser: string | undefined
  readonly #ask: ConnectOptions['ask']
  #password: Text | undefined
  #broken: Error | undefined
  #opened = false

  constructor(connection: Connection, spec: ConnectionSpec, options: ConnectOptions) {
    this.host = spec.host
    this.#connection = connection
    this.#becomeUser = spec.become && spec.becomeUser !== connection.target.user ? spec.becomeUser : undefined
    this.#password = spec.becomePassword
    this.#ask = options.ask
    connection.client.on('error', (error) => (this.#broken ??= error))
    connection.client.on('close', () => (this.#broken ??= new Error('the connection was closed')))
  }

  async open(boot: string, early: Buffer, events: PipeEvents): Promise<Pipe> {
    const become = this.#becomeUser
    const password = this.#password
    const withPassword = become !== undefined && password !== undefined
    const start = withPassword ? launchWithPassword(boot, become) : launch(boot, become)
    const first = withPassword ? Buffer.from(`${reveal(password)}\n`) : early
    try {
      const exec = this.#opened ? execAgain : execWithData
      this.#opened = true
      const channel = await exec(this.#connection.client, start.line, first)
      return pipeOf(
        channel,
        withPassword ? afterSudo(start, early, channel, events) : events,
        () => this.#broken,
      )
    } catch (error) {
      throw this.#refused(error)
    }
  }

  async explain(ending: Ending): Promise<HactlError | undefined> {
    const { user } = this.#connection.target
    if (ending.error) {
      return transportError('lost', this.host, `${this.host}: the connection was lost`, {
        detail: ending.error.message,
      })
    }
    if (!ending.started && this.#becomeUser !== undefined) {
      if (needsPassword(ending.said) && this.#ask && this.#password === undefined) {
        this.#password = await this.#ask(`sudo password of ${user}@${this.host}: `)
        return undefined
      }
      const error = sudoError(this.host, user, ending)
      if (error) return error
    }
    return shellError(this.host, user, ending)
  }

  close(): Promise<void> {
    this.#connection.release()
    return Promise.resolve()
  }

  #refused(error: unknown): HactlError {
    const detail = error instanceof Error ? error.message : String(error)
    return this.#broken
      ? transportError('lost', this.host, `${this.host}: the connection was lost`, { detail })
      : transportError('shell', this.host, `${this.host}: sshd refused to run a command`, { detail })
  }
}

/** The channel as a pipe. What breaks the connection is known before the channel reports its end. */
function pipeOf(channel: ClientChannel, events: PipeEvents, broken: () => Error | undefined): Pipe {
  const end = endOnce(events.closed)
  channel.on('data', events.stdout)
  channel.stderr.on('data', events.stderr)
  channel.on('error', () => {})
  channel.on('exit', (code: number | null, signal?: string) =>
    end.exited({ ...(code !== null && { code }), ...(signal !== undefined && { signal }) }),
  )
  channel.on('close', () => end.closed(broken()))
  return {
    write: (data) => void channel.write(data),
    end: () => void channel.end(),
    destroy: () => channel.close(),
    hold: (held) => void (held ? channel.pause() : channel.resume()),
  }
}

/**
 * Holds the frames back until sudo has let us through. A second prompt means that the password was wrong: the
 * input ends at once, so that sudo does not take the frames for two more wrong passwords.
 */
function afterSudo(start: Launch, early: Buffer, channel: ClientChannel, events: PipeEvents): PipeEvents {
  const { prompt = '', ready = '' } = start
  const out = new Said()
  const errors = new Said()
  let passed = false
  return {
    stdout: (data) => {
      if (passed) return events.stdout(data)
      out.add(data)
      if (!out.text.includes(ready)) return
      passed = true
      channel.write(Buffer.concat([Buffer.from(`${ready}\n`), early]))
    },
    stderr: (data) => {
      if (!passed) {
        errors.add(data)
        if (errors.text.split(prompt).length > 2) channel.end()
      }
      events.stderr(data)
    },
    closed: events.closed,
  }
}
