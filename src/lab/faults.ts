import { HactlError, problem } from '../diag/diagnostic.ts'
import { suggest } from '../lib/suggest.ts'
import type { FaultRequest } from './driver.ts'

interface FaultOption {
  readonly about: string
  readonly pattern: RegExp
  readonly fallback?: string
}

export interface FaultKind {
  readonly name: string
  readonly about: string
  /** The nodes as the user types them, e.g. `NODE NODE`. */
  readonly nodes: string
  readonly min: number
  readonly max: number
  readonly options: Readonly<Record<string, FaultOption>>
  /** Nothing stays broken that could be undone. */
  readonly momentary?: true
}

const link: FaultOption = { about: 'only this network, 0 or 1; both when left out', pattern: /^[01]$/ }
const process: FaultOption = { about: 'name of the processes', pattern: /^[^/\s]{1,64}$/ }
const any = { nodes: 'NODE…', min: 1, max: Infinity }
const two = { nodes: 'NODE NODE', min: 2, max: 2 }

/** Every fault of the lab. */
export const FAULTS: readonly FaultKind[] = [
  { ...any, name: 'power-off', about: 'switch off at once; no packet leaves the node any more', options: {} },
  { ...any, name: 'power-on', about: 'switch on again', options: {}, momentary: true },
  { ...any, name: 'reboot', about: 'shut down cleanly and start again', options: {}, momentary: true },
  { ...any, name: 'cut', about: 'cut a node off from everything, the controller too', options: { link } },
  { ...two, name: 'cut-pair', about: 'cut two nodes off from each other', options: { link } },
  {
    ...two,
    name: 'cut-one-way',
    about: 'packets of the first node do not reach the second',
    options: { link },
  },
  {
    name: 'cut-peers',
    about: 'cut the first node off from the others (all when none is named); controller and client reach it',
    nodes: 'NODE [PEER…]',
    min: 1,
    max: Infinity,
    options: { link },
  },
  {
    ...any,
    name: 'loss',
    about: 'drop a share of the packets in each direction',
    options: { link, percent: { about: '1 to 100', pattern: /^([1-9]\d?|100)$/, fallback: '30' } },
  },
  {
    ...any,
    name: 'freeze',
    about: 'stop every process of the node; its kernel still answers ping',
    options: {},
  },
  {
    ...any,
    name: 'fill-disk',
    about: "fill the node's disk: writes fail with ENOSPC",
    options: {
      path: { about: 'folder of the big file', pattern: /^\/[^\0]*$/, fallback: '/var/lib/postgresql' },
    },
  },
  {
    ...any,
    name: 'slow-disk',
    about: "let the node's disk take only so many writes a second",
    options: { iops: { about: 'writes a second', pattern: /^[1-9]\d{0,6}$/, fallback: '20' } },
  },
  {
    ...any,
    name: 'limit-memory',
    about: 'give the node so little memory of its own; above it the kernel kills processes of the node',
    options: { mb: { about: 'MiB', pattern: /^[1-9]\d{1,6}$/, fallback: '768' } },
  },
  {
    ...any,
    name: 'kill-process',
    about: 'send a signal to every process of a name',
    options: {
      name: process,
      signal: { about: 'name of the signal', pattern: /^[A-Z][A-Z0-9]+$/, fallback: 'KILL' },
    },
    momentary: true,
  },
  {
    ...any,
    name: 'stop-process',
    about: 'stop every process of a name (SIGSTOP)',
    options: { name: process },
  },
]

const refuse = (summary: string, hint: string): HactlError =>
  new HactlError(problem('lab/bad-fault', summary, { hint }))

function checkNodes(kind: FaultKind, nodes: readonly string[], known: readonly string[]): void {
  for (const node of nodes) {
    if (known.includes(node)) continue
    const meant = suggest(node, known)
    throw refuse(
      `the lab has no node "${node}"`,
      meant === undefined ? `nodes: ${known.join(', ')}` : `did you mean "${meant}"?`,
    )
  }
  const usage = `hactl lab break ${kind.name} ${kind.nodes}`
  if (new Set(nodes).size !== nodes.length)
    throw refuse(`a node is named twice in "${nodes.join(' ')}"`, usage)
  if (nodes.length < kind.min || nodes.length > kind.max) {
    throw refuse(`fault ${kind.name} does not take ${nodes.length} nodes`, usage)
  }
}

function checkOptions(kind: FaultKind, given: Readonly<Record<string, string>>): Record<string, string> {
  const known = Object.keys(kind.options)
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue
    const meant = suggest(key, known)
    const all = known.length === 0 ? `fault ${kind.name} has no options` : `options: ${known.join(', ')}`
    throw refuse(
      `fault ${kind.name} has no option "${key}"`,
      meant === undefined ? all : `did you mean "${meant}"?`,
    )
  }
  const full: Record<string, string> = {}
  for (const [key, option] of Object.entries(kind.options)) {
    const value = given[key] ?? option.fallback
    if (value === undefined && option !== link)
      throw refuse(`fault ${kind.name} needs "${key}"`, `--opt ${key}=…`)
    if (value === undefined) continue
    if (!option.pattern.test(value))
      throw refuse(`"${value}" is no ${key} of ${kind.name}`, `${key}: ${option.about}`)
    full[key] = value
  }
  return full
}

/** Checks a fault against the lab's nodes and fills its options. Throws HactlError with what to write instead. */
export function checkFault(
  request: FaultRequest,
  known: readonly string[],
): FaultRequest & { kind: FaultKind } {
  const kind = FAULTS.find((entry) => entry.name === request.fault)
  if (kind === undefined) {
    const names = FAULTS.map((entry) => entry.name)
    const meant = suggest(request.fault, names)
    throw refuse(
      `there is no fault "${request.fault}"`,
      meant === undefined ? `faults: ${names.join(', ')}` : `did you mean "${meant}"?`,
    )
  }
  checkNodes(kind, request.nodes, known)
  return { kind, fault: kind.name, nodes: request.nodes, options: checkOptions(kind, request.options) }
}

/** A fault as one line: `loss pg1 percent=30`. */
export const describeFault = ({ fault, nodes, options }: FaultRequest): string =>
  [fault, ...nodes, ...Object.entries(options).map(([key, value]) => `${key}=${value}`)].join(' ')

/** Text → options: `percent=30` becomes `{ percent: '30' }`. Throws HactlError for text without `=`. */
export function parseOptions(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw refuse(`option "${text}" has no value`, 'write it as key=value')
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}
