import { execFile, execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** hactl-pgd beside a real PostgreSQL, without Pacemaker: its programs are stand-ins that log how they are called. */
export interface Member {
  readonly root: string
  /** Starts the service; the one before must have ended. */
  readonly serve: () => ChildProcess
  /** Asks for an operation, as the agent does. */
  readonly ask: (...words: readonly string[]) => Promise<{ readonly code: number; readonly says: string }>
  /** What a monitor would read: exit code and age in seconds. */
  readonly state: () => { readonly code: number; readonly age: number } | undefined
  readonly calls: () => readonly string[]
  readonly sql: (text: string) => string
  readonly postmaster: () => number | undefined
  /** Value that a stand-in answers when it is asked for an attribute; '' is none. */
  readonly answer: (program: 'attrd_updater' | 'crm_attribute' | 'corosync-quorumtool', says: string) => void
  readonly remove: () => void
}

const PGD = join(import.meta.dirname, '../../../files/pacemaker/pgd')
const BIN = '/usr/lib/postgresql/15/bin'
const PORT = 5871
const run = promisify(execFile)

const STAND_IN = `#!/bin/sh
case " $* " in *" -Q "* | *" --query "* | *" -s "*) cat "$0.says"; [ -s "$0.says" ]; exit ;; esac
echo "\${0##*/} $*" >>"\${0%/*}/calls"
`

function configOf(root: string): object {
  return {
    node: 'pg1',
    order: ['pg2'],
    peers: { pg1: '127.0.0.1', pg2: '127.0.0.2' },
    resource: 'pgsql',
    mode: 'sync',
    version: 15,
    port: PORT,
    bin_dir: BIN,
    data_dir: join(root, 'data'),
    conf_dir: join(root, 'conf'),
    socket_dir: join(root, 'socket'),
    state_dir: join(root, 'state'),
    log_file: join(root, 'state/log'),
    passfile: join(root, 'state/pass'),
    replication_user: 'replicator',
    conninfo_options: 'connect_timeout=2',
    writer: '127.0.0.9',
    stop_escalate: 5,
    start_wait: 60,
    promote_wait: 60,
    demote_wait: 5,
    hang: 60,
    hold: 1,
    election_wait: 1,
    crash_limit: 3,
  }
}

export function member(): Member {
  const root = mkdtempSync(join(tmpdir(), 'hactl-pgd-'))
  chmodSync(root, 0o755)
  for (const folder of ['run', 'bin']) mkdirSync(join(root, folder))
  for (const folder of ['data', 'conf', 'socket', 'state'])
    execFileSync('install', ['-d', '-o', 'postgres', '-g', 'postgres', '-m', '0700', join(root, folder)])
  for (const name of ['attrd_updater', 'crm_attribute', 'corosync-quorumtool']) {
    writeFileSync(join(root, 'bin', name), STAND_IN)
    writeFileSync(join(root, 'bin', `${name}.says`), '')
    chmodSync(join(root, 'bin', name), 0o755)
  }
  const postgres = (...argv: readonly string[]) =>
    execFileSync('runuser', ['-u', 'postgres', '--', ...argv], { cwd: '/' })
  postgres(`${BIN}/initdb`, '-D', join(root, 'data'), '-A', 'peer', '-N', '--wal-segsize=1')
  const conf = `port = ${PORT}\nlisten_addresses = ''\nunix_socket_directories = '${root}/socket'\nhba_file = '${root}/data/pg_hba.conf'\nrestart_after_crash = off\n`
  writeFileSync(join(root, 'conf/postgresql.conf'), conf)
  execFileSync('chown', ['postgres:', join(root, 'conf/postgresql.conf')])
  const config = join(root, 'pgd.json')
  writeFileSync(config, JSON.stringify(configOf(root)))
  const env = {
    PATH: process.env['PATH'],
    HACTL_PGD_RUN: join(root, 'run'),
    HACTL_PGD_PATH: `${root}/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
  }
  let service: ChildProcess | undefined
  const postmaster = (): number | undefined => {
    const file = join(root, 'data/postmaster.pid')
    const pid = existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : undefined
    return pid !== undefined && existsSync(`/proc/${pid}/cwd`) ? pid : undefined
  }
  return {
    root,
    postmaster,
    serve: () => {
      service = spawn('python3', ['-ISE', join(PGD, 'main.py'), config], {
        env,
        stdio: ['ignore', 'inherit', 'inherit'],
      })
      return service
    },
    ask: async (...words) => {
      try {
        const { stdout } = await run('python3', ['-ISE', join(PGD, 'client.py'), '100', ...words], { env })
        return { code: 0, says: stdout.trim() }
      } catch (error) {
        const { code, stdout } = error as { code: number; stdout: string }
        return { code, says: stdout.trim() }
      }
    },
    state: () => {
      const file = join(root, 'run/state')
      if (!existsSync(file)) return undefined
      const [when = 0, code = 0] = readFileSync(file, 'utf8').split(' ').map(Number)
      return { code, age: Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) - when }
    },
    calls: () => {
      const file = join(root, 'bin/calls')
      return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
    },
    sql: (text) =>
      postgres(
        `${BIN}/psql`,
        '-XAtqw',
        '-h',
        join(root, 'socket'),
        '-p',
        String(PORT),
        '-d',
        'postgres',
        '-c',
        text,
      )
        .toString()
        .trim(),
    answer: (program, says) => writeFileSync(join(root, 'bin', `${program}.says`), says),
    remove: () => {
      service?.kill('SIGKILL')
      const pid = postmaster()
      if (pid !== undefined) process.kill(pid, 'SIGQUIT')
      rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 })
    },
  }
}
