import { connectSsh } from '../../../src/transport/ssh.ts'
import type { ConnectionSpec } from '../../../src/transport/transport.ts'

/** A controller for tests that kill it: connects, runs one command, never ends by itself. */
const spec = JSON.parse(process.argv[2] ?? '') as ConnectionSpec
const transport = await connectSsh(spec, {})
await transport.batch([{ argv: JSON.parse(process.argv[3] ?? '') as string[], stdin: 'input' }])
