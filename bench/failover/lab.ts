import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const NODES = ['pg1', 'pg2', 'pg3'] as const
export const addressOf = (node: string): string => `10.77.0.1${node.slice(2)}`
/** What clients of a system with an address of its own connect to. */
export const VIP = '10.77.0.20'

/** Three lab hosts and hactl's command line on them. Every call ends before it returns. */
export interface Lab {
  readonly name: string
  readonly inventory: string
  /** Runs hactl; gives its standard output, or throws with all it said. */
  hactl(...args: readonly string[]): string
  /** The same, and only whether it worked. */
  tried(...args: readonly string[]): boolean
  /** A shell script on a node. Throws with all it said. */
  sh(node: string, script: string): string
  /** What a script on a node says; undefined when it fails or the node does not answer. */
  ask(node: string, script: string): string | undefined
  down(): void
}

export interface LabWants {
  readonly name: string
  readonly packages: readonly string[]
  /** Variables of the inventory: a shipped file. */
  readonly vars?: string
}

/** Three bare hosts that have the packages. */
export function openLab(main: string, root: string, { name, packages, vars }: LabWants): Lab {
  const dir = mkdtempSync(join(tmpdir(), `hactl-${name}-`))
  const call = (args: readonly string[], input = '', timeout = 600_000) =>
    spawnSync(process.execPath, [main, ...args], {
      encoding: 'utf8',
      input,
      timeout,
      maxBuffer: 1e8,
      cwd: root,
    })
  const must = (args: readonly string[], input?: string): string => {
    const { status, stdout, stderr } = call(args, input)
    if (status !== 0)
      throw new Error(`hactl ${args.join(' ')}: exit ${status}\n${input ?? ''}\n${stdout}${stderr}`)
    return stdout
  }
  const ssh = (node: string) => ['lab', 'ssh', '--name', name, node, '--', 'sh']
  call(['lab', 'down', name])
  const more = vars === undefined ? [] : ['--vars', join(root, 'inventories', vars)]
  must([
    'lab',
    'up',
    '--name',
    name,
    '--nodes',
    '3',
    '--inventory-dir',
    dir,
    '--with',
    packages.join(','),
    ...more,
  ])
  return {
    name,
    inventory: join(dir, 'inventory.yml'),
    hactl: (...args) => must(args),
    tried: (...args) => call(args).status === 0,
    sh: (node, script) => must(ssh(node), script).trim(),
    ask: (node, script) => {
      const { status, stdout } = call(ssh(node), script, 8000)
      return status === 0 ? stdout.trim() : undefined
    },
    down: () => {
      must(['lab', 'down', name])
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** A file of `plain/`, with variables before it and the shared functions. */
export function script(file: string, vars: Readonly<Record<string, string>> = {}): string {
  const read = (name: string) => readFileSync(join(import.meta.dirname, 'plain', name), 'utf8')
  const set = Object.entries(vars).map(([name, value]) => `${name}='${value}'\n`)
  return [...set, file.endsWith('-node.sh') ? read('common.sh') : '', read(file)].join('')
}

/** Polls until a test holds; throws when the deadline passes. Each test runs a program: nothing spins. */
export function until(what: string, seconds: number, test: () => boolean): void {
  const end = Date.now() + seconds * 1000
  while (!test()) if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`)
}
