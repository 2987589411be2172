/**
 * Compares hactl with the floor (one `ssh host sh < script` a host, side by side), Ansible with pipelining and Ansible
 * with Mitogen on the same lab hosts in one run: 40 tasks, first converge and nothing to do.
 *
 *   npm run bench:engine -- [--sizes 1,10,30] [--runs 5] [--slow-runs 1] [--engines floor,hactl,ansible,mitogen]
 *
 * Needs root, a built hactl, and for the other engines Debian's packages ansible and ansible-mitogen.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { files } from './generate.ts'

const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1,10,30' },
    runs: { type: 'string', default: '5' },
    'slow-runs': { type: 'string', default: '1' },
    engines: { type: 'string', default: 'floor,hactl,ansible,mitogen' },
    latencies: { type: 'string', default: '0,20' },
    keep: { type: 'boolean', default: false },
  },
})
const LAB = 'bench'
const ROOT = resolve(import.meta.dirname, '../..')
const HACTL = join(ROOT, 'dist/cli/main.js')
const sizes = options.sizes.split(',').map(Number)
const work = mkdtempSync(join(tmpdir(), 'hactl-bench-'))
const SLOW = new Set(['ansible', 'mitogen'])

interface Node {
  readonly name: string
  readonly address: string
  readonly port: number
}

const must = (argv: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(argv[0] ?? '', argv.slice(1), {
    encoding: 'utf8',
    maxBuffer: 1e8,
  })
  if (status !== 0) throw new Error(`${argv.join(' ')}: exit ${status}\n${stdout}${stderr}`)
  return stdout
}
const inLab = (...argv: string[]): string[] => ['nsenter', `--net=/run/netns/hactl-${LAB}`, ...argv]

function upLab(): { nodes: Node[]; key: string; known: string } {
  must([
    'node',
    HACTL,
    'lab',
    'up',
    '--name',
    LAB,
    '--nodes',
    String(Math.max(...sizes)),
    '--with',
    'python3-apt',
  ])
  const state = JSON.parse(must(['node', HACTL, 'lab', 'status', '--name', LAB, '--format', 'json']))
  const [lab] = Array.isArray(state) ? state : [state]
  const text = readFileSync(lab.inventory, 'utf8')
  const key = /ansible_ssh_private_key_file: "?([^"\n]+)/.exec(text)?.[1] ?? ''
  const known = /UserKnownHostsFile=([^ '"]+)/.exec(text)?.[1] ?? ''
  return {
    nodes: lab.nodes.map((n: { name: string; addresses: string[] }) => ({
      name: n.name,
      address: n.addresses[0],
      port: 22,
    })),
    key,
    known,
  }
}

const lab = upLab()
for (const [name, make] of Object.entries(files)) {
  mkdirSync(dirname(join(work, name)), { recursive: true })
  writeFileSync(join(work, name), make())
}

/** Host keys are checked by name, so that the relays of the slow network have the same ones. */
const known = join(work, 'known_hosts')
const keyLines = readFileSync(lab.known, 'utf8').split('\n').filter(Boolean)
writeFileSync(
  known,
  lab.nodes
    .flatMap((node, i) =>
      keyLines
        .filter((line) =>
          line
            .split(' ')[0]
            ?.split(',')
            .some((name) => name === node.name || name === node.address),
        )
        .slice(0, 1)
        .map((line) => `${node.address},[10.77.0.1]:${22000 + i} ${line.split(' ').slice(1).join(' ')}`),
    )
    .join('\n') + '\n',
)

function inventory(nodes: readonly Node[]): string {
  const hosts = nodes
    .map((n) => `    ${n.name}: { ansible_host: ${n.address}, ansible_port: ${n.port} }`)
    .join('\n')
  const file = join(work, 'inventory.yml')
  writeFileSync(
    file,
    `all:\n  vars:\n    ansible_user: root\n    ansible_ssh_private_key_file: ${lab.key}\n    ansible_ssh_common_args: "-o UserKnownHostsFile=${known}"\n    ansible_python_interpreter: /usr/bin/python3\n  hosts:\n${hosts}\n`,
  )
  return file
}

const ssh = (n: Node): string =>
  `ssh -q -F none -i ${lab.key} -o UserKnownHostsFile=${known} -p ${n.port} root@${n.address}`

function command(engine: string, nodes: readonly Node[]): { argv: string[]; env: Record<string, string> } {
  const file = inventory(nodes)
  const ansible = {
    ANSIBLE_PIPELINING: 'True',
    ANSIBLE_FORKS: '30',
    ANSIBLE_HOST_KEY_CHECKING: 'True',
    ANSIBLE_NOCOLOR: '1',
  }
  switch (engine) {
    case 'floor': {
      const script = nodes.map((n) => `${ssh(n)} sh < ${join(work, 'floor.sh')} &`).join('\n')
      writeFileSync(join(work, 'floor-run.sh'), `${script}\nwait\n`)
      return { argv: ['sh', join(work, 'floor-run.sh')], env: {} }
    }
    case 'hactl':
      return { argv: ['node', HACTL, 'apply', file, '--playbook', join(work, 'playbook.yml')], env: {} }
    case 'ansible':
      return { argv: ['ansible-playbook', '-i', file, join(work, 'ansible.yml')], env: ansible }
    case 'mitogen': {
      const plugins = must([
        'sh',
        '-c',
        "dpkg -L ansible-mitogen python3-mitogen 2>/dev/null | grep 'plugins/strategy$' | head -1",
      ]).trim()
      return {
        argv: ['ansible-playbook', '-i', file, join(work, 'ansible.yml')],
        env: { ...ansible, ANSIBLE_STRATEGY: 'mitogen_linear', ANSIBLE_STRATEGY_PLUGINS: plugins },
      }
    }
    default:
      throw new Error(`no engine ${engine}`)
  }
}

interface Sample {
  readonly wall: number
  readonly cpu: number
}

const log = join(work, 'log')

/** One timed run; CPU is that of the controller's processes. */
function timed(engine: string, nodes: readonly Node[]): Sample {
  const { argv, env } = command(engine, nodes)
  const out = openSync(log, 'w')
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" >&3 2>&3'
  const { status, stderr } = spawnSync(
    inLab('bash')[0] ?? '',
    [...inLab('bash').slice(1), '-c', script, 'bench', ...argv],
    {
      env: { ...process.env, ...env, CI: '1' },
      stdio: ['ignore', 'ignore', 'pipe', out],
      encoding: 'utf8',
    },
  )
  if (status !== 0) throw new Error(`${engine} exited ${status}\n${readFileSync(log, 'utf8').slice(-3000)}`)
  const [wall = 0, user = 0, system = 0] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number)
  return { wall, cpu: user + system }
}

function undo(nodes: readonly Node[]): void {
  const script = nodes.map((n) => `${ssh(n)} sh < ${join(work, 'undo.sh')} &`).join('\n')
  must(inLab('sh', '-c', `${script}\nwait`))
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0
const engines = options.engines.split(',')

interface Row {
  readonly phase: string
  readonly hosts: number
  readonly latency: number
  readonly engine: string
  readonly wall: number
  readonly cpu: number
}

const rows: Row[] = []

function measure(hosts: number, latency: number, nodes: readonly Node[]): void {
  const samples = new Map<string, Sample[]>()
  const add = (phase: string, engine: string, sample: Sample): void => {
    const key = `${phase} ${engine}`
    samples.set(key, [...(samples.get(key) ?? []), sample])
  }
  const runsOf = (engine: string): number => Number(SLOW.has(engine) ? options['slow-runs'] : options.runs)
  const most = Math.max(...engines.map(runsOf))
  for (let round = 0; round < most; round++) {
    for (const engine of engines.filter((each) => round < runsOf(each))) {
      undo(nodes)
      add('first', engine, timed(engine, nodes))
      if (round === 0) timed(engine, nodes)
      add('no-op', engine, timed(engine, nodes))
    }
  }
  for (const phase of ['no-op', 'first']) {
    for (const engine of engines) {
      const list = samples.get(`${phase} ${engine}`) ?? []
      const wall = median(list.map((s) => s.wall))
      const cpu = median(list.map((s) => s.cpu))
      rows.push({ phase, hosts, latency, engine, wall, cpu })
      console.error(
        `${phase} ${hosts} hosts ${latency} ms ${engine}: ${wall.toFixed(2)} s, cpu ${cpu.toFixed(2)} s`,
      )
    }
  }
}

let relay: ChildProcess | undefined
try {
  for (const latency of options.latencies.split(',').map(Number)) {
    let nodes = lab.nodes
    if (latency > 0) {
      const routes = lab.nodes.map((n, i) => `${22000 + i}=${n.address}:22`)
      const argv = inLab(
        'node',
        '--import',
        'tsx',
        join(import.meta.dirname, 'delay.ts'),
        '10.77.0.1',
        String(latency / 2),
        ...routes,
      )
      const child = spawn(argv[0] ?? '', argv.slice(1), { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
      relay = child
      await new Promise((ready) => child.stdout.once('data', ready))
      nodes = lab.nodes.map((n, i) => ({ name: n.name, address: '10.77.0.1', port: 22000 + i }))
    }
    for (const size of latency > 0 ? sizes.slice(0, 2) : sizes) measure(size, latency, nodes.slice(0, size))
  }
} finally {
  relay?.kill()
  rmSync(work, { recursive: true, force: true })
  if (!options.keep) must(['node', HACTL, 'lab', 'down', LAB])
}

const floorOf = (row: Row): number =>
  rows.find(
    (r) =>
      r.engine === 'floor' && r.phase === row.phase && r.hosts === row.hosts && r.latency === row.latency,
  )?.wall ?? Number.NaN
console.log(
  '| phase | hosts | RTT | engine | wall s | × floor | controller CPU s |\n| --- | --- | --- | --- | --- | --- | --- |',
)
for (const row of rows) {
  console.log(
    `| ${row.phase} | ${row.hosts} | ${row.latency} ms | ${row.engine} | ${row.wall.toFixed(2)} | ${(row.wall / floorOf(row)).toFixed(2)} | ${row.cpu.toFixed(2)} |`,
  )
}
