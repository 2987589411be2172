import { generateKeyPairSync, randomInt } from 'node:crypto'
import { HactlError, problem } from '../diag/diagnostic.ts'
import { Secret } from '../lib/secret.ts'
import { addScalars, listScalars, replaceScalars } from '../schema/yaml-edit.ts'

const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789'

/** A password of 32 letters and digits (about 186 bits), safe in every quoting and easy to read aloud. */
export const generatePassword = (): Secret =>
  new Secret(Array.from({ length: 32 }, () => ALPHABET[randomInt(ALPHABET.length)] ?? '').join(''))

/** A private key (EC P-256, PEM of PKCS #8): for names that end with `_key`, such as that of a cluster's own CA. */
export const generateKey = (): Secret =>
  new Secret(
    generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString(),
  )

const isKey = (name: string): boolean => name.endsWith('_key')
const generated = (name: string): string => (isKey(name) ? generateKey() : generatePassword()).reveal()

/** The comment that marks a value hactl made itself: `rotate` renews these. */
const MARK = 'generated'
/** A new CA key takes every certificate with it, so `rotate` wants it named. */
const KEY_MARK = 'key, generated'
const markOf = (name: string): string => (isKey(name) ? KEY_MARK : MARK)

/** The text of a new secrets file with a made-up value for every name; a dot in a name nests it. */
export function generateSecretsText(names: readonly string[]): Secret {
  const tree: Tree = new Map()
  for (const name of names) plant(tree, name.split('.'))
  const head = [
    '# Secrets of this inventory. Refer to one as "{{ secrets.name }}".',
    `# Values marked "${MARK}" are renewed by \`hactl secrets rotate\`.`,
  ]
  return new Secret([...head, ...lines(tree, ''), ''].join('\n'))
}

type Tree = Map<string, Tree>

function plant(tree: Tree, path: readonly string[]): void {
  const [first, ...rest] = path
  if (first === undefined) return
  const branch: Tree = tree.get(first) ?? new Map<string, Tree>()
  tree.set(first, branch)
  plant(branch, rest)
}

const lines = (tree: Tree, indent: string): readonly string[] =>
  [...tree].flatMap(([name, branch]) =>
    branch.size === 0
      ? [`${indent}${name}: ${plainOrQuoted(generated(name))} # ${markOf(name)}`]
      : [`${indent}${name}:`, ...lines(branch, `${indent}  `)],
  )

/** A key has several lines. */
const plainOrQuoted = (value: string): string => (value.includes('\n') ? JSON.stringify(value) : value)

/** The names of all values in a decrypted secrets file, nested ones with dots. */
export const secretNames = (text: Secret): readonly string[] =>
  listScalars(text.reveal()).map((spot) => spot.name)

/** Made-up values for the names that the text lacks; the others stay as they are. */
export function addSecrets(text: Secret, names: readonly string[]): Rotated {
  const present = secretNames(text)
  const missing = names.filter(
    (name) => !present.some((each) => each === name || each.startsWith(`${name}.`)),
  )
  const inside = missing.find((name) => present.some((each) => name.startsWith(`${each}.`)))
  if (inside !== undefined) {
    const hint = '`hactl secrets edit`, and make the value above it a map'
    throw new HactlError(
      problem('secrets/no-map', `"secrets.${inside}" lies inside a single value`, { hint }),
    )
  }
  const scalars = missing.map((name) => ({
    path: name.split('.'),
    value: generated(name),
    comment: markOf(name),
  }))
  return { text: new Secret(addScalars(text.reveal(), scalars)), names: missing }
}

export interface Rotated {
  readonly text: Secret
  readonly names: readonly string[]
}

/** New values for the named secrets, or for all that were generated when no name is given. */
export function rotateSecrets(text: Secret, names: readonly string[]): Rotated {
  const rotated: string[] = []
  const changed = replaceScalars(text.reveal(), ({ name, comment }) => {
    const isChosen = names.length > 0 ? names.includes(name) : comment.startsWith(MARK)
    if (!isChosen) return undefined
    rotated.push(name)
    return generated(name)
  })
  return { text: new Secret(changed), names: rotated }
}
