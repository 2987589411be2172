import { quote, quoteAll } from '../lib/quote.ts'
import { reveal } from '../lib/secret.ts'
import type { Command } from './transport.ts'

/** One command's part of an answer, before the controller adds what it knows about timeouts. */
export interface Reply {
  readonly code: number
  /** It was running when a kill arrived. */
  readonly hit: boolean
  /** Output (or the whole command) was lost because the work folder is full. */
  readonly lost: boolean
  readonly stdout: string
  readonly stderr: string
}

/** Words a shell would take for itself instead of running a program of that name. */
const SHELL_WORDS = new Set(
  (
    'alias bg bind break builtin caller case cd command compgen complete continue declare dirs disown do done echo ' +
    'elif else enable esac eval exec exit export fc fg fi for function getopts hash help history if in jobs let ' +
    'local logout mapfile popd printf pushd pwd read readarray readonly return select set shift shopt source ' +
    'suspend then time times trap type typeset ulimit umask unalias unset until wait while _a _f _i _z . : { } ! [['
  ).split(' '),
)

const ACCOUNT = /^[A-Za-z_][A-Za-z0-9_.-]*\$?$/
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/

const programError = (text: string): never => {
  throw new Error(`transport: ${text}`)
}

/** Single quotes always: a quoted first word is never a reserved word, an alias or an assignment. */
const quoteProgram = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

function assignments(env: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(env).map(([name, value]) => {
    if (!VARIABLE.test(name)) programError(`"${name}" is not a variable name`)
    return `${name}=${quote(value)}`
  })
}

/** A text of our own and its arguments, for a fork of the worker. */
function inlineText(argv: readonly string[], env: readonly string[]): string {
  const [, , text = '', , ...args] = argv
  const set = env.map((each) => `export ${each}\n`)
  return `(${set.join('')}set -- ${quoteAll(args)}\n${text}\n)`
}

function commandText(command: Command): string {
  const [program, ...args] = command.argv
  if (program === undefined || program === '') return programError('a command without a program')
  if (command.argv.some((arg) => arg.includes('\0'))) programError(`a NUL byte in an argument of ${program}`)
  const env = assignments(command.env)
  if (command.inline === true && command.as === undefined) return inlineText(command.argv, env)
  const call = [quoteProgram(program), ...(args.length > 0 ? [quoteAll(args)] : [])]
  if (command.as !== undefined) {
    if (!ACCOUNT.test(command.as)) programError(`"${command.as}" is not an account name`)
    return ['_a', command.as, ...(env.length > 0 ? ["'env'", ...env] : []), ...call].join(' ')
  }
  return [...env, ...(SHELL_WORDS.has(program) ? ["'env'"] : []), ...call].join(' ')
}

/** Longest standard input that travels as a word of the batch's own text; a longer one costs the host a process. */
const WORD_BYTES = 65_536

/** Standard input as a word, or as bytes that follow the text. */
function bodyOf(stdin: Command['stdin']): string | Buffer | undefined {
  if (stdin === undefined || Buffer.isBuffer(stdin)) return stdin
  const text = reveal(stdin)
  return text.length <= WORD_BYTES && !text.includes('\0') ? text : Buffer.from(text)
}

const okText = ({ okCodes }: Command): string =>
  okCodes === undefined ? '' : ` ${okCodes === 'any' ? 'any' : okCodes.join(',') || 'none'}`

function lineOf(command: Command, body: string | Buffer | undefined): string {
  const written = typeof body === 'string' ? `_i ${quote(body)} && ` : ''
  const input = body === undefined ? '' : ' <$d/i.$i.$k'
  return `${written}${commandText(command)}${input} >>$O 2>>$E;_z $?${okText(command)}\n`
}

/** A batch on its way: the header, the commands as shell text, then the bodies of standard input that are not in it. */
export interface Frame {
  readonly header: Buffer
  readonly script: string
  readonly bodies: readonly Buffer[]
}

/** The request frame of a batch. */
export function encodeBatch(id: number, commands: readonly Command[], failFast: boolean): Frame {
  const bodies = commands.map((command) => bodyOf(command.stdin))
  const lines = commands.map((command, index) => lineOf(command, bodies[index]))
  const script = (failFast ? 'F=1\n' : '') + lines.join('')
  const sizes = bodies.flatMap((body, index) => (Buffer.isBuffer(body) ? [` ${index}:${body.length}`] : []))
  return {
    header: Buffer.from(`B ${id} ${Buffer.byteLength(script)}${sizes.join('')}\n`),
    script,
    bodies: bodies.filter((body) => Buffer.isBuffer(body)),
  }
}

/** What the host does when the session ends, however it ends: one line of shell text; empty for nothing. */
export const encodeEnd = (line: string): Buffer => Buffer.from(`E ${line}\n`)
/** Kills the command with this index, when it is still the one that runs. */
export const encodeTimeout = (index: number, signal: 'TERM' | 'KILL'): Buffer =>
  Buffer.from(`T ${index} ${signal}\n`)
/** Kills what runs and skips the rest of the batch. */
export const encodeCancel = (signal: 'TERM' | 'KILL'): Buffer => Buffer.from(`C ${signal}\n`)
/** Asks which command runs. */
export const encodeProgress = (): Buffer => Buffer.of(0x50, 0x0a)

/** Index of the running command from the runner's stderr, when the text holds an answer to a progress frame. */
export function decodeProgress(stderr: string, mark: string): number | undefined {
  const at = stderr.lastIndexOf(`${mark}p`)
  if (at < 0) return undefined
  const index = Number.parseInt(stderr.slice(at + mark.length + 1), 10)
  return Number.isNaN(index) ? undefined : index
}

/** Whether the text of one answer is complete up to its last record, which must carry this id. */
export function answerEnd(tail: Buffer, mark: string, id: number): boolean {
  const at = tail.indexOf(`${mark}d${id} `)
  return at >= 0 && tail.indexOf(0x0a, at) >= 0
}

/** A shell names its script when a program is missing; nobody needs to know that script. */
const withoutPaths = (stderr: string): string =>
  stderr.replaceAll(/^(?:\/\S*\/\.hactl-[0-9a-f]+\/[pb]: (?:line )?(?:\d+: )?)+/gm, '')

/** Takes a whole answer apart. Bytes between an end mark and the next begin mark belong to nobody. */
export function decodeAnswer(answer: Buffer, mark: string): readonly Reply[] {
  const outputs = new Map<string, string>()
  let codes: readonly string[] = []
  let begin = -1
  for (let at = answer.indexOf(mark); at >= 0; at = answer.indexOf(mark, at + mark.length)) {
    const newline = answer.indexOf(0x0a, at)
    const tag = answer.toString('latin1', at + mark.length, newline)
    if (tag === '<') begin = newline + 1
    else if (tag.startsWith('d')) codes = tag.split(' ').slice(1)
    else if (begin >= 0) {
      outputs.set(tag, answer.toString('utf8', begin, at))
      begin = -1
    }
  }
  return codes.map((code, index) => ({
    code: Number.parseInt(code, 10),
    hit: code.includes('t'),
    lost: code.includes('l'),
    stdout: outputs.get(`o${index}`) ?? '',
    stderr: withoutPaths(outputs.get(`e${index}`) ?? ''),
  }))
}
