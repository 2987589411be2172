import { Command, CommanderError } from 'commander'
import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import { report } from './errors.ts'
import { interrupt, listen } from './interrupt.ts'
import { note, out, setExit, setOutput, watchPipes } from './io.ts'
import { withOutput } from './options.ts'
import type { Verb } from './verbs.ts'

/** Commander's complaint in our form: without its prefix, its suggestion as the hint. */
function usage(verb: string, message: string): HactlError {
  const [summary = message, guess] = message.replace(/^error: /, '').split('\n')
  const meant = /^\(Did you mean (.*)\?\)$/.exec(guess ?? '')?.[1]
  const hint = meant === undefined ? `hactl ${verb} --help` : `did you mean "${meant}"?`
  return new HactlError(problem('cli/usage', summary, { on: { task: `hactl ${verb}` }, hint }), EXIT.usage)
}

/** Every verb and every verb below it takes `-v` and `--no-color`. */
function addOutputOptions(command: Command): void {
  for (const child of command.commands) addOutputOptions(child)
  if (command.commands.length === 0) withOutput(command)
}

async function build(verb: Verb): Promise<Command> {
  const program = new Command('hactl')
    .exitOverride()
    .configureOutput({ writeOut: (text) => void out(text), writeErr: () => undefined })
    .hook('preAction', (_program, called) => setOutput(called.opts()))
  const command = program.command(verb.name).description(verb.about)
  const module = await verb.load()
  module.configure(command)
  addOutputOptions(command)
  return program
}

const helpOf = (program: Command, verb: Verb): string =>
  program.commands.find((command) => command.name() === verb.name)?.helpInformation() ?? ''

async function runVerb(verb: Verb, argv: readonly string[]): Promise<void> {
  const program = await build(verb)
  try {
    await program.parseAsync([verb.name, ...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // A verb with verbs of its own was called without one: commander would have shown its help.
    if (error.code === 'commander.help') {
      await note(helpOf(program, verb).trimEnd())
      setExit(EXIT.usage)
    } else if (error.exitCode !== 0) throw usage(verb.name, error.message)
  }
}

/**
 * Runs one verb with its arguments and ends the process with the right exit code. Sockets that a verb
 * left open do not keep it alive.
 */
export async function dispatch(verb: Verb, argv: readonly string[]): Promise<never> {
  watchPipes()
  listen((text) => void note(text))
  // Also where a promise nobody waited for rejects: a bug, and never a silent one.
  process.once('uncaughtException', (error) => {
    void report(error, argv).then((bug) => process.exit(bug))
  })
  let code: number | undefined
  try {
    await runVerb(verb, argv)
  } catch (error) {
    code = await report(error, argv)
  }
  // A write that is complete has left the process; only then may it end.
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()))
  process.exit(interrupt.happened() ? EXIT.interrupted : (code ?? process.exitCode ?? EXIT.done))
}
