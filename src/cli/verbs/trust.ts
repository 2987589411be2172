import type { Command } from 'commander'
import { HactlError, problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import type { Host } from '../../inventory/inventory.ts'
import { matchHosts } from '../../inventory/pattern.ts'
import { pool } from '../../lib/pool.ts'
import type { ShownKey } from '../../transport/ssh-dial.ts'
import { NOWHERE } from '../../transport/target.ts'
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

/** Where ssh_config names no file, or one that keeps nothing. */
const keepsNothing = ({ target }: ShownKey): boolean => target.trustFile === NOWHERE

/** Says what cannot be recorded; a host whose key nobody asks for needs nothing. */
function unkept(shown: readonly ShownKey[]): readonly Diagnostic[] {
  const targets = new Map(
    shown
      .filter((each) => keepsNothing(each) && each.verdict.kind !== 'known')
      .map(({ target }) => [target.host, target]),
  )
  return [...targets.values()]
    .filter(({ keyPolicy }) => keyPolicy === 'strict')
    .map(({ host }) =>
      problem(
        'ssh/host-key',
        `${host}: nothing can be recorded: UserKnownHostsFile is ${NOWHERE} in ssh_config`,
        {
          on: { host },
          hint: 'name a file there: UserKnownHostsFile ~/.ssh/known_hosts; or, for throw-away hosts only: StrictHostKeyChecking no',
        },
      ),
    )
}

const stateOf = ({ target, verdict }: ShownKey): string => {
  if (verdict.kind === 'known') return ' (trusted already)'
  return target.keyPolicy !== 'strict' && target.trustFile === NOWHERE
    ? ' (not checked: StrictHostKeyChecking no)'
    : ''
}

/** Shows the keys, asks once, and records them. */
async function record(shown: readonly ShownKey[], yes: boolean): Promise<void> {
  const { fingerprint, keyType, recordHostKeys } = await import('../../transport/known-hosts.ts')
  for (const each of shown) {
    const { target, name, key } = each
    await print(`${target.host}  ${name}  ${keyType(key)}  ${fingerprint(key)}${stateOf(each)}`)
  }
  const fresh = shown.filter((each) => each.verdict.kind === 'unknown' && !keepsNothing(each))
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
          if (each.verdict.kind !== 'known' && each.verdict.kind !== 'unknown') {
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
  problems.push(...unkept(good))
  if (problems.length > 0) throw new HactlError(problems, 4)
}

/** `hactl trust [HOST…]`: shows the SSH host keys of hosts and records them; a changed key is never replaced. */
export function configure(command: Command): void {
  withInventory(command.argument('[host...]', 'hosts, groups or patterns; default: all'))
    .option('--yes', 'record without asking: only where the network is trusted')
    .option('--secrets-key <file>', 'the age key of the encrypted secrets')
    .action(trust)
}
