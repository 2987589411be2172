import { EXIT, HactlError } from '../diag/diagnostic.ts'
import type { ExitCode } from '../diag/diagnostic.ts'
import { renderDiagnostics } from '../diag/render.ts'
import { version } from '../lib/version.ts'
import { interrupt } from './interrupt.ts'
import { note, paint, printJson } from './io.ts'
import { colorPaint } from '../report/paint.ts'

/** The format an error is printed in; read from the raw arguments, because parsing them may be what failed. */
function formatOf(argv: readonly string[]): string {
  const at = argv.findIndex((arg) => arg === '--format' || arg.startsWith('--format='))
  const given = argv[at] ?? ''
  return given.includes('=') ? given.slice(given.indexOf('=') + 1) : (argv[at + 1] ?? 'text')
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError'

function bugReport(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return [
    'This is a bug in hactl. Please report it with the text below; remove what you do not want to share.',
    `hactl ${version()}, Node.js ${process.version}, ${process.platform} ${process.arch}`,
    stack,
  ].join('\n')
}

/**
 * Tells the user about an error and gives the exit code: HactlError as its diagnostics (one JSON document
 * on standard output with `--format json` or `jsonl`), anything else as a bug with its stack.
 */
export async function report(error: unknown, argv: readonly string[]): Promise<ExitCode> {
  if (interrupt.happened() && isAbort(error)) {
    await note('Interrupted.')
    return EXIT.interrupted
  }
  if (!(error instanceof HactlError)) {
    await note(bugReport(error))
    return EXIT.bug
  }
  // Nothing to say: the verb has told it already.
  if (error.diagnostics.length === 0) return error.exit
  const format = formatOf(argv)
  if (format === 'json' || format === 'jsonl') {
    await printJson({ exit: error.exit, diagnostics: error.diagnostics }, format)
  } else {
    const color = paint(process.stderr) === colorPaint
    await note(renderDiagnostics(error.diagnostics, { color }).trimEnd())
  }
  return error.exit
}
