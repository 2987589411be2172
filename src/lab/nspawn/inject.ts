import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import { poll } from '../../lib/poll.ts'
import type { FaultRequest } from '../driver.ts'
import { must, run } from '../run.ts'
import { initPid, isFrozen, nodePids, setFrozen } from './cgroup.ts'
import { freeMemory, limitMemory } from './memory.ts'
import { applyRules } from './network.ts'
import { powerOff, reboot, startNode, waitForSsh } from './node.ts'
import type { LabRecord, NodeRecord } from './state.ts'
import { fastDisk, slowDisk } from './throttle.ts'

const FILL = '.hactl-lab-fill'

const failed = (code: string, summary: string, hint: string): HactlError =>
  new HactlError(problem(code, summary, { hint }), EXIT.failed)

/** argv that runs a program inside a node's mounts; the program itself stays outside its control groups. */
function inMounts(lab: string, node: string, ...argv: readonly string[]): readonly string[] {
  const init = initPid(lab, node)
  if (init === undefined)
    throw failed('lab/node-off', `node ${node} is off`, `switch it on: hactl lab heal --name ${lab} ${node}`)
  return ['nsenter', `--target=${init}`, '--mount', ...argv]
}

const FILL_SCRIPT = `
cd -- "$1" || exit 2
free=$(df --output=avail -B1 . | tail -n 1)
fallocate -l "$free" ${FILL} 2>/dev/null || fallocate -l "$((free - free / 100))" ${FILL} || exit 3
dd if=/dev/zero bs=4k of=${FILL}.rest 2>/dev/null
dd if=/dev/zero bs=1 count=1 of=${FILL}.probe conv=fsync 2>/dev/null && [ -s ${FILL}.probe ] && exit 4
rm -f ${FILL}.probe
exit 0`

async function fillDisk(lab: string, node: string, path: string): Promise<void> {
  const { code, stderr } = await run(inMounts(lab, node, 'sh', '-c', FILL_SCRIPT, 'fill', path))
  if (code === 2)
    throw failed(
      'lab/no-folder',
      `node ${node} has no folder ${path}`,
      'name one that exists: --opt path=/var/lib',
    )
  if (code !== 0)
    throw failed('lab/not-full', `the disk of ${node} did not become full: ${stderr.trim()}`, 'try again')
}

const freeDisk = (lab: string, node: string, path: string): Promise<unknown> =>
  must(
    inMounts(
      lab,
      node,
      'sh',
      '-c',
      `cd -- "$1" 2>/dev/null && rm -f ${FILL} ${FILL}.rest ${FILL}.probe; true`,
      'free',
      path,
    ),
  )

const commOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd()
  } catch {
    return ''
  }
}

/** Sends a signal to every process of a name in a node; gives how many there were. */
function signalAll(lab: string, node: string, name: string, signal: NodeJS.Signals): number {
  // The kernel keeps 15 characters of a name.
  const pids = nodePids(lab, node).filter((pid) => commOf(pid) === name.slice(0, 15))
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch {
      // It ended by itself in between.
    }
  }
  return pids.length
}

function signalOf(name: string): NodeJS.Signals {
  const signal = `SIG${name.replace(/^SIG/, '')}`
  if (signal in constants.signals) return signal as NodeJS.Signals
  throw failed('lab/no-signal', `there is no signal "${name}"`, 'e.g. KILL, TERM, INT, QUIT, HUP')
}

function signalSome(lab: string, node: string, name: string, signal: NodeJS.Signals): void {
  if (signalAll(lab, node, name, signal) > 0) return
  throw failed(
    'lab/no-process',
    `no process of ${node} is called "${name}"`,
    `see: hactl lab ssh --name ${lab} ${node} -- ps -eo comm`,
  )
}

/** Stops every process of a node that runs. Throws HactlError when it is off or does not freeze. */
export async function freezeNode(lab: string, node: string): Promise<void> {
  inMounts(lab, node)
  setFrozen(lab, node, true)
  const done = await poll(async () => (isFrozen(lab, node) ? true : undefined), {
    timeoutMs: 10_000,
    intervalMs: 10,
  })
  if (!done)
    throw failed(
      'lab/not-frozen',
      `node ${node} does not freeze within 10 s`,
      `hactl lab heal --name ${lab} ${node}`,
    )
}

const findNode = (record: LabRecord, name: string): NodeRecord => {
  const node = record.nodes.find((entry) => entry.name === name)
  if (node === undefined) throw new Error(`node ${name} is not in the record of lab ${record.name}`)
  return node
}

type Break = (
  record: LabRecord,
  node: string,
  options: Readonly<Record<string, string>>,
) => void | Promise<void>

/** What is done to each node; faults of the network are rules, and not here. */
const BREAKS: Readonly<Record<string, Break>> = {
  'power-off': ({ name }, node) => powerOff(name, node),
  'power-on': (record, node) => startNode(record, findNode(record, node)),
  reboot: ({ name }, node) => reboot(name, node),
  freeze: ({ name }, node) => freezeNode(name, node),
  'fill-disk': ({ name }, node, { path = '' }) => fillDisk(name, node, path),
  'slow-disk': ({ name }, node, { iops = '' }) => slowDisk(name, node, iops),
  'limit-memory': ({ name }, node, { mb = '' }) => limitMemory(name, node, mb),
  'kill-process': ({ name: lab }, node, { name = '', signal = 'KILL' }) =>
    signalSome(lab, node, name, signalOf(signal)),
  'stop-process': ({ name: lab }, node, { name = '' }) => signalSome(lab, node, name, 'SIGSTOP'),
}

const SILENCING = new Set(['power-off', 'cut', 'freeze', 'stop-process'])

/** Whether nothing that stands keeps a node from answering on ssh, so that one may wait for it. */
export const mayAnswer = (record: LabRecord, node: string): boolean =>
  !record.faults.some((fault) => SILENCING.has(fault.fault) && fault.nodes.includes(node))

/** Makes a checked fault happen. `record` already holds it, so that a crash in between can be healed. */
export async function injectFault(record: LabRecord, fault: FaultRequest): Promise<void> {
  await applyRules(
    record.name,
    record.faults,
    record.nodes.map((node) => node.name),
  )
  await Promise.all(fault.nodes.map(async (node) => BREAKS[fault.fault]?.(record, node, fault.options)))
  if (fault.fault !== 'power-on') return
  const started = fault.nodes.filter((node) => mayAnswer(record, node))
  await Promise.all(started.map((node) => waitForSsh(record.name, findNode(record, node))))
}

async function healFault(record: LabRecord, fault: FaultRequest): Promise<void> {
  const { name: lab } = record
  for (const node of fault.nodes) {
    if (fault.fault === 'slow-disk') fastDisk(lab, node)
    if (fault.fault === 'limit-memory') freeMemory(lab, node)
    if (fault.fault === 'fill-disk') await freeDisk(lab, node, fault.options['path'] ?? '')
    if (fault.fault === 'stop-process') signalAll(lab, node, fault.options['name'] ?? '', 'SIGCONT')
  }
}

/** Takes back what a fault that failed half-way has already done. `record` no longer holds it. */
export async function takeBack(record: LabRecord, fault: FaultRequest): Promise<void> {
  const lab = record.name
  await applyRules(
    lab,
    record.faults,
    record.nodes.map((node) => node.name),
  )
  const alive = fault.nodes.filter((node) => initPid(lab, node) !== undefined)
  if (fault.fault === 'freeze') for (const node of alive) setFrozen(lab, node, false)
  await healFault(record, { ...fault, nodes: alive })
}

/** Undoes faults: packet rules first, then nodes thaw or start, then what is inside them. */
export async function healFaults(
  record: LabRecord,
  gone: readonly FaultRequest[],
  nodes: readonly string[],
): Promise<void> {
  const lab = record.name
  await applyRules(
    lab,
    record.faults,
    record.nodes.map((node) => node.name),
  )
  const records = nodes.map((name) => findNode(record, name))
  for (const { name } of records) setFrozen(lab, name, false)
  await Promise.all(records.map((node) => startNode(record, node)))
  // A stopped sshd is one of the things to heal, so nothing below may need it.
  const booted = await poll(
    async () => (records.every(({ name }) => initPid(lab, name) !== undefined) ? true : undefined),
    { timeoutMs: 20_000, intervalMs: 20 },
  )
  if (booted === undefined)
    throw failed('lab/no-start', `a node of lab ${lab} does not start`, `hactl lab status --name ${lab}`)
  for (const fault of gone) await healFault(record, fault)
  await Promise.all(records.map((node) => waitForSsh(lab, node)))
}
