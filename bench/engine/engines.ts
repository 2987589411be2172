import { spawnSync } from 'node:child_process'
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hostsCpu, inLab, must, type Lab, type Node } from './hosts.ts'

export interface Sample {
  readonly wall: number
  /** CPU seconds of the controller's processes, and of the hosts. */
  readonly cpu: number
  readonly hostsCpu: number
}

export interface Bench {
  readonly lab: Lab
  readonly hactl: string
  /** Folder with the generated playbooks and scripts. */
  readonly work: string
}

/** After that an engine is given up. */
const LONGEST_MS = 900_000

/** What each engine needs beside this project, by the command that must be there. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  ansible: ['ansible'],
  mitogen: ['ansible', 'ansible-mitogen'],
}

/** Debian packages that are missing for these engines. */
export function missingPackages(engines: readonly string[]): readonly string[] {
  const wanted = new Set(engines.flatMap((engine) => NEEDS[engine] ?? []))
  const status = (name: string): string =>
    spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Abbrev}', name], { encoding: 'utf8' }).stdout
  return [...wanted].filter((name) => !status(name).startsWith('ii'))
}

const ssh = ({ lab }: Bench, n: Node): string =>
  `ssh -q -F none -i ${lab.key} -o UserKnownHostsFile=${lab.knownHosts} -p ${n.port} root@${n.address}`

const everywhere = (bench: Bench, nodes: readonly Node[], script: string): string =>
  `${nodes.map((n) => `${ssh(bench, n)} sh < ${join(bench.work, script)} &`).join('\n')}\nwait\n`

function inventory({ lab, work }: Bench, nodes: readonly Node[]): string {
  const hosts = nodes
    .map((n) => `    ${n.name}: { ansible_host: ${n.address}, ansible_port: ${n.port} }`)
    .join('\n')
  const file = join(work, 'inventory.yml')
  const vars = [
    'ansible_user: root',
    `ansible_ssh_private_key_file: ${lab.key}`,
    `ansible_ssh_common_args: "-o UserKnownHostsFile=${lab.knownHosts}"`,
    'ansible_python_interpreter: /usr/bin/python3',
  ]
  writeFileSync(file, `all:\n  vars:\n${vars.map((v) => `    ${v}\n`).join('')}  hosts:\n${hosts}\n`)
  return file
}

interface Call {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

const PIPELINING = {
  ANSIBLE_PIPELINING: 'True',
  ANSIBLE_FORKS: '30',
  ANSIBLE_HOST_KEY_CHECKING: 'True',
  ANSIBLE_NOCOLOR: '1',
}

function callOf(bench: Bench, engine: string, nodes: readonly Node[]): Call {
  const { work } = bench
  const file = inventory(bench, nodes)
  const ansible = ['ansible-playbook', '-i', file, join(work, 'ansible.yml')]
  switch (engine) {
    case 'floor':
    case 'floor-sync': {
      writeFileSync(join(work, `${engine}-run.sh`), everywhere(bench, nodes, `${engine}.sh`))
      return { argv: ['sh', join(work, `${engine}-run.sh`)], env: {} }
    }
    case 'hactl':
      return {
        argv: ['node', bench.hactl, 'apply', file, '--playbook', join(work, 'playbook.yml')],
        env: {},
      }
    case 'ansible':
      return { argv: ansible, env: PIPELINING }
    case 'mitogen': {
      const find = "dpkg -L ansible-mitogen python3-mitogen | grep 'plugins/strategy$' | head -1"
      const plugins = must(['sh', '-c', find]).trim()
      const env = { ANSIBLE_STRATEGY: 'mitogen_linear', ANSIBLE_STRATEGY_PLUGINS: plugins }
      return { argv: ansible, env: { ...PIPELINING, ...env } }
    }
    default:
      throw new Error(`there is no engine ${engine}`)
  }
}

/** One timed run of an engine. Throws with the end of its output when it fails. */
export function timed(bench: Bench, engine: string, nodes: readonly Node[]): Sample {
  const { argv, env } = callOf(bench, engine, nodes)
  const log = join(bench.work, 'log')
  const before = hostsCpu(bench.lab.name, nodes)
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" >&3 2>&3'
  const [program = '', ...rest] = inLab(bench.lab.name, 'bash', '-c', script, 'bench', ...argv)
  const { status, stderr } = spawnSync(program, rest, {
    env: { ...process.env, ...env, CI: '1' },
    stdio: ['ignore', 'ignore', 'pipe', openSync(log, 'w')],
    encoding: 'utf8',
    timeout: LONGEST_MS,
  })
  if (status === null) throw new Error(`${engine} took longer than ${LONGEST_MS / 1000} s`)
  if (status !== 0) throw new Error(`${engine} exited ${status}\n${readFileSync(log, 'utf8').slice(-3000)}`)
  const [wall = 0, user = 0, system = 0] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number)
  return { wall, cpu: user + system, hostsCpu: hostsCpu(bench.lab.name, nodes) - before }
}

/** Brings the hosts back to where the first converge starts. */
export function undo(bench: Bench, nodes: readonly Node[]): void {
  must(inLab(bench.lab.name, 'sh', '-c', everywhere(bench, nodes, 'undo.sh')))
}
