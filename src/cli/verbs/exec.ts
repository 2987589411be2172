import type { Command } from 'commander'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import { renderDiagnostics } from '../../diag/render.ts'
import type { Host } from '../../inventory/inventory.ts'
import { matchHosts } from '../../inventory/pattern.ts'
import { parseDuration } from '../../lib/duration.ts'
import { pool } from '../../lib/pool.ts'
import { masker } from '../../lib/secret.ts'
import { connect } from '../../transport/connect.ts'
import type { CommandResult, Command as RemoteCommand } from '../../transport/transport.ts'
import { interrupt } from '../interrupt.ts'
import { note, print, printJson, setExit } from '../io.ts'
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
    ...(options.as !== undefined && { as: options.as }),
  }
}

async function runOn(host: Host, command: RemoteCommand): Promise<Ran> {
  const { ask } = terminal()
  try {
    const session = await connect(host.connection, { signal: interrupt.hard, ...(ask && { ask }) })
    try {
      const [result] = await session.batch([command], { signal: interrupt.hard })
      return { host: host.name, failures: [], ...(result && { result }) }
    } finally {
      await session.close()
    }
  } catch (error) {
    if (!(error instanceof HactlError) || error.exit === EXIT.interrupted) throw error
    return { host: host.name, failures: error.diagnostics }
  }
}

const lines = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))

async function show({ host, result, failures }: Ran, width: number): Promise<void> {
  const name = host.padEnd(width)
  if (failures.length > 0) await note(renderDiagnostics(failures).trimEnd())
  if (!result) return
  await print(...lines(result.stdout).map((line) => `${name} | ${line}`))
  await note(...lines(result.stderr).map((line) => `${name} ! ${line}`))
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
  const width = Math.max(...hosts.map((host) => host.name.length))
  const all = await pool(hosts, Number(options.forks ?? FORKS), async (host) => {
    const { result, ...ran } = await runOn(host, command)
    const masked: Ran = {
      ...ran,
      ...(result && { result: { ...result, stdout: mask(result.stdout), stderr: mask(result.stderr) } }),
    }
    if (options.format === 'text') await show(masked, width)
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
    .option('--timeout <duration>', 'stopped after this long', '120s')
    .option('--secrets-key <file>', 'the age key of the encrypted secrets')
    .addHelpText('after', "\nFor example: hactl exec postgres -- 'df -h /var/lib/postgresql'")
    .action(exec)
}
