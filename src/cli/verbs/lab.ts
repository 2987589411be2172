import { spawn } from 'node:child_process'

import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Driver, LabState } from '../../lab/driver.ts'
import { driverOf } from '../../lab/drivers.ts'
import { parseOptions } from '../../lab/faults.ts'
import { defaultNodes } from '../../lab/names.ts'
import { readVars } from '../../lab/vars.ts'
import { checkRoot, installCommand, installPackages } from '../../lab/nspawn/host.ts'
import { interrupt } from '../interrupt.ts'
import { note, paint, print, printJson } from '../io.ts'
import type { Format } from '../options.ts'
import { withFormat } from '../options.ts'

interface Named {
  readonly name: string
  readonly driver: string
}

interface UpOptions extends Named {
  readonly nodes: number
  readonly node?: readonly string[]
  readonly witness?: readonly string[]
  readonly release: string
  readonly with?: readonly string[]
  readonly inventoryDir?: string
  readonly vars?: string
  readonly install?: boolean
  readonly format: Format
}

const progress = (line: string): void => void note(line)

const count = (text: string): number => {
  if (/^[1-9]\d?$/.test(text)) return Number(text)
  throw new InvalidArgumentError('write a whole number from 1 to 79.')
}
const collect = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text.split(',').filter((word) => word !== ''),
]

const named = (command: Command): Command =>
  command
    .option('--name <lab>', 'name of the lab', 'lab')
    .option('--driver <driver>', 'what the hosts are made of', 'nspawn')

async function checkHost(driver: Driver, install: boolean): Promise<void> {
  checkRoot()
  const missing = await driver.missing()
  if (missing.length === 0) return
  if (install) return installPackages(missing, progress)
  throw new HactlError(
    problem('lab/missing-packages', `the lab needs packages that this machine lacks: ${missing.join(', ')}`, {
      hint: `${installCommand(missing).join(' ')}   (or: hactl lab up --install)`,
    }),
    EXIT.refused,
  )
}

function describe(lab: LabState): string[] {
  const colour = paint()
  const width = Math.max(...lab.nodes.map((node) => node.name.length))
  return [
    `lab ${colour('bold', lab.name)} (${lab.driver}, ${lab.release})`,
    ...lab.nodes.map(
      ({ name, state, addresses }) =>
        `  ${name.padEnd(width)}  ${colour(state === 'running' ? 'green' : 'yellow', state.padEnd(7))}  ${addresses.join('  ')}`,
    ),
    `  inventory  ${lab.inventory}`,
    ...lab.snapshots.map((name) => `  snapshot   ${name}`),
    ...lab.faults.map((fault) => `  fault      ${colour('yellow', fault)}`),
  ]
}

const show = (labs: readonly LabState[], format: Format): Promise<void> =>
  format === 'text' ? print(...labs.flatMap(describe)) : printJson(labs.length === 1 ? labs[0] : labs, format)

async function up(options: UpOptions): Promise<void> {
  const driver = driverOf(options.driver)
  await checkHost(driver, options.install ?? false)
  const names = options.node ?? defaultNodes(options.nodes)
  const state = await driver.up(
    {
      name: options.name,
      nodes: [...names, ...(options.witness ?? [])],
      release: options.release,
      packages: options.with ?? [],
      witnesses: options.witness ?? [],
      ...(options.inventoryDir === undefined ? {} : { inventoryDir: options.inventoryDir }),
      ...(options.vars === undefined ? {} : { vars: readVars(options.vars) }),
    },
    progress,
    interrupt.hard,
  )
  await show([state], options.format)
}

function configureUp(lab: Command): void {
  const command = lab.command('up').description('make a lab, or continue one that is half-made')
  withFormat(named(command), ['text', 'json'])
    .option('--nodes <n>', 'how many nodes: pg1, pg2 …', count, 3)
    .option('--node <name>', 'a node of this name; again for more', collect)
    .option('--witness <name>', 'a node in the group "witness"; again for more', collect)
    .option('--release <release>', 'Debian release: bullseye, bookworm or trixie', 'bookworm')
    .option('--with <packages>', 'packages already installed, separated by commas', collect)
    .option('--inventory-dir <dir>', 'folder for inventory.yml')
    .option('--vars <file>', 'YAML file copied under all.vars of the inventory')
    .option('--install', 'install missing packages on this machine')
    .action(up)
}

function configureDown(lab: Command): void {
  named(lab.command('down').description('remove a lab and everything it made'))
    .argument('[lab]', 'name of the lab')
    .option('--all', 'remove every lab')
    .action(async (name: string | undefined, options: Named & { readonly all?: boolean }) => {
      const driver = driverOf(options.driver)
      const all = options.all ? [...(await driver.names())] : [name ?? options.name]
      if (all.length === 0) progress('there is no lab')
      for (const one of all) await driver.down(one, progress)
    })
}

const unknown = (name: string): HactlError =>
  new HactlError(
    problem('lab/unknown', `there is no lab "${name}"`, { hint: 'hactl lab list, or hactl lab up' }),
  )

function configureReading(lab: Command): void {
  withFormat(named(lab.command('status').description('show a lab: nodes, inventory, faults')), [
    'text',
    'json',
  ]).action(async (options: Named & { readonly format: Format }) => {
    const state = await driverOf(options.driver).state(options.name)
    if (state === undefined) throw unknown(options.name)
    await show([state], options.format)
  })
  withFormat(lab.command('list').description('show every lab'), ['text', 'json'])
    .option('--driver <driver>', 'what the hosts are made of', 'nspawn')
    .action(async (options: { readonly driver: string; readonly format: Format }) => {
      const labs = await driverOf(options.driver).list()
      if (options.format !== 'text') await printJson(labs)
      else await print(...(labs.length === 0 ? ['there is no lab'] : labs.flatMap(describe)))
    })
}

async function runHere(argv: readonly string[]): Promise<void> {
  const [program = '', ...args] = argv
  const child = spawn(program, args, { stdio: 'inherit' })
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? EXIT.interrupted))
  })
}

function configurePrograms(lab: Command): void {
  named(lab.command('ssh').description('a shell on a node, or a command: hactl lab ssh pg1 -- uptime'))
    .argument('<node>', 'name of the node')
    .argument('[command...]', 'what to run there')
    .action(async (node: string, command: readonly string[], options: Named) => {
      checkRoot()
      const flags = command.length === 0 && process.stdin.isTTY ? ['-t'] : []
      await runHere([...driverOf(options.driver).ssh(options.name, node, flags), ...command])
    })
  named(
    lab
      .command('exec-client')
      .description("run a program as the lab's client: hactl lab exec-client -- psql …"),
  )
    .argument('<command...>', 'what to run')
    .action(async (command: readonly string[], options: Named) => {
      checkRoot()
      const driver = driverOf(options.driver)
      if ((await driver.state(options.name)) === undefined) throw unknown(options.name)
      await runHere([...driver.clientExec(options.name), ...command])
    })
}

const faultTable = (): string =>
  driverOf('nspawn')
    .faults.map((fault) => `  ${`${fault.name} ${fault.nodes}`.padEnd(26)} ${fault.about}`)
    .join('\n')

function configureChanges(lab: Command): void {
  named(lab.command('reset').description('back to the fresh image: same names, addresses and keys'))
    .argument('[node...]', 'nodes; default: all')
    .action((nodes: readonly string[], options: Named) =>
      driverOf(options.driver).reset(options.name, nodes, progress),
    )
  named(lab.command('break').description('make a fault happen'))
    .argument('<fault>', 'one of the faults below')
    .argument('<node...>', 'nodes')
    .option('--opt <key=value>', 'an option of the fault; again for more', collect)
    .addHelpText('after', () => `\nFaults:\n${faultTable()}`)
    .action(
      (fault: string, nodes: readonly string[], options: Named & { readonly opt?: readonly string[] }) =>
        driverOf(options.driver).inject(options.name, {
          fault,
          nodes,
          options: parseOptions(options.opt ?? []),
        }),
    )
  named(lab.command('heal').description('undo the faults of nodes and switch them on'))
    .argument('[node...]', 'nodes; default: all')
    .action((nodes: readonly string[], options: Named) =>
      driverOf(options.driver).heal(options.name, nodes, progress),
    )
}

const SNAPSHOT = 'saved'

function configureSnapshots(lab: Command): void {
  named(lab.command('snapshot').description('keep the disks of all nodes as they are at one moment'))
    .argument('[snapshot]', 'its name; one of the same name is replaced', SNAPSHOT)
    .action(async (snapshot: string, options: Named) => {
      await driverOf(options.driver).snapshot(options.name, snapshot, progress)
      progress(`go back to it with: hactl lab restore ${snapshot} --name ${options.name}`)
    })
  named(lab.command('restore').description('go back to a snapshot: its disks, no faults, all nodes on'))
    .argument('[snapshot]', 'its name', SNAPSHOT)
    .action((snapshot: string, options: Named) =>
      driverOf(options.driver).restore(options.name, snapshot, progress),
    )
}

/** `hactl lab`: throw-away hosts on this machine. */
export function configure(command: Command): void {
  configureUp(command)
  configureDown(command)
  configureChanges(command)
  configureSnapshots(command)
  configureReading(command)
  configurePrograms(command)
}
