import type { Probe } from '../../engine/probe.ts'
import type { Cluster } from '../../inventory/inventory.ts'
import type { Command, CommandResult } from '../../transport/transport.ts'
import { readHosts } from '../read-hosts.ts'
import { commandsFor } from './commands.ts'
import { followUps } from './follow-up.ts'
import { namesOf, unnamedIn } from './names.ts'
import type { DoctorSite, RawHost, StackDoctor } from './site.ts'

/** Everything that was read, as it was answered: what a diagnosis is made of, and what a test case keeps. */
export interface Reading {
  readonly at: string
  readonly hosts: ReadonlyMap<string, RawHost>
  /** Why a host could not be read. */
  readonly unread: ReadonlyMap<string, string>
}

type Named = Readonly<Record<string, Command>>

async function ask(probe: Probe, commands: Named): Promise<RawHost> {
  const answers = await Promise.all(
    Object.entries(commands).map(async ([name, { argv, ...options }]) => {
      const { code, stdout, stderr } = await probe.run(argv, options)
      return [name, { code, stdout, stderr }] as const
    }),
  )
  return Object.fromEntries(answers)
}

/** The host's clock between two looks at ours, in seconds; alone in its round trip, so that little lies between. */
async function askClock(probe: Probe): Promise<CommandResult> {
  const before = Date.now() / 1000
  const { code, stdout, stderr } = await probe.run(['date', '+%s.%N'], { timeoutMs: 5000 })
  return { code, stderr, stdout: `${before} ${stdout.trim()} ${Date.now() / 1000}` }
}

/**
 * Reads every host side by side: once everything that can be asked without knowing anything, then what the first
 * answers make worth asking. Never writes.
 */
export async function readAll(
  doctor: StackDoctor,
  cluster: Cluster,
  probes: ReadonlyMap<string, Probe>,
): Promise<Omit<Reading, 'unread'>> {
  const site = doctor.site(cluster)
  const names = doctor.hosts(cluster)
  const first = await readHosts(names, probes, async (probe): Promise<RawHost> => {
    const clock = await askClock(probe)
    const commands = {
      ...doctor.commands(cluster, probe.host),
      ...commandsFor(site, cluster.name, probe.host),
    }
    return { ...(await ask(probe, commands)), clock }
  })
  const at = new Date().toISOString()
  const status = doctor.judge(cluster, first, at)
  const more = followUps(site, status, first)
  const second = await readHosts(more.keys(), probes, (probe) => ask(probe, more.get(probe.host) ?? {}))
  const hosts = new Map([...first].map(([name, raw]) => [name, { ...raw, ...second.get(name) }]))
  return {
    at,
    hosts: await named(site, hosts, status.primary === undefined ? undefined : probes.get(status.primary)),
  }
}

/** Servers that do not run cannot name the tables in their WAL: the primary does. */
async function named(
  site: DoctorSite,
  hosts: ReadonlyMap<string, RawHost>,
  primary: Probe | undefined,
): Promise<ReadonlyMap<string, RawHost>> {
  const files = [...new Set([...hosts.values()].flatMap(unnamedIn))]
  if (files.length === 0 || !primary) return hosts
  const found = await readHosts([primary.host], new Map([[primary.host, primary]]), (probe) =>
    ask(probe, { names: namesOf(site, files) }),
  )
  const names = found.get(primary.host)?.['names']
  if (!names) return hosts
  return new Map([...hosts].map(([name, raw]) => [name, unnamedIn(raw).length > 0 ? { ...raw, names } : raw]))
}
