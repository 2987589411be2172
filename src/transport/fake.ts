import { reveal } from '../lib/secret.ts'
import { cancelledError, transportError } from './opener.ts'
import type {
  BatchOptions,
  Command,
  CommandResult,
  FileUpload,
  Transport,
  TransportFailure,
} from './transport.ts'

/** What a command on the fake host answers. Matched by its exact arguments, and account and stdin when given. */
export interface FakeAnswer {
  readonly run: readonly string[]
  readonly as?: string
  readonly stdin?: string
  readonly code?: number
  readonly stdout?: string
  readonly stderr?: string
}

export interface FakeOptions {
  readonly host?: string
  readonly answers?: readonly FakeAnswer[]
  /** Asked before the answers; lets a test play a host that changes. */
  readonly respond?: (command: Command) => Partial<CommandResult> | undefined
  /** Breaks the session at a command for good, or never answers it (until the signal aborts). */
  readonly breaks?: (command: Command) => TransportFailure | 'hang' | undefined
}

export interface FakeTransport extends Transport {
  /** Every batch sent so far: one round trip each. */
  readonly batches: readonly (readonly Command[])[]
  readonly uploads: readonly FileUpload[]
  /** What `atEnd` was told, in order. */
  readonly ends: readonly string[]
}

const sameArgv = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((arg, i) => arg === b[i])

const plainStdin = ({ stdin }: Command): string | undefined => {
  if (stdin === undefined) return undefined
  return Buffer.isBuffer(stdin) ? stdin.toString() : reveal(stdin)
}

const matches = (answer: FakeAnswer, command: Command): boolean =>
  sameArgv(answer.run, command.argv) &&
  (answer.as === undefined || answer.as === command.as) &&
  (answer.stdin === undefined || answer.stdin === plainStdin(command))

const failed = (command: Command, { code }: CommandResult): boolean =>
  command.okCodes !== 'any' && !(command.okCodes ?? [0]).includes(code)

/** Never resolves; rejects as a session does when it is interrupted. */
const hang = (host: string, signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_, reject) => {
    const stop = (): void => reject(cancelledError(host))
    if (signal?.aborted) stop()
    signal?.addEventListener('abort', stop, { once: true })
  })

/** A host that exists only as a list of answers, for tests. A command without an answer rejects with its arguments. */
export function fakeTransport({ host = 'fake', answers = [], respond, breaks }: FakeOptions): FakeTransport {
  let broken: Error | undefined
  const batches: (readonly Command[])[] = []
  const uploads: FileUpload[] = []
  const ends: string[] = []
  const answerTo = (command: Command): CommandResult => {
    const answer = respond?.(command) ?? answers.find((each) => matches(each, command))
    if (!answer) throw new Error(`the fake host ${host} has no answer to ${JSON.stringify(command.argv)}`)
    return { code: answer.code ?? 0, stdout: answer.stdout ?? '', stderr: answer.stderr ?? '' }
  }
  const batch = async (commands: readonly Command[], options: BatchOptions = {}) => {
    options.signal?.throwIfAborted()
    if (broken) throw broken
    batches.push(commands)
    for (const command of commands) {
      const how = breaks?.(command)
      if (how === 'hang') await hang(host, options.signal)
      else if (how) throw (broken = transportError(how, host, `${host}: ${how}`))
    }
    let stopped = false
    return commands.map((command): CommandResult => {
      if (stopped) return { code: 125, stdout: '', stderr: '', notRun: true }
      const result = answerTo(command)
      stopped = options.failFast === true && failed(command, result)
      return result
    })
  }
  return {
    host,
    batches,
    uploads,
    batch,
    async upload(file) {
      uploads.push(file)
      return { code: 0, stdout: '', stderr: '' }
    },
    atEnd: (line) => void ends.push(line),
    ends,
    stats: () => ({
      roundTrips: batches.length,
      commands: batches.flat().length,
      bytesSent: 0,
      bytesReceived: 0,
    }),
    close: async () => undefined,
  }
}
