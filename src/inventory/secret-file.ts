import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { HactlError, problem } from '../diag/diagnostic.ts'
import { Secret } from '../lib/secret.ts'
import { openWithNode, unarmorWithNode } from './age-open.ts'
import { writeAtomic } from './atomic.ts'
import { SECRETS_FILE, type SecretOptions, askPassphrase, findIdentity, keyFileOf } from './secret-key.ts'

/** The decrypted file, and the way to write it again for the same readers. */
export interface SecretFile {
  readonly file: string
  readonly text: Secret
  save(text: Secret): Promise<void>
}

const fail = (code: string, summary: string, hint: string): never => {
  throw new HactlError(problem(code, summary, { hint }))
}

/** Whether a folder has encrypted secrets. */
export const hasSecrets = (dir: string): boolean =>
  statSync(join(dir, SECRETS_FILE), { throwIfNoEntry: false }) !== undefined

/** As `openSecretFile`; where there is no file yet, one that begins with `text` and is made by `save`. */
export async function openOrMakeSecretFile(
  dir: string,
  options: SecretOptions,
  text: Secret,
): Promise<SecretFile> {
  if (hasSecrets(dir)) return openSecretFile(dir, options)
  const file = join(dir, SECRETS_FILE)
  const identity = findIdentity(dir, options)
  if (!identity)
    return fail('secrets/no-key', `there is no key for ${file}`, 'make one with `hactl secrets keygen`')
  return { file, text, save: (changed) => save({ dir, identity, readers: 0 }, changed) }
}

/** Opens the secrets beside an inventory. Throws HactlError: no file, no key, wrong key, damaged file. */
export async function openSecretFile(dir: string, options: SecretOptions): Promise<SecretFile> {
  const file = join(dir, SECRETS_FILE)
  if (!hasSecrets(dir))
    fail('secrets/no-file', `there is no ${file}`, '`hactl init` makes one, or `hactl secrets edit`')
  const binary = await readBinary(file)
  const header = headerOf(binary, file)
  if (header.passphrase) {
    const passphrase = await askPassphrase(file, options)
    const text = await decrypt(binary, { file, passphrase })
    return { file, text, save: (changed) => encryptWithPassphrase(file, changed, passphrase) }
  }
  const identity = findIdentity(dir, options)
  if (!identity) return fail('secrets/no-key', `there is no key for ${file}`, keyHint(dir))
  const text = openWithNode(binary, identity) ?? (await decrypt(binary, { file, identity }))
  return { file, text, save: (changed) => save({ dir, identity, readers: header.readers }, changed) }
}

const keyHint = (dir: string): string =>
  `put the key into ${keyFileOf(dir)} (mode 0600), or give it with --secrets-key FILE, HACTL_AGE_KEY or HACTL_AGE_KEY_FILE`

async function readBinary(file: string): Promise<Uint8Array> {
  const raw = readFileSync(file)
  const text = raw.toString('latin1')
  if (text.startsWith('age-encryption.org/')) return raw
  if (!text.includes('-----BEGIN AGE ENCRYPTED FILE-----')) {
    const hint =
      'it must never be stored in clear text: restore the encrypted file, or encrypt it with `age -a`'
    return fail('secrets/not-encrypted', `${file} is not encrypted with age`, hint)
  }
  const usual = unarmorWithNode(text)
  if (usual) return usual
  const { armor } = await import('age-encryption')
  try {
    return armor.decode(text)
  } catch (error) {
    const summary = `${file} is damaged: ${(error as Error).message}`
    return fail('secrets/damaged', summary, 'restore it from git or a backup')
  }
}

interface Header {
  readonly passphrase: boolean
  /** How many keys can read it. */
  readonly readers: number
}

function headerOf(binary: Uint8Array, file: string): Header {
  const text = Buffer.from(binary).toString('latin1')
  const end = text.indexOf('\n---')
  if (!text.startsWith('age-encryption.org/v1\n') || end < 0) {
    return fail(
      'secrets/damaged',
      `${file} is damaged: its header is not complete`,
      'restore it from git or a backup',
    )
  }
  const stanzas = [...text.slice(0, end).matchAll(/\n-> (\S+)/g)].map((match) => match[1])
  return { passphrase: stanzas.includes('scrypt'), readers: stanzas.length }
}

interface Opening {
  readonly file: string
  readonly identity?: Secret
  readonly passphrase?: Secret
}

async function decrypt(binary: Uint8Array, { file, identity, passphrase }: Opening): Promise<Secret> {
  const age = await import('age-encryption')
  const decrypter = new age.Decrypter()
  try {
    if (passphrase) decrypter.addPassphrase(passphrase.reveal())
    if (identity) decrypter.addIdentity(identity.reveal())
  } catch {
    return fail(
      'secrets/no-key',
      'the age key is damaged: its check sum is wrong',
      'copy the whole line AGE-SECRET-KEY-1…',
    )
  }
  try {
    return new Secret(await decrypter.decrypt(binary, 'text'))
  } catch (error) {
    const message = (error as Error).message
    if (!message.includes('no identity matched')) {
      return fail('secrets/damaged', `${file} is damaged: ${message}`, 'restore it from git or a backup')
    }
    return passphrase
      ? fail('secrets/wrong-key', `the passphrase does not open ${file}`, 'try again')
      : fail(
          'secrets/wrong-key',
          `the key does not open ${file}`,
          'use the key it was encrypted to: --secrets-key FILE',
        )
  }
}

/** Public keys of colleagues, one a line, who may also read the secrets. */
export const RECIPIENTS_FILE = 'secrets.recipients'

function otherRecipients(dir: string): readonly string[] {
  const file = join(dir, RECIPIENTS_FILE)
  if (!statSync(file, { throwIfNoEntry: false })) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

interface Target {
  readonly dir: string
  readonly identity: Secret
  /** How many keys could read the file before; fewer afterwards would lock somebody out. */
  readonly readers: number
}

async function save({ dir, identity, readers }: Target, text: Secret): Promise<void> {
  const others = otherRecipients(dir)
  const age = await import('age-encryption')
  const own = await age.identityToRecipient(identity.reveal())
  const all = [...new Set([own, ...others])]
  const file = join(dir, SECRETS_FILE)
  if (all.length < readers) {
    const summary = `${file} can be read with ${readers} keys, but only ${all.length} would be left`
    fail(
      'secrets/readers',
      summary,
      `list the other public keys (age1…) in ${join(dir, RECIPIENTS_FILE)}, one a line`,
    )
  }
  writeAtomic(file, await encryptText(text, all), 0o600)
}

/** Encrypts a text to public keys, armored. Throws HactlError for a key that is none. */
export async function encryptText(text: Secret, recipients: readonly string[]): Promise<string> {
  const age = await import('age-encryption')
  const encrypter = new age.Encrypter()
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient)
    } catch {
      fail(
        'secrets/recipient',
        `"${recipient}" is no age public key`,
        `correct ${RECIPIENTS_FILE}: a public key begins with age1`,
      )
    }
  }
  return age.armor.encode(await encrypter.encrypt(text.reveal()))
}

async function encryptWithPassphrase(file: string, text: Secret, passphrase: Secret): Promise<void> {
  const age = await import('age-encryption')
  const encrypter = new age.Encrypter()
  encrypter.setPassphrase(passphrase.reveal())
  writeAtomic(file, age.armor.encode(await encrypter.encrypt(text.reveal())), 0o600)
}

/** A new key pair: the secret identity and its public key. */
export async function makeIdentity(): Promise<{ readonly identity: Secret; readonly recipient: string }> {
  const age = await import('age-encryption')
  const identity = await age.generateX25519Identity()
  return { identity: new Secret(identity), recipient: await age.identityToRecipient(identity) }
}

/** The public key of an identity. */
export async function recipientOf(identity: Secret): Promise<string> {
  const age = await import('age-encryption')
  return age.identityToRecipient(identity.reveal())
}

/** A key file as age-keygen writes it. */
export const keyFileText = (identity: Secret, recipient: string): string =>
  `# public key: ${recipient}\n${identity.reveal()}\n`
