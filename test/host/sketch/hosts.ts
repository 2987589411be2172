import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launch } from '../../../src/transport/become.ts'
import { endOnce, transportError } from '../../../src/transport/opener.ts'
import type { Opener, Pipe } from '../../../src/transport/opener.ts'
import { RunnerSession } from '../../../src/transport/session.ts'
import type { Connect } from '../../../src/transport/transport.ts'

/** Hosts that are folders: each session runs here, with a `/run` and a `/srv` of its own (needs root). */
export interface Folders {
  readonly connect: Connect
  /** Ends what hosts have started and removes everything. */
  readonly remove: () => void
  /** A host's number of the process that serves. */
  readonly pidOf: (host: string) => number
  /** Hosts that do not answer. */
  readonly silent: Set<string>
}

function openIn(root: string, host: string): Opener {
  return {
    host,
    open: (boot, early, events) => {
      const inside = `mount --bind "$1/run" /run && mount --bind "$1/srv" /srv && exec sh -c "$2"`
      const argv = [
        '--mount',
        '--propagation',
        'private',
        'sh',
        '-c',
        inside,
        'host',
        root,
        launch(boot, undefined).line,
      ]
      const child = spawn('unshare', argv, { detached: true })
      let failure: Error | undefined
      child.on('error', (error) => (failure = error))
      child.stdin.on('error', () => undefined)
      child.stdout.on('data', events.stdout)
      child.stderr.on('data', events.stderr)
      const end = endOnce(events.closed)
      child.on('exit', (code) => end.exited({ ...(code !== null && { code }) }))
      child.on('close', () => end.closed(failure))
      child.stdin.write(early)
      const pipe: Pipe = {
        write: (data) => void child.stdin.write(data),
        end: () => void child.stdin.end(),
        destroy: () => void child.stdin.destroy(),
        hold: (held) => void (held ? child.stdout.pause() : child.stdout.resume()),
      }
      return Promise.resolve(pipe)
    },
    explain: () => Promise.resolve(undefined),
    close: () => Promise.resolve(),
  }
}

export function folders(hosts: readonly string[]): Folders {
  const base = mkdtempSync(join(tmpdir(), 'hactl-sketch-'))
  for (const host of hosts)
    for (const part of ['run', 'srv']) mkdirSync(join(base, host, part), { recursive: true })
  const pidOf = (host: string): number => Number(readFileSync(join(base, host, 'run/sketch.pid'), 'utf8'))
  const silent = new Set<string>()
  return {
    silent,
    pidOf,
    connect: ({ host }) =>
      silent.has(host)
        ? Promise.reject(transportError('unreachable', host, `${host} cannot be reached`))
        : Promise.resolve(new RunnerSession(openIn(join(base, host), host))),
    remove: () => {
      for (const host of hosts) {
        try {
          process.kill(pidOf(host))
        } catch {
          // It has none, or it has ended.
        }
      }
      rmSync(base, { recursive: true })
    },
  }
}
