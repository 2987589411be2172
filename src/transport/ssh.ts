import { Dialer } from './ssh-dial.ts'
import type { Connect } from './transport.ts'

const load = () => Promise.all([import('./session.ts'), import('./ssh-opener.ts')])

/**
 * Makes a Connect whose connections share jump hosts, opened keys, parsed files and the cap on handshakes. What is
 * needed after the login is loaded while the connection is under way.
 */
export function createSshConnect(dialer: Dialer = new Dialer()): Connect {
  let loaded: ReturnType<typeof load> | undefined
  return async (spec, options) => {
    const [connection, [{ RunnerSession }, { SshOpener }]] = await Promise.all([
      dialer.dial(spec, options),
      (loaded ??= load()),
    ])
    return new RunnerSession(new SshOpener(connection, spec, options), connection.target.connectTimeoutMs)
  }
}

/**
 * Connects to a host by SSH and logs in; the remote shell starts with the first batch, whose request travels
 * right behind the one that starts it.
 */
export const connectSsh: Connect = createSshConnect()
