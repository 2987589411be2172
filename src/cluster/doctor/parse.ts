import { parseControlData } from '../../modules/postgres/controldata.ts'
import { parseWalPast } from '../../modules/postgres/wal-past.ts'
import type { WalPast } from '../../modules/postgres/wal-past.ts'
import type { CommandResult } from '../../transport/transport.ts'
import type { CertificateFacts, Disk, HostCase, HostFacts, Login, PidFile, ServerFacts } from './case.ts'
import type { RawHost } from './site.ts'

interface Lines {
  /** Fields of every line that starts with `key=`, separated by tabs. */
  readonly all: (key: string) => readonly (readonly string[])[]
  readonly last: (key: string) => readonly string[] | undefined
  readonly keys: (prefix: string) => readonly string[]
}

const only = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never

const linesOf = ({ stdout }: CommandResult): Lines => {
  const pairs = stdout.split('\n').flatMap((line) => {
    const at = line.indexOf('=')
    return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const]
  })
  const all = (key: string) => pairs.filter(([name]) => name === key).map(([, value]) => value.split('\t'))
  return {
    all,
    last: (key) => all(key).at(-1),
    keys: (prefix) => [
      ...new Set(pairs.flatMap(([name]) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []))),
    ],
  }
}

const diskOf = ([
  path = '',
  device = '',
  size = '',
  free = '',
  mount = '',
  inodes = '',
]: readonly string[]): Disk => ({
  path,
  device,
  mount,
  sizeKb: Number(size),
  freeKb: Number(free),
  ...(/^\d+$/.test(inodes) && { inodes: Number(inodes) }),
})

const pidFileOf = ([pid = '', name = '', state = '', folder = '']: readonly string[]): PidFile => ({
  pid: Number(pid),
  ...(state !== '' && { process: { name, state, folder } }),
})

/** Names of history files → their text. */
const historiesOf = ({ keys, all }: Lines): HostFacts['histories'] =>
  new Map(
    keys('history.').map((name) => [
      name,
      all(`history.${name}`)
        .map((fields) => fields.join('\t'))
        .join('\n'),
    ]),
  )

const numbered = ([kb = '', path = '']: readonly string[]) => ({ path, kb: Number(kb) })
const lockOf = ([alive = '', owner = '']: readonly string[]) => ({ alive: alive === 'yes', owner })
const walOf = ([files = '0', first = '', last = '']: readonly string[]) => ({
  count: Number(files),
  first,
  last,
})

function factsOf(result: CommandResult): HostFacts {
  const lines = linesOf(result)
  const { all, last } = lines
  const found = <T>(key: string, of: (fields: readonly string[]) => T): T | undefined => {
    const fields = last(key)
    return fields && of(fields)
  }
  return {
    disks: all('disk').map(diskOf),
    fills: [...all('folder'), ...all('file')].map(numbered),
    signals: all('signal').flat(),
    stopped: all('stopped').map(([name = '']) => name),
    histories: historiesOf(lines),
    ...only({
      owner: found('owner', ([text = '']) => text),
      pidFile: found('pidfile', pidFileOf),
      lock: found('lock', lockOf),
      wal: found('wal', walOf),
      control: parseControlData(
        all('control')
          .map((fields) => fields.join('\t'))
          .join('\n'),
      ),
    }),
  }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function serverOf({ code, stdout }: CommandResult): ServerFacts | undefined {
  const found = code === 0 ? parseJson(stdout) : undefined
  return typeof found === 'object' && found !== null ? (found as ServerFacts) : undefined
}

function certificatesOf({ stdout }: CommandResult): readonly CertificateFacts[] {
  return stdout
    .split(/^certificate=/m)
    .slice(1)
    .flatMap((text) => {
      const [path = ''] = text.split('\n')
      const field = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? ''
      const [notBefore, notAfter] = [Date.parse(field('notBefore')), Date.parse(field('notAfter'))]
      if (Number.isNaN(notBefore) || Number.isNaN(notAfter)) return []
      const verify = field('verify').trim()
      const misfit = verify === '' || /: OK\b/.test(verify) ? {} : { misfit: verify }
      return [{ path, notBefore, notAfter, issuer: field('issuer').trim(), ...misfit }]
    })
}

const ANSWERS: Readonly<Record<string, 'accepts' | 'rejects'>> = { '0': 'accepts', '1': 'rejects' }
/** pg_isready waited for 3 s; a refusal comes within a fraction of it. */
const SILENT_MS = 2500

const peersOf = (result: CommandResult): HostCase['peers'] =>
  new Map(
    linesOf(result)
      .all('peer')
      .map(([name = '', code = '', ms = '']) => [
        name,
        { silent: code === '2' && Number(ms) >= SILENT_MS, answer: ANSWERS[code] ?? 'none' },
      ]),
  )

function clockOf({ stdout }: CommandResult): HostCase['clock'] {
  const [before = Number.NaN, there = Number.NaN, after = Number.NaN] = stdout.trim().split(' ').map(Number)
  if (Number.isNaN(before + there + after)) return undefined
  return { ahead: there - (before + after) / 2, within: (after - before) / 2 }
}

function loginOf(result: CommandResult): Login {
  const [to = '', ...lines] = result.stdout.split('\n')
  const said = (result.code === 0 ? lines.join(' ') : result.stderr).trim()
  return { to, ok: result.code === 0, said }
}

const nameIn = (names: CommandResult | undefined, text: string): string => {
  const [, db = '', file = ''] = /^database (\d+), file (\d+)$/.exec(text) ?? []
  const found =
    names &&
    linesOf(names)
      .all('name')
      .find(([key]) => key === `${db}/${file}`)
  return found?.[1] ?? text
}

function pastOf(result: CommandResult, names: CommandResult | undefined): WalPast | undefined {
  const past = parseWalPast(result)
  return (
    past && { ...past, tables: past.tables.map(({ name, rows }) => ({ name: nameIn(names, name), rows })) }
  )
}

interface IpLink {
  readonly ifname?: string
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number }[]
}

/** Answers of `ip -j addr`, which both stacks ask for. */
const addressesOf = ({ stdout }: CommandResult): HostCase['addresses'] =>
  ((parseJson(stdout) as readonly IpLink[] | undefined) ?? []).flatMap(
    ({ ifname = '', addr_info: list = [] }) =>
      list.map(({ local = '', prefixlen = 32 }) => ({ device: ifname, address: `${local}/${prefixlen}` })),
  )

const logOf = (result: CommandResult): HostCase['log'] =>
  linesOf(result)
    .all('log')
    .map(([file = '', ...line]) => ({ file, line: line.join('\t') }))

/** One host from the raw answers of its commands; what was not asked or not answered is missing. Pure. */
export function parseHost(name: string, raw: RawHost): HostCase {
  const { clock, facts, server, log, peers, certificates, login, wal, ip, names } = raw
  const parsed = server && serverOf(server)
  return {
    name,
    raw,
    addresses: ip ? addressesOf(ip) : [],
    log: log ? logOf(log) : [],
    peers: peers ? peersOf(peers) : new Map(),
    certificates: certificates ? certificatesOf(certificates) : [],
    ...only({
      clock: clock && clockOf(clock),
      facts: facts && factsOf(facts),
      server: parsed,
      refusal: server && !parsed ? server.stderr.trim().split('\n').at(0) : undefined,
      login: login && loginOf(login),
      past: wal && pastOf(wal, names),
    }),
  }
}
