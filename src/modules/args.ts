import type { Text } from '../lib/secret.ts'
import { Type } from '../lib/type.ts'

/** Arguments that many modules share, so that they are named, checked and described alike. */

export const absolutePath = (description: string) => Type.String({ description, pattern: '^/' })

export const fileMode = (description = 'Permissions as octal text, in quotes, e.g. "0644".') =>
  Type.String({ description, pattern: '^[0-7]{3,4}$' })

export const accountName = (description: string) =>
  Type.String({ description, pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]*\\$?$', maxLength: 32 })

/** Text that may be a Secret; a number or a boolean becomes its text. */
export const secretText = (description: string) => Type.Unsafe<Text>({ description, text: true })

/** Owner, group and mode of a file or directory. */
export const ownership = {
  owner: Type.Optional(accountName('Account that owns it; left alone when not given.')),
  group: Type.Optional(accountName('Group that owns it; left alone when not given.')),
  mode: Type.Optional(fileMode()),
}
