import { reveal } from '../lib/secret.ts'
import type { BatchOptions, Command, CommandResult, FileUpload, Transport } from './transport.ts'

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
}

export interface FakeTransport extends Transport {
  /** Every batch sent so far: one round trip each. */
  readonly batches: readonly (readonly Command[])[]
  readonly uploads: readonly FileUpload[]
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

/** A host that exists only as a list of answers, for tests. A command without an answer rejects with its arguments. */
export function fakeTransport({ host = 'fake', answers = [], respond }: FakeOptions): FakeTransport {
  const batches: (readonly Command[])[] = []
  const uploads: FileUpload[] = []
  const answerTo = (command: Command): CommandResult => {
    const answer = respond?.(command) ?? answers.find((each) => matches(each, command))
    if (!answer) throw new Error(`the fake host ${host} has no answer to ${JSON.stringify(command.argv)}`)
    return { code: answer.code ?? 0, stdout: answer.stdout ?? '', stderr: answer.stderr ?? '' }
  }
  const batch = async (commands: readonly Command[], options: BatchOptions = {}) => {
    options.signal?.throwIfAborted()
    batches.push(commands)
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
    stats: () => ({
      roundTrips: batches.length,
      commands: batches.flat().length,
      bytesSent: 0,
      bytesReceived: 0,
    }),
    close: async () => undefined,
  }
}
