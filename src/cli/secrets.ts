import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { HactlError, problem } from '../diag/diagnostic.ts'
import {
  type SecretFile,
  keyFileText,
  makeIdentity,
  openOrMakeSecretFile,
  openSecretFile,
} from '../inventory/secret-file.ts'
import { type SecretOptions, keyFileOf } from '../inventory/secret-key.ts'
import { findSecretUses } from '../inventory/secret-uses.ts'
import { rotateSecrets, secretNames } from '../inventory/secret-values.ts'
import { readSecrets, secretsPath } from '../inventory/secrets.ts'
import { Secret, MASK } from '../lib/secret.ts'
import { suggest } from '../lib/suggest.ts'
import { STACKS } from '../stacks/index.ts'
import { editText } from './editor.ts'
import { askSecret, confirm, interactive, note, outRaw, print } from './io.ts'
import { inventoryFile } from './options.ts'
import { packageFolders } from '../app/package.ts'

export interface SecretFlags {
  readonly inventory?: string
  readonly secretsKey?: string
  readonly reveal?: boolean
}

/** The folder that holds the inventory and its secrets. */
const folder = (flags: SecretFlags): string => folderOf(inventoryFile(undefined, flags))

/** The folder of an inventory that is named by its file or by its folder. */
export function folderOf(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? path : dirname(path)
}

export const keyOptions = ({ secretsKey }: SecretFlags): SecretOptions => ({
  ...(secretsKey !== undefined && { keyFile: secretsKey }),
  ...(interactive() && { ask: (question: string) => askSecret(question, { flag: 'a terminal' }) }),
})

/** Writes a new key. Throws HactlError when there is one. */
export async function keygen(flags: SecretFlags): Promise<void> {
  const file = keyFileOf(folder(flags))
  if (existsSync(file)) {
    const hint = 'a new key cannot read the old secrets; move this one away only when you are sure'
    throw new HactlError(problem('cli/exists', `${file} exists already`, { hint }))
  }
  await print(`wrote ${file}`, `public key: ${await writeKey(file)}`)
}

/** Writes a new key into a file that is not there yet; gives the public key. */
export async function writeKey(file: string): Promise<string> {
  const { identity, recipient } = await makeIdentity()
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(file, keyFileText(identity, recipient), { flag: 'wx', mode: 0o600 })
  return recipient
}

export const FIRST_TEXT =
  '# One "name: value" a line. Refer to a value as "{{ secrets.name }}" in the inventory.\n'

/** Opens the values in $EDITOR until they are sound, or the user gives up. */
export async function edit(flags: SecretFlags): Promise<void> {
  const opened = await openOrMakeSecretFile(folder(flags), keyOptions(flags), new Secret(FIRST_TEXT))
  let text = opened.text
  for (;;) {
    const edited = await editText(text)
    if (edited.reveal() === opened.text.reveal()) return note('Nothing was changed.')
    const { diagnostics } = readSecrets(edited, opened.file)
    const errors = diagnostics.filter((each) => each.severity === 'error')
    if (errors.length === 0) {
      await opened.save(edited)
      return print(`wrote ${opened.file}`)
    }
    if (!interactive()) throw new HactlError(errors)
    await note(...errors.map((each) => `${each.code}: ${each.summary}`))
    if (!(await confirm('Edit again?', { flag: 'a terminal' }))) throw new HactlError(errors)
    text = edited
  }
}

/** Prints names with masked values, or the values with --reveal. */
export async function show(key: string | undefined, flags: SecretFlags): Promise<void> {
  const opened = await openSecretFile(folder(flags), keyOptions(flags))
  const values = flatten(readSecretValues(opened), '')
  if (key === undefined) {
    return outRaw(
      values.map(([name, value]) => `${name}: ${flags.reveal === true ? value.reveal() : MASK}\n`).join(''),
    )
  }
  const names = values.map(([name]) => name)
  const found = values.find(([name]) => name === key)
  if (!found) throw unknownKey(key, names, opened.file)
  return outRaw(`${flags.reveal === true ? found[1].reveal() : MASK}\n`)
}

function readSecretValues({ text, file }: SecretFile): unknown {
  const { values, diagnostics } = readSecrets(text, file)
  if (!values) throw new HactlError(diagnostics)
  return values
}

function flatten(value: unknown, prefix: string): readonly (readonly [string, Secret])[] {
  if (value instanceof Secret) return [[prefix, value]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) =>
    flatten(item, prefix === '' ? key : `${prefix}.${key}`),
  )
}

function unknownKey(key: string, names: readonly string[], file: string): HactlError {
  const guess = suggest(key, names)
  const hint = guess === undefined ? `there are: ${names.join(', ')}` : `did you mean "${guess}"?`
  return new HactlError(problem('secrets/unknown', `${file} has no secret "${key}"`, { hint }))
}

/** Makes new values and says where they are used. */
export async function rotate(keys: readonly string[], flags: SecretFlags): Promise<void> {
  const dir = folder(flags)
  const opened = await openSecretFile(dir, keyOptions(flags))
  const names = secretNames(opened.text)
  for (const key of keys) if (!names.includes(key)) throw unknownKey(key, names, opened.file)
  const rotated = rotateSecrets(opened.text, keys)
  if (rotated.names.length === 0) {
    const hint = `name them: hactl secrets rotate ${names[0] ?? 'NAME'}`
    throw new HactlError(problem('secrets/none', `${secretsPath(dir)} holds no generated value`, { hint }))
  }
  await opened.save(rotated.text)
  await print(
    `wrote ${opened.file}`,
    ...usesOf(dir, rotated.names),
    'Nothing has changed on the hosts yet: hactl plan',
  )
}

/** One line for every renewed value, and one for every place an apply will change because of it. */
function usesOf(dir: string, names: readonly string[]): readonly string[] {
  const folders = [dir, ...STACKS.flatMap((stack) => packageFolders(stack.name))]
  const uses = findSecretUses([...new Set(folders)])
  return names.flatMap((name) => {
    const own = uses.filter((use) => use.name === name)
    const none = own.length === 0 ? ['    used nowhere'] : []
    return [`  ${name}: new value`, ...none, ...own.map((use) => `    ${use.file}:${use.line}  ${use.text}`)]
  })
}
