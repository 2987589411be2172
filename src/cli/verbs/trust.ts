import type { Command } from 'commander'
import { HactlError } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import type { Host } from '../../inventory/inventory.ts'
import { matchHosts } from '../../inventory/pattern.ts'
import { pool } from '../../lib/pool.ts'
import type { ShownKey } from '../../transport/ssh-dial.ts'
import { interrupt } from '../interrupt.ts'
import { confirm, print } from '../io.ts'
import { inventoryFile, withInventory } from '../options.ts'
import { openTargets } from '../../app/target.ts'
import { terminal } from '../caller.ts'

interface Options {
  readonly inventory?: string
  readonly yes?: boolean
  readonly secretsKey?: string
}

const AT_ONCE = 8

async function chosenHosts(patterns: readonly string[], options: Options): Promise<readonly Host[]> {
  const [target] = await openTargets(inventoryFile(undefined, options), options, terminal())
  if (!target) return []
  const { hosts, diagnostics } = matchHosts(
    target.inventory,
    patterns.length > 0 ? patterns.join(':') : 'all',
  )
  if (diagnostics.length > 0) throw new HactlError(diagnostics)
  return hosts.flatMap((name) => target.inventory.hosts.get(name) ?? [])
}

/** Shows the keys, asks once, and records them. */
async function record(shown: readonly ShownKey[], yes: boolean): Promise<void> {
  const { fingerprint, keyType, recordHostKeys } = await import('../../transport/known-hosts.ts')
  for (const { target, name, key, verdict } of shown) {
    const state = verdict.kind === 'known' ? ' (trusted already)' : ''
    await print(`${target.host}  ${name}  ${keyType(key)}  ${fingerprint(key)}${state}`)
  }
  const fresh = shown.filter(({ verdict }) => verdict.kind === 'unknown')
  if (fresh.length === 0) return print('Nothing to record.')
  const question = `Compare the fingerprints with those on the hosts. Record ${fresh.length} keys?`
  if (!yes && !(await confirm(question, { flag: '--yes' }))) return print('Nothing recorded.')
  for (const { target, name, key } of fresh)
    recordHostKeys(target.trustFile, name, [key], target.hashKnownHosts)
  const files = [...new Set(fresh.map(({ target }) => target.trustFile))]
  await print(`Recorded ${fresh.length} keys in ${files.join(', ')}.`)
}

async function trust(patterns: readonly string[], options: Options): Promise<void> {
  const [{ Dialer }, { hostKeyError }] = await Promise.all([
    import('../../transport/ssh-dial.ts'),
    import('../../transport/ssh-errors.ts'),
  ])
  const hosts = await chosenHosts(patterns, options)
  const dialer = new Dialer()
  const { ask } = terminal()
  const problems: Diagnostic[] = []
  const shown: ShownKey[] = []
  const note = (error: HactlError | undefined): void => void problems.push(...(error?.diagnostics ?? []))
  await pool(
    hosts.filter((host) => host.connection.kind === 'ssh'),
    AT_ONCE,
    async ({ connection }) => {
      try {
        for (const each of await dialer.hostKeys(connection, {
          signal: interrupt.hard,
          ...(ask && { ask }),
        })) {
          if (each.verdict.kind === 'changed' || each.verdict.kind === 'revoked') {
            note(hostKeyError(each.target, each.key, each.verdict))
          } else shown.push(each)
        }
      } catch (error) {
        if (!(error instanceof HactlError)) throw error
        note(error)
      }
    },
  )
  const refused = new Set(problems.map((each) => each.on?.host))
  const names = hosts.map((host) => host.name)
  const good = shown.filter(({ target }) => !refused.has(target.host))
  if (good.length > 0) {
    await record(
      good.toSorted((a, b) => names.indexOf(a.target.host) - names.indexOf(b.target.host)),
      options.yes === true,
    )
  }
  if (problems.length > 0) throw new HactlError(problems, 4)
}

/** `hactl trust [HOST…]`: shows the SSH host keys of hosts and records them; a changed key is never replaced. */
export function configure(command: Command): void {
  withInventory(command.argument('[host...]', 'hosts, groups or patterns; default: all'))
    .option('--yes', 'record without asking: only where the network is trusted')
    .option('--secrets-key <file>', 'the age key of the encrypted secrets')
    .action(trust)
}
