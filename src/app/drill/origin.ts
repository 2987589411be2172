import { readFileSync } from 'node:fs'
import { cpus, platform, release, totalmem } from 'node:os'
import { relative } from 'node:path'
import type { DrillResult, Origin } from '../../cluster/drill/result.ts'
import type { DrillOptions } from '../../cluster/drill/run.ts'
import type { Site } from '../../cluster/drill/site.ts'
import { pick, readSurroundings } from '../../cluster/drill/surroundings.ts'
import { modeOf, versionOf } from '../../cluster/members.ts'
import { version } from '../../lib/version.ts'
import { connect } from '../../transport/connect.ts'
import type { DrillRequest } from './choice.ts'
import type { LabOf } from './site.ts'
import type { Target } from '../target.ts'

/** A file as one would name it in this folder. */
function shortest(file: string): string {
  const near = relative(process.cwd(), file)
  return near.startsWith('..') ? file : near
}

/** What is known of a drill before its first run. */
export interface Beginning {
  readonly target: Required<Target>
  readonly site: Site
  readonly client: DrillOptions['client']
  readonly lab: LabOf | undefined
  readonly options: DrillRequest
  readonly records: Pick<Origin, 'at' | 'by'> & { readonly run: string }
}

/** An option as it was given; nothing where it is the default, so that commands stay short. */
const unless = (
  flag: string,
  value: string | number | undefined,
  preset?: string | number,
): readonly string[] => (value === undefined || value === preset ? [] : [flag, String(value)])

const flagged = (flag: string, isSet: boolean | undefined): readonly string[] =>
  isSet === true ? [flag] : []

/** The words that make a run again in the same way, behind its scenario. */
export const againOf = (file: string, options: DrillRequest): readonly string[] => [
  file,
  ...unless('--cluster', options.cluster),
  ...unless('--rate', options.rate, 100),
  ...unless('--connections', options.connections, 8),
  ...(options.connectTimeout === 1000 ? [] : ['--connect-timeout', `${options.connectTimeout}ms`]),
  ...(options.answerTimeout === 2000 ? [] : ['--answer-timeout', `${options.answerTimeout}ms`]),
  ...unless('--target', options.target, 'address'),
  ...unless('--proxy', options.proxy),
  ...unless('--patience', options.patience, 1),
  ...unless('--on-real-hosts', options.onRealHosts),
  ...flagged('--destructive', options.destructive),
  ...unless('--secrets-key', options.secretsKey),
]

/** The name of the operating system; where there is no file for that, as Node.js calls it. */
function systemName(): string {
  try {
    const text = readFileSync('/etc/os-release', 'utf8')
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(text)?.[1] ?? platform()
  } catch {
    return platform()
  }
}

const machine = (): Origin['environment']['machine'] => ({
  system: systemName(),
  kernel: release(),
  cpus: cpus().length,
  memoryMb: Math.round(totalmem() / 2 ** 20),
})

function clientsOf(client: DrillOptions['client']): DrillResult['clients'] {
  const { readers, writers, rate, connections, connectTimeoutMs, answerTimeoutMs } = client
  return {
    target: writers.map(({ host, port }) => `${host}:${port}`),
    readers: readers.map(({ endpoint: { host, port } }) => `${host}:${port}`),
    rate,
    connections,
    connectTimeoutMs,
    answerTimeoutMs,
  }
}

/** What the numbers of a drill depend on, read before anything is broken. */
export async function originOf(beginning: Beginning): Promise<Origin> {
  const { target, site, client, lab, options, records } = beginning
  const status = await site.status()
  const { primary, addresses } = status
  const postgres = versionOf(status)
  const read = await readSurroundings(site, primary, connect)
  return {
    drill: records.run,
    at: records.at,
    by: records.by,
    cluster: site.cluster,
    stack: site.stack,
    mode: modeOf(status),
    ...(lab && { lab: `${lab.name} (${lab.driver.name})` }),
    versions: {
      hactl: version(),
      node: process.version,
      ...(postgres !== undefined && { postgres }),
    },
    clients: clientsOf(client),
    addresses: Object.fromEntries(addresses.map(({ name, address }) => [name, address])),
    environment: { machine: machine(), hosts: read.hosts },
    settings: { cluster: pick(target.vars['cluster'], site.drills.settings ?? []), postgres: read.postgres },
    command: options.command ?? [],
    again: againOf(shortest(target.inventory.file), options),
    ...(options.seed !== undefined && { seed: options.seed }),
  }
}
