import type { Static } from 'typebox'
import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import { IMPACTS } from '../engine/impact.ts'
import { defineAction, defineModule } from '../engine/module.ts'
import type { Probe } from '../engine/probe.ts'
import { runWith } from '../engine/step.ts'
import type { RunStep } from '../engine/step.ts'
import { Type } from '../lib/type.ts'
import { absolutePath, secretText } from './args.ts'
import { commandLabel, commandOf } from './lib/command.ts'
import { stat } from './readings/stat.ts'

const args = Type.Object({
  run: commandOf('Command.'),
  creates: Type.Optional(absolutePath('It has been done when this path exists.')),
  unless: Type.Optional(commandOf('Command that only reads: it has been done when this exits with 0.')),
  expect: Type.Optional(
    Type.String({
      description:
        'Regular expression (JavaScript) that the output of `unless` must match too, for tools that tell the state in words.',
      format: 'regex',
    }),
  ),
  onlyif: Type.Optional(
    commandOf('Command that only reads: there is nothing to do when this exits with another code than 0.'),
  ),
  chdir: Type.Optional(absolutePath('Folder to run it in.')),
  stdin: Type.Optional(secretText('Standard input; the place for a secret.')),
  env: Type.Optional(Type.Map(Type.String({ description: 'Value.' }), { description: 'Environment.' })),
  ok_codes: Type.Array(Type.Integer(), { description: 'Exit codes that mean success.', default: [0] }),
  touches: Type.Optional(
    Type.Array(absolutePath('A path.'), {
      description:
        'The only paths it changes, all else untouched: it then travels together with other tasks. Default: it may change anything.',
    }),
  ),
  impact: Type.Enum(IMPACTS, { description: 'What it interrupts; the plan shows it.', default: 'none' }),
})
type Args = Static<typeof args>
type Guard = string | readonly string[]

interface CommandState {
  readonly [field: string]: unknown
  readonly done: boolean
}

const argvOf = (command: Guard): readonly string[] =>
  typeof command === 'string' ? ['sh', '-c', command] : command

const inFolder = (argv: readonly string[], folder: string | undefined): readonly string[] =>
  folder === undefined ? argv : ['sh', '-c', 'cd -- "$1" && shift && exec "$@"', 'sh', folder, ...argv]

function stepOf({ run, chdir, stdin, env, ok_codes, impact }: Args): RunStep {
  const options = {
    impact,
    okCodes: ok_codes,
    ...(stdin !== undefined && { stdin }),
    ...(env && { env }),
    timeoutMs: 600_000,
  }
  return runWith(options, ...inFolder(argvOf(run), chdir))
}

/** Runs a guard. What it reads is unknown, so any change makes it be asked again. */
async function check(probe: Probe, guard: Guard, given: Args) {
  const options = given.env ? { env: given.env } : {}
  return await probe.run(inFolder(argvOf(guard), given.chdir), options)
}

async function isDone(probe: Probe, given: Args): Promise<boolean> {
  const { creates, unless, onlyif, expect } = given
  const made = async (path: string) => (await probe.ask(stat, path)).type !== 'absent'
  const already = async (guard: Guard) => {
    const { code, stdout } = await check(probe, guard, given)
    return code === 0 && (expect === undefined || new RegExp(expect, 'm').test(stdout))
  }
  const unwanted = async (guard: Guard) => (await check(probe, guard, given)).code !== 0
  const answers = await Promise.all([
    creates !== undefined && made(creates),
    unless !== undefined && already(unless),
    onlyif !== undefined && unwanted(onlyif),
  ])
  return answers.includes(true)
}

function checkArgs({ expect, unless }: Args): void {
  if (expect === undefined || unless !== undefined) return
  throw new HactlError(
    problem('command/expect-needs-unless', '`expect` looks at the output of `unless`, which is missing', {
      hint: 'add `unless`, a command that only reads',
    }),
    EXIT.usage,
  )
}

/** A command that is run when what it brings about is not there. */
export const command = defineModule({
  name: 'command',
  about: 'Run a command when what it brings about is not there yet; without a guard, each time.',
  args,
  examples: [
    `command:
  run: [openssl, dhparam, -out, /etc/ssl/dh.pem, "2048"]
  creates: /etc/ssl/dh.pem`,
    `command:
  run: { script: site/rotate.sh, args: [/var/log/app] }`,
    `command:
  run: corosync-keygen -l
  unless: test -s /etc/corosync/authkey`,
  ],
  label: ({ run }) => commandLabel(run),
  async current(probe, given): Promise<CommandState> {
    checkArgs(given)
    return { done: await isDone(probe, given) }
  },
  desired: (): Partial<CommandState> => ({ done: true }),
  steps: (_from, _to, given) => [stepOf(given)],
  touches: ({ touches }) => touches?.map((path) => `file:${path}` as const),
  event: (given) =>
    given.creates === undefined && given.unless === undefined && given.onlyif === undefined
      ? defineAction({
          name: 'command',
          about: 'Run a command.',
          args: Type.Object({}),
          event: true,
          done: async () => true,
          steps: () => [stepOf(given)],
        })
      : undefined,
})
