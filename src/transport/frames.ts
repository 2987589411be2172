import { textToBytes } from '../lib/bytes.ts'
import { quote, quoteAll } from '../lib/quote.ts'
import { reveal } from '../lib/secret.ts'
import type { Command } from './transport.ts'

/** Words a shell would take for itself instead of running a program of that name. */
const SHELL_WORDS = new Set(
  (
    'alias bg bind break builtin caller case cd command compgen complete continue declare dirs disown do done echo ' +
    'elif else enable esac eval exec exit export fc fg fi for function getopts hash help history if in jobs let ' +
    'local logout mapfile popd printf pushd pwd read readarray readonly return select set shift shopt source ' +
    'suspend then time times trap type typeset ulimit umask unalias unset until wait while _a _f _i _p _z . : { } ! [['
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
function inlineText(argv: readonly string[], env: readonly string[], network: boolean): string {
  const [, , text = '', , ...args] = argv
  const set = env.map((each) => `export ${each}\n`)
  return `(${network ? '_p\n' : ''}${set.join('')}set -- ${quoteAll(args)}\n${text}\n)`
}

function commandText(command: Command): string {
  const [program, ...args] = command.argv
  if (program === undefined || program === '') return programError('a command without a program')
  if (command.argv.some((arg) => arg.includes('\0'))) programError(`a NUL byte in an argument of ${program}`)
  const env = assignments(command.env)
  const network = command.network === true
  if (command.inline === true && command.as === undefined) return inlineText(command.argv, env, network)
  const text = programText(command, program, args, env)
  return network ? `(_p;${text})` : text
}

function programText(
  command: Command,
  program: string,
  args: readonly string[],
  env: readonly string[],
): string {
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
  return text.length <= WORD_BYTES && !text.includes('\0') ? text : textToBytes(text)
}

const okText = ({ okCodes }: Command): string =>
  okCodes === undefined ? '' : ` ${okCodes === 'any' ? 'any' : okCodes.join(',') || 'none'}`

/** The begin of output that goes out as it comes, and its end; the file it would have gone to is there, and empty. */
const STREAM_BEGIN = ': >>$O;echo "$M>";'
const STREAM_END = 's=$?;echo "$M"o$k;_z $s'

function lineOf(command: Command, body: string | Buffer | undefined): string {
  const written = typeof body === 'string' ? `_i ${quote(body)} && ` : ''
  const input = body === undefined ? '' : ' <$d/i.$i.$k'
  const call = `${written}${commandText(command)}${input}`
  return command.stream === true
    ? `${STREAM_BEGIN}${call} 2>>$E;${STREAM_END}${okText(command)}\n`
    : `${call} >>$O 2>>$E;_z $?${okText(command)}\n`
}

/** A batch on its way: the header, the commands as shell text, then the bodies of standard input that are not in it. */
export interface Frame {
  readonly header: Buffer
  readonly script: Buffer
  readonly bodies: readonly Buffer[]
}

/** The request frame of a batch. */
export function encodeBatch(id: number, commands: readonly Command[], failFast: boolean): Frame {
  const bodies = commands.map((command) => bodyOf(command.stdin))
  const lines = commands.map((command, index) => lineOf(command, bodies[index]))
  const script = textToBytes((failFast ? 'F=1\n' : '') + lines.join(''))
  const sizes = bodies.flatMap((body, index) => (Buffer.isBuffer(body) ? [` ${index}:${body.length}`] : []))
  return {
    header: Buffer.from(`B ${id} ${script.length}${sizes.join('')}\n`),
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
