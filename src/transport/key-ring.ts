import { readFile } from 'node:fs/promises'
import type { ParsedKey } from 'ssh2'
import { reveal } from '../lib/secret.ts'
import type { Text } from '../lib/secret.ts'

export type Ssh2 = typeof import('ssh2')
export type Ask = (question: string) => Promise<Text>

/** What a key file turned out to be. */
export type KeyFile =
  | { readonly kind: 'key'; readonly key: ParsedKey }
  | { readonly kind: 'locked'; readonly data: Buffer }
  /** Only the public half: the agent has the other. */
  | { readonly kind: 'public' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'bad'; readonly why: string }

const PASSPHRASE_TRIES = 3

const firstKey = (parsed: ParsedKey | ParsedKey[]): ParsedKey | undefined =>
  Array.isArray(parsed) ? parsed[0] : parsed

const asKeyFile = (parsed: ParsedKey | ParsedKey[]): KeyFile => {
  const key = firstKey(parsed)
  return key?.isPrivateKey() ? { kind: 'key', key } : { kind: 'public' }
}

/** Private keys by file: read once, and a passphrase is asked for once, however many hosts use the key. */
export class KeyRing {
  readonly #files = new Map<string, Promise<KeyFile>>()
  readonly #unlocked = new Map<string, Promise<KeyFile>>()

  load(ssh2: Ssh2, file: string): Promise<KeyFile> {
    return remember(this.#files, file, async () => {
      let data: Buffer
      try {
        data = await readFile(file)
      } catch (error) {
        const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
        return missing ? { kind: 'missing' } : { kind: 'bad', why: String(error) }
      }
      const parsed = ssh2.utils.parseKey(data)
      if (!(parsed instanceof Error)) return asKeyFile(parsed)
      return /encrypted/i.test(parsed.message)
        ? { kind: 'locked', data }
        : { kind: 'bad', why: parsed.message }
    })
  }

  /** Opens an encrypted key with a passphrase from the user. */
  unlock(ssh2: Ssh2, file: string, data: Buffer, ask: Ask | undefined): Promise<KeyFile> {
    return remember(this.#unlocked, file, async () => {
      if (!ask)
        return { kind: 'bad', why: 'it is encrypted and there is no terminal to ask for its passphrase' }
      for (let attempt = 0; attempt < PASSPHRASE_TRIES; attempt++) {
        const parsed = ssh2.utils.parseKey(data, reveal(await ask(`Passphrase of ${file}: `)))
        if (!(parsed instanceof Error)) return asKeyFile(parsed)
      }
      return { kind: 'bad', why: 'wrong passphrase' }
    })
  }
}

function remember<T>(map: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = map.get(key)
  if (known) return known
  const made = make()
  map.set(key, made)
  return made
}
