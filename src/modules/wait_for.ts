import type { Static } from 'typebox'
import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import { defineAction } from '../engine/module.ts'
import type { Probe } from '../engine/probe.ts'
import { Type } from '../lib/type.ts'
import type { CommandResult } from '../transport/transport.ts'
import { absolutePath } from './args.ts'
import { commandLabel, commandOf } from './lib/command.ts'
import { stat } from './readings/stat.ts'

const args = Type.Object({
  port: Type.Optional(
    Type.Integer({ description: 'TCP port that accepts connections.', minimum: 1, maximum: 65535 }),
  ),
  host: Type.Optional(
    Type.String({
      description: 'Host of the port, as seen from this one; default: any address of this host.',
      pattern: '^[A-Za-z0-9.:_-]+$',
    }),
  ),
  file: Type.Optional(absolutePath('Path that exists.')),
  command: Type.Optional(commandOf('Command that only reads and exits with 0.')),
  gone: Type.Boolean({
    description: 'Wait for the opposite: port closed, no such file, another exit code.',
    default: false,
  }),
})
type Args = Static<typeof args>

/** TCP_LISTEN in the `st` column of /proc/net/tcp; the port is the hexadecimal part behind the local address. */
const listens = (table: string, port: number): boolean =>
  table.split('\n').some((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/)
    return state === '0A' && Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16) === port
  })

/** Opens a connection and closes it; bash is on every supported system, netcat is not. */
const CONNECT = 'exec 3<>"/dev/tcp/$1/$2"'

async function portOpen(probe: Probe, port: number, host: string | undefined): Promise<boolean> {
  if (host === undefined) {
    const { stdout } = await probe.run(['cat', '/proc/net/tcp', '/proc/net/tcp6'])
    return listens(stdout, port)
  }
  const found = await probe.run(['timeout', '5', 'bash', '-c', CONNECT, 'wait_for', host, String(port)])
  return found.code === 0
}

const askCommand = (probe: Probe, command: string | readonly string[]): Promise<CommandResult> =>
  probe.run(typeof command === 'string' ? ['sh', '-c', command] : command)

const targets = ({ port, file, command }: Args): number =>
  [port, file, command].filter((each) => each !== undefined).length

async function isThere(probe: Probe, given: Args): Promise<boolean> {
  const { port, host, file, command } = given
  if (targets(given) !== 1) {
    throw new HactlError(
      problem('wait_for/one-target', `wait_for names ${targets(given)} of port, file and command`, {
        hint: 'name exactly one',
      }),
      EXIT.usage,
    )
  }
  if (port !== undefined) return await portOpen(probe, port, host)
  if (file !== undefined) return (await probe.ask(stat, file)).type !== 'absent'
  return (await askCommand(probe, command ?? [])).code === 0
}

const describe = ({ port, host, file, command }: Args): string => {
  if (port !== undefined) return `port ${host === undefined ? '' : `${host}:`}${port}`
  return file ?? commandLabel(command ?? [])
}

/** What the command said when it was asked last: its own words, never its arguments. */
async function lastWords(probe: Probe, command: string | readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await askCommand(probe, command)
  const words = (stderr.trim() || stdout.trim()).split('\n').at(-1) ?? ''
  return words === '' ? `its question ends with exit code ${code}` : words
}

/** Waits; changes nothing. */
export const waitFor = defineAction({
  name: 'wait_for',
  about:
    'Wait until a port accepts connections, a path exists or a command succeeds, or until that has ended.',
  args,
  examples: ['wait_for: { port: 5432 }', 'wait_for: { command: [pg_isready, -q] }'],
  label: describe,
  done: async (probe, given) => (await isThere(probe, given)) !== given.gone,
  steps: () => [],
  explain: async (probe, given) =>
    given.command === undefined
      ? `${describe(given)} is ${given.gone ? 'still' : 'not'} there`
      : await lastWords(probe, given.command),
})
