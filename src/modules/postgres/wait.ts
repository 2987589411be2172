import type { Static } from 'typebox'
import { defineAction } from '../../engine/module.ts'
import type { Probe } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import { serverArgs } from './args.ts'
import { readServer } from './server.ts'

const argsSchema = Type.Object({
  until: Type.Enum(['accepts', 'primary', 'standby', 'streaming'], {
    description:
      'accepts connections; is primary; is a standby that answers; is a standby that streams from its primary.',
    default: 'accepts',
  }),
  ...serverArgs,
})

type Args = Static<typeof argsSchema>

async function done(probe: Probe, args: Args): Promise<boolean> {
  const server = await readServer(probe, args)
  if (!server.running) return false
  switch (args.until) {
    case 'accepts':
      return true
    case 'primary':
      return !server.inRecovery
    case 'standby':
      return server.inRecovery
    case 'streaming':
      return server.inRecovery && server.receiver === 'streaming'
  }
}

async function explain(probe: Probe, args: Args): Promise<string> {
  const server = await readServer(probe, args)
  if (!server.running) return `${server.why}; look at the server's log`
  const role = server.inRecovery ? 'standby' : 'primary'
  const receiver = server.inRecovery ? `, WAL receiver: ${server.receiver ?? 'none'}` : ''
  return `the server on port ${args.port} is a ${role} on timeline ${server.timeline}${receiver}; look at its log and at pg_stat_replication on the primary`
}

/** Waits for a server to be in a state. */
export const postgresWait = defineAction({
  name: 'postgres_wait',
  about: 'Wait until the server of the host accepts connections, is primary, is a standby, or streams.',
  args: argsSchema,
  examples: ['postgres_wait: { until: streaming }'],
  label: ({ until, port }) => `${until} ${port}`,
  done,
  steps: () => [],
  explain,
  touches: () => [],
})
