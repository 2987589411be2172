import { spawn } from 'node:child_process'
import { userInfo } from 'node:os'
import { launch, shellError, sudoError } from './become.ts'
import { endOnce } from './opener.ts'
import type { Opener, Pipe } from './opener.ts'
import { RunnerSession } from './session.ts'
import type { Connect } from './transport.ts'

/** A runner that a command of its own has stopped goes on, sees the end of its input and clears away. */
function wake(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGCONT')
  } catch {
    // Already gone.
  }
}

function openLocal(host: string, becomeUser: string | undefined): Opener {
  return {
    host,
    open: (boot, early, events) => {
      // Its own process group: a Ctrl-C in the terminal is for hactl, which then ends the session in order.
      const child = spawn('sh', ['-c', launch(boot, becomeUser).line], { detached: true })
      let failure: Error | undefined
      child.on('error', (error) => (failure = error))
      child.stdin.on('error', () => {})
      child.stdout.on('data', events.stdout)
      child.stderr.on('data', events.stderr)
      const end = endOnce(events.closed)
      child.on('exit', (code, signal) =>
        end.exited({ ...(code !== null && { code }), ...(signal && { signal }) }),
      )
      child.on('close', () => end.closed(failure))
      child.stdin.write(early)
      const pipe: Pipe = {
        write: (data) => void child.stdin.write(data),
        end: () => void child.stdin.end(),
        destroy: () => {
          child.stdin.destroy()
          wake(child.pid)
        },
        hold: (held) => void (held ? child.stdout.pause() : child.stdout.resume()),
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
