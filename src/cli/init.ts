import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Diagnostic } from '../diag/diagnostic.ts'
import { HactlError, problem } from '../diag/diagnostic.ts'
import { addressFault, parseCidr } from '../inventory/address.ts'
import { encryptText, keyFileText, makeIdentity, recipientOf } from '../inventory/secret-file.ts'
import { SECRETS_FILE, findIdentity, keyFileOf } from '../inventory/secret-key.ts'
import { findSecretUses, usesIn } from '../inventory/secret-uses.ts'
import { generateSecretsText } from '../inventory/secret-values.ts'
import { NAMES, type NameKind, nameFault } from '../schema/names.ts'
import { suggest } from '../lib/suggest.ts'
import { STACKS } from '../stacks/index.ts'
import type { InitOptions, Stack } from '../stacks/stack.ts'
import { ask, interactive, print } from './io.ts'
import { packageFolders } from '../app/package.ts'

export interface InitFlags {
  readonly cluster?: string
  readonly host?: readonly string[]
  readonly writerVip?: string
  readonly readerVip?: string
  readonly yes?: boolean
}

/** Writes the files of a new inventory. Throws HactlError, before anything is written, when one exists already. */
export async function initVerb(name: string, dir: string, flags: InitFlags): Promise<void> {
  const stack = findStack(name)
  const options = await readOptions(flags, stack)
  const files = new Map([...stack.init(options)].map(([path, content]) => [join(dir, path), content]))
  const present = [...files.keys(), join(dir, SECRETS_FILE)].filter((path) => existsSync(path))
  if (present.length > 0) {
    const hint = 'choose another folder, or move these files away first'
    throw new HactlError(present.map((path) => problem('cli/exists', `${path} exists already`, { hint })))
  }
  for (const [path, content] of files) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content, { flag: 'wx' })
  }
  const written = [
    ...files.keys(),
    ...(await writeSecrets(dir, secretNamesOf(stack, files))),
    ...ignoreFolder(dir),
  ]
  const [inventory = join(dir, 'inventory.yml')] = files.keys()
  await print(
    ...written.map((path) => `wrote ${path}`),
    '',
    `Read ${inventory} and change what you like, then:`,
    `  hactl validate ${inventory}`,
    `  hactl plan ${inventory}`,
    `Keep ${keyFileOf(dir)} safe: without it nobody can read the secrets.`,
  )
}

function findStack(name: string): Stack {
  const stack = STACKS.find((each) => each.name === name)
  if (stack) return stack
  const names = STACKS.map((each) => each.name)
  const guess = suggest(name, names)
  const hint = guess === undefined ? `there are: ${names.join(', ')}` : `did you mean "${guess}"?`
  throw new HactlError(problem('cli/no-stack', `there is no stack "${name}"`, { hint }))
}

/** By which rule a cluster of the stack is named. */
const clusterKind = (stack: Stack): NameKind => {
  const kind: unknown = Reflect.get(stack.vars.properties['name'] ?? {}, 'kind')
  return typeof kind === 'string' && kind in NAMES ? (kind as NameKind) : 'cluster'
}

function badName(whose: string, kind: NameKind, name: string): readonly Diagnostic[] {
  const wrong = nameFault(kind, name)
  if (!wrong) return []
  return [
    problem('cli/usage', `${whose} is called "${name}", which ${wrong.fault}`, {
      hint: `allowed: ${wrong.allowed}`,
    }),
  ]
}

async function readOptions(flags: InitFlags, stack: Stack): Promise<InitOptions> {
  const { given, writerVip } = await askMissing(flags)
  const problems: Diagnostic[] = []
  const hosts = readHostFlags(given, problems)
  const vips = [writerVip, flags.readerVip].filter((vip) => vip !== undefined)
  for (const vip of vips.filter((each) => !parseCidr(each))) {
    const hint = 'write it as ADDRESS/PREFIX, e.g. 10.0.0.20/24'
    problems.push(problem('cli/usage', `the virtual address "${vip}" is no address with a prefix`, { hint }))
  }
  const { cluster = 'pgcluster' } = flags
  problems.push(...badName('the cluster', clusterKind(stack), cluster))
  if (problems.length > 0) throw new HactlError(problems)
  return {
    cluster,
    hosts,
    writerVip,
    ...(flags.readerVip !== undefined && { readerVip: flags.readerVip }),
  }
}

/** Asks for what the flags leave open. Throws HactlError where nobody may be asked. */
async function askMissing(
  flags: InitFlags,
): Promise<{ readonly given: readonly string[]; readonly writerVip: string }> {
  const missing = [
    ...(flags.host ? [] : ['--host NAME=ADDRESS']),
    ...(flags.writerVip === undefined ? ['--writer-vip ADDRESS/PREFIX'] : []),
  ].join(' and ')
  if (missing !== '' && (flags.yes === true || !interactive())) {
    throw new HactlError(problem('cli/usage', `init cannot guess ${missing}`, { hint: `add ${missing}` }))
  }
  const consent = { flag: missing }
  const given =
    flags.host ?? (await ask('Hosts as NAME=ADDRESS, separated by spaces:', consent)).split(/[\s,]+/)
  const writerVip = flags.writerVip ?? (await ask('Writer VIP with its prefix (e.g. 10.0.0.20/24):', consent))
  return { given, writerVip }
}

function readHostFlags(given: readonly string[], problems: Diagnostic[]): ReadonlyMap<string, string> {
  const hosts = new Map<string, string>()
  for (const text of given) {
    const [, name, address] = /^([^=]*)=(\S+)$/.exec(text) ?? []
    const fault = address === undefined ? 'is not NAME=ADDRESS' : addressFault(address)
    const again = name !== undefined && hosts.has(name) ? 'names a host twice' : fault
    if (name === undefined || address === undefined || again !== undefined) {
      const hint = 'write it as pg1=10.0.0.11'
      problems.push(problem('cli/usage', `the host "${text}" ${again ?? 'is not NAME=ADDRESS'}`, { hint }))
      continue
    }
    problems.push(...badName('a host', 'host', name))
    hosts.set(name, address)
  }
  return hosts
}

/** Every secret that the new files, or the stack's playbooks and templates, refer to. */
function secretNamesOf(stack: Stack, files: ReadonlyMap<string, string>): readonly string[] {
  const own = [...files].flatMap(([path, content]) => usesIn(content, path))
  const uses = [...own, ...findSecretUses(packageFolders(stack.name))]
  return [...new Set(uses.map((use) => use.name))].sort()
}

/** Generates the secrets and encrypts them to the key there is, or to a new one. Gives the files that were written. */
async function writeSecrets(dir: string, names: readonly string[]): Promise<readonly string[]> {
  const known = findIdentity(dir, {})
  const { identity, recipient } = known
    ? { identity: known, recipient: await recipientOf(known) }
    : await makeIdentity()
  const file = join(dir, SECRETS_FILE)
  const keyFile = keyFileOf(dir)
  if (!known) {
    mkdirSync(dirname(keyFile), { recursive: true, mode: 0o700 })
    writeFileSync(keyFile, keyFileText(identity, recipient), { flag: 'wx', mode: 0o600 })
  }
  const encrypted = await encryptText(generateSecretsText(names), [recipient])
  writeFileSync(file, encrypted, { flag: 'wx', mode: 0o600 })
  return known ? [file] : [keyFile, file]
}

/** Keeps the key and the journal out of git; adds a line to a `.gitignore` that is there. */
function ignoreFolder(dir: string): readonly string[] {
  const file = join(dir, '.gitignore')
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  if (text.split('\n').some((line) => /^\/?\.hactl\/?$/.test(line.trim()))) return []
  appendFileSync(file, `${text === '' || text.endsWith('\n') ? '' : '\n'}.hactl/\n`)
  return [file]
}
