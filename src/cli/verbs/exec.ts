import type { Command } from 'commander'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import { renderDiagnostics } from '../../diag/render.ts'
import type { Host } from '../../inventory/inventory.ts'
import { matchHosts } from '../../inventory/pattern.ts'
import { textToBytes } from '../../lib/bytes.ts'
import { parseDuration } from '../../lib/duration.ts'
import { pool } from '../../lib/pool.ts'
import { masker } from '../../lib/secret.ts'
import { connect } from '../../transport/connect.ts'
import type { CommandResult, Command as RemoteCommand } from '../../transport/transport.ts'
import { HostLines } from '../host-lines.ts'
import { interrupt } from '../interrupt.ts'
import { note, out, outRaw, printJson, setExit } from '../io.ts'
import { inventoryFile, withFormat, withInventory } from '../options.ts'
import type { Format } from '../options.ts'
import { openTargets } from '../../app/target.ts'
import { terminal } from '../caller.ts'

interface Options {
  readonly inventory?: string
  readonly forks?: string
  readonly as?: string
  readonly timeout: string
  readonly format: Format
  readonly raw?: boolean
  readonly secretsKey?: string
}

interface Ran {
  readonly host: string
  readonly result?: CommandResult
  readonly failures: readonly Diagnostic[]
}

const FORKS = 50

/** One word is shell text, as with ssh; several are a program and its arguments, taken as they are. */
function remoteCommand(words: readonly string[], options: Options): RemoteCommand {
  const timeoutMs = parseDuration(options.timeout)
  if (timeoutMs === undefined) {
    throw new HactlError(
      problem('cli/bad-duration', `--timeout "${options.timeout}" is not a duration`, {
        hint: 'write it as 30s or 5m',
      }),
    )
  }
  return {
    argv: words.length === 1 ? ['sh', '-c', words[0] ?? ''] : words,
    timeoutMs,
    network: true,
    ...(options.format === 'text' && { stream: true }),
    ...(options.as !== undefined && { as: options.as }),
  }
}

async function runOn(
  host: Host,
  command: RemoteCommand,
  output?: (data: Buffer) => Promise<void> | undefined,
): Promise<Ran> {
  const { ask } = terminal()
  try {
    const session = await connect(host.connection, { signal: interrupt.hard, ...(ask && { ask }) })
    try {
      const options = { signal: interrupt.hard, ...(output && { output }) }
      const [result] = await session.batch([command], options)
      return { host: host.name, failures: [], ...(result && { result }) }
    } finally {
      await session.close()
    }
  } catch (error) {
    if (!(error instanceof HactlError) || error.exit === EXIT.interrupted) throw error
    return { host: host.name, failures: error.diagnostics }
  }
}

interface Look {
  readonly width: number
  readonly mask: (text: string) => string
  /** Length of the longest secret. */
  readonly longest: number
  readonly write: (text: string) => Promise<void>
}

/** Runs the command on a host and prints what it says: its output while it comes, the rest behind it. */
async function follow(host: Host, command: RemoteCommand, look: Look): Promise<Ran> {
  const name = host.name.padEnd(look.width)
  const output = new HostLines({ ...look, prefix: `${name} | ` })
  const ran = await runOn(host, command, (data) => output.push(data))
  await output.end()
  const { result, failures } = ran
  if (failures.length > 0) await note(renderDiagnostics(failures).trimEnd())
  if (!result) return ran
  const errors = new HostLines({ ...look, prefix: `${name} ! `, write: (text) => note(...lastless(text)) })
  await errors.push(textToBytes(result.stderr))
  await errors.end()
  await tellEnd(name, result)
  return ran
}

/** Text as one argument of `note`, which ends it itself. */
const lastless = (text: string): string[] => (text === '' ? [] : [text.replace(/\n$/, '')])

async function tellEnd(name: string, result: CommandResult): Promise<void> {
  if (result.timedOut === true) await note(`${name} ! stopped: it ran longer than --timeout`)
  else if (result.code !== 0) await note(`${name} ! exit code ${result.code}`)
}

async function exec(pattern: string, words: readonly string[], options: Options): Promise<void> {
  const command = remoteCommand(words, options)
  const [target] = await openTargets(inventoryFile(undefined, options), options, terminal())
  if (!target) return
  const { inventory } = target
  const matched = matchHosts(inventory, pattern)
  if (matched.diagnostics.length > 0) throw new HactlError(matched.diagnostics)
  const hosts = matched.hosts.flatMap((name) => inventory.hosts.get(name) ?? [])
  const mask = masker(inventory.secrets)
  const longest = Math.max(0, ...inventory.secrets.map((secret) => secret.reveal().length))
  const width = Math.max(...hosts.map((host) => host.name.length))
  const write = options.raw === true ? outRaw : out
  const all = await pool(hosts, Number(options.forks ?? FORKS), async (host) => {
    if (options.format === 'text') return follow(host, command, { width, mask, longest, write })
    const { result, ...ran } = await runOn(host, command)
    const masked: Ran = {
      ...ran,
      ...(result && { result: { ...result, stdout: mask(result.stdout), stderr: mask(result.stderr) } }),
    }
    if (options.format === 'jsonl') await printJson(masked, 'jsonl')
    return masked
  })
  if (options.format === 'json') await printJson(all)
  if (all.some((ran) => ran.failures.length > 0)) setExit(EXIT.unreachable)
  else if (all.some((ran) => ran.result?.code !== 0)) setExit(EXIT.failed)
}

/** `hactl exec PATTERN -- COMMAND`: a command on hosts, side by side; exit 1 when it failed on one, 4 when one is unreachable. */
export function configure(command: Command): void {
  withFormat(
    withInventory(
      command
        .argument('<pattern>', 'hosts, groups or an Ansible host pattern')
        .argument('<command...>', 'one word is shell text, several are a program and its arguments'),
    ),
  )
    .option('--forks <n>', 'hosts worked on at the same time')
    .option('--as <account>', 'the account that runs it; default: the one after become')
    .option('--raw', 'control characters of the output are sent to the terminal, not shown')
    .option('--timeout <duration>', 'stopped after this long', '120s')
    .option('--secrets-key <file>', 'the age key of the encrypted secrets')
    .addHelpText('after', "\nFor example: hactl exec postgres -- 'df -h /var/lib/postgresql'")
    .action(exec)
}
