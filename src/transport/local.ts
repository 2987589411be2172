import { spawn } from 'node:child_process'
import { userInfo } from 'node:os'
import { launch, shellError, sudoError } from './become.ts'
import type { Opener, Pipe } from './opener.ts'
import { RunnerSession } from './session.ts'
import type { Connect } from './transport.ts'

function openLocal(host: string, becomeUser: string | undefined, shell = 'sh'): Opener {
  return {
    host,
    open: (boot, early, events) => {
      // Its own process group: a Ctrl-C in the terminal is for hactl, which then ends the session in order.
      const child = spawn(
        shell,
        ['-c', launch(boot, becomeUser).line.replace('exec sh ', `exec ${shell} `)],
        { detached: true },
      )
      let failure: Error | undefined
      child.on('error', (error) => (failure = error))
      child.stdin.on('error', () => {})
      child.stdout.on('data', events.stdout)
      child.stderr.on('data', events.stderr)
      child.on('close', (code, signal) =>
        events.closed({
          ...(failure && { error: failure }),
          ...(code !== null && { code }),
          ...(signal && { signal }),
        }),
      )
      child.stdin.write(early)
      const pipe: Pipe = {
        write: (data) => void child.stdin.write(data),
        end: () => void child.stdin.end(),
        destroy: () => void child.stdin.destroy(),
      }
      return Promise.resolve(pipe)
    },
    explain: async (ending) => {
      const user = userInfo().username
      return sudoError(host, user, ending) ?? shellError(host, user, ending)
    },
    close: async () => {},
  }
}

/** A session on this machine; with `become` by sudo unless the process already is that user. */
export const connectLocal: Connect = async (spec) => {
  const become = spec.become && spec.becomeUser !== userInfo().username
  return new RunnerSession(openLocal(spec.host, become ? spec.becomeUser : undefined))
}

/** For tests of the runner: the same on a given shell, e.g. `dash` or `busybox sh`. */
export const localSession = (shell: string): RunnerSession =>
  new RunnerSession(openLocal(shell, undefined, shell))
