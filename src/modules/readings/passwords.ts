import { createHash } from 'node:crypto'
import type { Reading } from '../../engine/probe.ts'
import { sha512crypt } from '../lib/sha512crypt.ts'

/** What may leave the host about a password: scheme and salt, and the sha256 of the hash to compare with. */
export interface StoredPassword {
  readonly setting: string
  readonly sha256: string
}

const SCRIPT = `for name do
hash=$(getent shadow -- "$name" | cut -d: -f2)
printf '%s\\t%s\\t%s\\n' "$name" "\${hash%\\$*}" "$(printf %s "$hash" | sha256sum)"
done`

/** How the passwords of accounts are stored. The hashes themselves stay on the host. */
export const passwords: Reading<StoredPassword> = {
  name: 'passwords',
  command: (names) => ({ argv: ['sh', '-c', SCRIPT, 'passwords', ...names], inline: true }),
  parse({ stdout }, names) {
    const rows = stdout.split('\n').map((line) => line.split('\t'))
    const found = new Map(
      rows.map(([name = '', setting = '', sum = '']) => [name, { setting, sha256: sum.slice(0, 64) }]),
    )
    return new Map(names.map((name) => [name, found.get(name) ?? { setting: '', sha256: '' }]))
  },
  resource: (name) => `user:${name}`,
}

/** Whether this is the stored password. Only `$6$` hashes can be compared; any other counts as different. */
export function isPassword(stored: StoredPassword, password: string): boolean {
  const hash = sha512crypt(password, stored.setting)
  return hash !== undefined && createHash('sha256').update(hash).digest('hex') === stored.sha256
}
