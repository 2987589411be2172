import type { Static } from 'typebox'
import { Type } from '../lib/type.ts'
import { editArgs, editModule, editPath, linesOf, textOf } from './lib/edit.ts'

const hostName = Type.String({
  description: 'Name.',
  pattern: '^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9])?$',
})

const args = Type.Object({
  address: Type.String({ description: 'IPv4 or IPv6 address.', pattern: '^[0-9A-Fa-f:.]+$' }),
  names: Type.Array(hostName, { description: 'Names of the address, the main one first.', minItems: 1 }),
  state: Type.Enum(['present', 'absent'], {
    description: '`absent` takes these names from the address.',
    default: 'present',
  }),
  path: editPath('/etc/hosts'),
  ...editArgs,
})
type Args = Static<typeof args>

interface Entry {
  readonly address: string
  readonly names: readonly string[]
  /** The comment with the blanks before it. */
  readonly comment: string
}

function parse(line: string): Entry | undefined {
  const comment = /\s*#.*$/.exec(line)?.[0] ?? ''
  const [address, ...names] = line
    .slice(0, line.length - comment.length)
    .trim()
    .split(/\s+/)
  return address === undefined || address === '' ? undefined : { address, names, comment }
}

const format = ({ address, names, comment }: Entry): string => `${address} ${names.join(' ')}${comment}`

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1'

/** IPv4 and IPv6 may both know a name; a loopback address must not, or a host would take itself for local only. */
const competes = (address: string, wanted: string): boolean =>
  address.includes(':') === wanted.includes(':') || isLoopback(address)

/** A line without some names; undefined when none is left, the line as it is when it has none of them. */
function without(line: string, entry: Entry, names: readonly string[]): string | undefined {
  const left = entry.names.filter((name) => !names.includes(name))
  if (left.length === entry.names.length) return line
  return left.length === 0 ? undefined : format({ ...entry, names: left })
}

const startsWith = (entry: Entry, names: readonly string[]): boolean =>
  names.every((name, index) => entry.names[index] === name)

/** The line of the address with the wanted names first; aliases that somebody added stay behind them. */
const withNames = (line: string, entry: Entry, names: readonly string[]): string =>
  startsWith(entry, names)
    ? line
    : format({ ...entry, names: [...names, ...entry.names.filter((name) => !names.includes(name))] })

function edit(text: string, { address, names, state }: Args): string {
  const lines = linesOf(text)
  const ours = lines.findIndex((line) => parse(line)?.address === address)
  const result = lines.flatMap((line, index) => {
    const entry = parse(line)
    if (!entry) return [line]
    if (state === 'present' && index === ours) return [withNames(line, entry, names)]
    const mayNot = entry.address === address || (state === 'present' && competes(entry.address, address))
    const left = mayNot ? without(line, entry, names) : line
    return left === undefined ? [] : [left]
  })
  if (state === 'present' && ours < 0) result.push(`${address} ${names.join(' ')}`)
  const next = textOf(result)
  return next === `${text}\n` ? text : next
}

/** The names of one address in /etc/hosts. */
export const hostsEntry = editModule<Args>({
  name: 'hosts_entry',
  about:
    'Keep an address with its names in /etc/hosts; the names are taken from other addresses and from loopback.',
  args,
  examples: ['hosts_entry: { address: 10.77.0.11, names: [pg1.example.com, pg1] }'],
  label: ({ address, names }) => `${address} ${names[0] ?? ''}`,
  edit,
})
