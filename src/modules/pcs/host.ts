import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import { text } from '../readings/text.ts'
import { isStock, parseCorosyncConf } from './corosync-conf.ts'
import type { CorosyncConf } from './corosync-conf.ts'
import { parsePcsVersion } from './syntax.ts'
import type { PcsVersion } from './syntax.ts'

export const COROSYNC_CONF = '/etc/corosync/corosync.conf'

/** What pcs commands on a host's cluster files may change. */
export const CLUSTER_FILES = ['cib:', 'unit:*', 'file:/etc/corosync', 'file:/var/lib/pcsd'] as const

/** Members of a cluster as tasks name them. */
export const hostList = (description: string) =>
  Type.Array(
    Type.Object({
      name: Type.String({ description: 'Name of the node in the cluster.', pattern: '^[A-Za-z0-9_.-]+$' }),
      addresses: Type.Array(Type.String({ description: 'An address.', minLength: 1 }), {
        description: 'Its address on each link, link 0 first.',
        minItems: 1,
        maxItems: 8,
      }),
    }),
    { description, minItems: 1 },
  )

/** The corosync.conf of this host, whether it is the one of Debian's package, or undefined. */
export const readCorosync = async (
  probe: Probe,
): Promise<{ readonly conf: CorosyncConf; readonly stock: boolean } | undefined> => {
  const file = await probe.ask(text, COROSYNC_CONF)
  if (file.kind === 'absent') return undefined
  if (file.kind !== 'text') {
    throw new HactlError(problem('corosync/syntax', `${COROSYNC_CONF} is not a text file`), EXIT.failed)
  }
  const conf = parseCorosyncConf(file.text)
  return { conf, stock: isStock(conf) }
}

/** The version of pcs. Throws NotYet when it is not installed. Starting it takes about 0.4 s. */
export const readPcsVersion = async (probe: Probe): Promise<PcsVersion> => {
  const { code, stdout, stderr } = await probe.run(['pcs', '--version'], { dependsOn: ['package:*'] })
  if (code === 127) throw new NotYet('pcs is not installed')
  const version = code === 0 ? parsePcsVersion(stdout) : undefined
  if (version !== undefined) return version
  throw new HactlError(
    problem('pcs/version', `the version of pcs is not understood: ${(stdout + stderr).trim()}`, {
      hint: 'hactl works with pcs 0.9 to 0.12',
    }),
    EXIT.failed,
  )
}
